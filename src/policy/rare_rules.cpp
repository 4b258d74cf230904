#include "policy/rare_rules.h"

#include <bit>

namespace khien::policy {
namespace {

using dns::RpzTriggerKind;

constexpr unsigned specificity_exact = 255;

/// The order of triggers inside a zone.
unsigned kind_rank(RpzTriggerKind kind) noexcept {
  switch (kind) {
    case RpzTriggerKind::client_ip: return 0;
    case RpzTriggerKind::qname: return 1;
    case RpzTriggerKind::ip: return 2;
    case RpzTriggerKind::nsdname: return 3;
    case RpzTriggerKind::nsip: return 4;
  }
  return 0;
}

}  // namespace

RareRules::RareRules(std::shared_ptr<const ThirdParty> zones, RareZones rules)
    : zones_(std::move(zones)), rules_(std::move(rules)) {
  for (std::size_t i = 0; i < zones_->size(); ++i) {
    if (rules_[i] == nullptr) continue;
    const SourceMask bit = mask_of(ThirdParty::source_at(i));
    if (rules_[i]->has(RpzTriggerKind::client_ip)) client_ip_ |= bit;
    if (rules_[i]->has(RpzTriggerKind::ip)) ip_ |= bit;
    if (rules_[i]->has(RpzTriggerKind::nsdname)) nsdname_ |= bit;
    if (rules_[i]->has(RpzTriggerKind::nsip)) nsip_ |= bit;
  }
}

Verdict RareRules::make(Source source, Action action, std::uint16_t rule) const noexcept {
  Verdict verdict{
      .action = action, .source = source, .stands_for = zones_->stands_for(source), .rule = rule};
  switch (zones_->zone_of(source).override_action) {
    case Override::given:
    case Override::disabled: break;  // asked for only to be counted
    case Override::passthru: verdict.action = Action::passthru; break;
    case Override::nodata: verdict.action = Action::nodata; break;
    case Override::nxdomain: verdict.action = Action::nxdomain; break;
    case Override::drop: verdict.action = Action::drop; break;
    case Override::tcp_only: verdict.action = Action::tcp_only; break;
    case Override::cname:
      verdict.action = Action::local_data;
      verdict.rule = redirect_rule;
      break;
  }
  return verdict;
}

Verdict RareRules::of_name(Source source, Action plain, bool below, Bytes suffix) const noexcept {
  if (plain != Action::none) return make(source, plain, 0);
  const RareZone* zone = this->zone(source);
  const auto rule =
      zone == nullptr ? std::nullopt : zone->find(RpzTriggerKind::qname, below, suffix);
  // Table and zone are published together. Should a table ever know more, its name stays blocked.
  if (!rule) return make(source, Action::nxdomain, 0);
  return make(source, zone->rule(*rule).action, *rule);
}

void RareRules::offer(Source source, RpzTriggerKind kind, std::uint16_t rule, unsigned specificity,
                      RareMatch& best) const noexcept {
  const std::uint32_t rank = (std::uint32_t{source.index} << 16) | (kind_rank(kind) << 8) |
                             (specificity_exact - specificity);
  if (rank >= best.rank) return;
  best.rank = rank;
  best.verdict = make(source, zone(source)->rule(rule).action, rule);
}

void RareRules::match_address(RpzTriggerKind kind, Bytes address, SourceMask sources,
                              RareMatch& best) const noexcept {
  const SourceMask having = kind == RpzTriggerKind::client_ip ? client_ip_
                            : kind == RpzTriggerKind::ip      ? ip_
                                                              : nsip_;
  for (SourceMask rest = sources & having; rest != 0; rest &= rest - 1) {
    const Source source{static_cast<std::uint8_t>(std::countr_zero(rest))};
    const RareZone& rules = *zone(source);
    if (const auto rule = rules.find_address(kind, address)) {
      offer(source, kind, *rule, rules.prefix_length(*rule), best);
      return;  // no later zone comes before this one
    }
  }
}

void RareRules::match_server(Bytes name, SourceMask sources, RareMatch& best) const noexcept {
  for (SourceMask rest = sources & nsdname_; rest != 0; rest &= rest - 1) {
    const Source source{static_cast<std::uint8_t>(std::countr_zero(rest))};
    const RareZone& rules = *zone(source);
    if (const auto rule = rules.find(RpzTriggerKind::nsdname, false, name)) {
      offer(source, RpzTriggerKind::nsdname, *rule, specificity_exact, best);
      return;
    }
    for (Bytes suffix = name; suffix.size() > 1;) {
      suffix = suffix.subspan(1 + std::size_t{suffix[0]});
      const auto rule = rules.find(RpzTriggerKind::nsdname, true, suffix);
      // A name that is there ends what wildcards above it cover.
      if (!rule && rules.find(RpzTriggerKind::nsdname, false, suffix)) break;
      if (!rule) continue;
      offer(source, RpzTriggerKind::nsdname, *rule, static_cast<unsigned>(suffix.size()) - 1, best);
      return;
    }
  }
}

std::size_t RareRules::memory_size() const noexcept {
  std::size_t size = sizeof *this;
  for (const auto& zone : rules_) size += zone == nullptr ? 0 : zone->memory_size();
  return size;
}

}  // namespace khien::policy
