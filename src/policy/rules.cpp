#include "policy/rules.h"

#include <bit>

namespace khien::policy {

std::shared_ptr<const Rules> Rules::none(Rng& rng) {
  auto rules = std::make_shared<Rules>();
  rules->base = RuleSet::from_table(NameTable{HashKey::random(rng)}, {}, 0);
  return rules;
}

Verdict Rules::find(const NameKey& name, Policy policy) const noexcept {
  const SourceMask wanted = policy.sources & ~expired;
  const TableView& table = base->table();
  Verdict verdict;
  int best = static_cast<int>(source_count);
  const std::size_t labels = name.label_count();
  for (std::size_t i = 0; i + rule_labels_min <= labels; ++i) {
    const Bytes suffix = name.suffix(i);
    const RuleClass* found = delta == nullptr ? nullptr : delta->view().find(name.hash(i), suffix);
    if (found == nullptr) found = table.find(name.hash(i), suffix);
    if (found == nullptr) continue;
    const SourceMask matching = (i == 0 ? found->exact : found->below) & wanted;
    if (matching == 0) continue;
    const int lowest = std::countr_zero(matching);
    if (lowest >= best) continue;  // as precedent and more specific: what was found before
    best = lowest;
    verdict.source = Source{static_cast<std::uint8_t>(lowest)};
    verdict.trigger_at = static_cast<std::uint8_t>(name.suffix_at(i));
    if (verdict.source == source_pass) {
      verdict.action = Action::passthru;
      break;
    }
    verdict.action =
        (found->nodata & mask_of(verdict.source)) != 0 ? Action::nodata : Action::nxdomain;
  }
  return verdict;
}

void Rules::prefetch(const NameKey& name) const noexcept {
  for (std::size_t i = 0; i + rule_labels_min <= name.label_count(); ++i) {
    base->table().prefetch(name.hash(i));
  }
}

void Rules::prefetch_names(const NameKey& name) const noexcept {
  for (std::size_t i = 0; i + rule_labels_min <= name.label_count(); ++i) {
    base->table().prefetch_name(name.hash(i));
  }
}

RuleClass Rules::class_of(const NameKey& name) const noexcept {
  const RuleClass* found = delta == nullptr ? nullptr : delta->find(name);
  if (found == nullptr) found = base->table().find(name.hash(0), name.name());
  return found == nullptr ? RuleClass{} : *found;
}

Result<NameTable> merge(const Rules& rules, const HashKey& key, SourceMask dropped) {
  NameTable table{key};
  const std::size_t base_count = rules.base->name_count();
  table.reserve(base_count + (rules.delta == nullptr ? 0 : rules.delta->size()),
                base_count == 0 ? 20 : rules.base->table().arena().size() / base_count + 1);
  NameKey name;
  Result<void> done{};
  rules.for_each([&](Bytes wire, const RuleClass& rule_class) {
    const RuleClass kept{.exact = rule_class.exact & ~dropped,
                         .below = rule_class.below & ~dropped,
                         .nodata = rule_class.nodata & ~dropped};
    if (kept.empty() || !done) return;
    name.assign(wire, key);
    done = table.set(name, kept);
  });
  if (!done) return tl::unexpected(std::move(done).error());
  return table;
}

}  // namespace khien::policy
