#include "policy/rules.h"

#include <bit>

namespace khien::policy {

std::shared_ptr<const Rules> Rules::none(Rng& rng) {
  auto rules = std::make_shared<Rules>();
  rules->base = RuleSet::from_table(NameTable{HashKey::random(rng)}, {}, 0);
  return rules;
}

Verdict Rules::find_among(const NameKey& name, SourceMask sources) const noexcept {
  Verdict verdict;
  const std::size_t labels = name.label_count();
  if (labels < rule_labels_min) return verdict;
  const std::size_t shard = shard_of(name);
  const TableView& table = base->table(shard);
  const NameTable* delta = deltas.data()[shard].get();
  int best = static_cast<int>(source_max);
  SourceMask closed = 0;  // third parties whose wildcards above do not reach down here
  for (std::size_t i = 0; i + rule_labels_min <= labels; ++i) {
    const Bytes suffix = name.suffix(i);
    const RuleClass* found = delta == nullptr ? nullptr : delta->view().find(name.hash(i), suffix);
    if (found == nullptr) found = table.find(name.hash(i), suffix);
    if (found == nullptr) continue;
    const SourceMask matching = (i == 0 ? found->exact : found->below) & sources & ~closed;
    // As in any zone (RFC 4592 section 3.3.1): a name that is there ends what a wildcard above it
    // covers. khiend's "domain" means all below, whatever else is listed.
    closed |= found->exact & ~every_source;
    if (matching == 0) continue;
    const int lowest = std::countr_zero(matching);
    if (lowest >= best) continue;  // as precedent and more specific: what was found before
    best = lowest;
    const Source source{static_cast<std::uint8_t>(lowest)};
    const SourceMask bit = mask_of(source);
    const SourceMask nodata = i == 0 ? found->nodata : found->nodata_below;
    Action action = (nodata & bit) != 0 ? Action::nodata : Action::nxdomain;
    if (is_third_party(source)) {
      if (((i == 0 ? found->rare : found->rare_below) & bit) != 0) action = Action::none;
      verdict = rare->of_name(source, action, i != 0, suffix);
    } else {
      if (source == source_pass) action = Action::passthru;
      verdict = {.action = action, .source = source, .stands_for = source};
    }
    verdict.trigger_at = static_cast<std::uint8_t>(name.suffix_at(i));
    if (source == source_pass) break;
  }
  return verdict;
}

void Rules::prefetch(const NameKey& name) const noexcept {
  const std::size_t labels = name.label_count();
  if (labels < rule_labels_min) return;
  const TableView& table = base->table(name);
  for (std::size_t i = 0; i + rule_labels_min <= labels; ++i) table.prefetch(name.hash(i));
}

bool Rules::prefetch_names(const NameKey& name) const noexcept {
  const std::size_t labels = name.label_count();
  if (labels < rule_labels_min) return false;
  const TableView& table = base->table(name);
  bool any = false;
  for (std::size_t i = 0; i + rule_labels_min <= labels; ++i) {
    any |= table.prefetch_name(name.hash(i));
  }
  return any;
}

RuleClass Rules::class_of(const NameKey& name) const noexcept {
  if (name.label_count() < rule_labels_min) return {};
  const std::size_t shard = shard_of(name);
  const NameTable* delta = deltas[shard].get();
  const RuleClass* found = delta == nullptr ? nullptr : delta->find(name);
  if (found == nullptr) found = base->table(shard).find(name.hash(0), name.name());
  return found == nullptr ? RuleClass{} : *found;
}

std::shared_ptr<Rules> Rules::with_shard(std::size_t index, std::shared_ptr<const RuleShard> shard,
                                         std::shared_ptr<const NameTable> delta) const {
  auto next = std::make_shared<Rules>(*this);
  if (shard != base->shards()[index]) next->base = base->with_shard(index, std::move(shard));
  next->deltas[index] = std::move(delta);
  return next;
}

}  // namespace khien::policy
