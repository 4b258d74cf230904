// What the zones of third parties want beyond plain blocks (rare_zone.h), all of them together with
// the operator's settings (third_party.h), and which of several matches decides:
//
//   the first zone with any match; in a zone CLIENT-IP, then QNAME (exact before wildcard, the
//   longest), IP (the longest prefix), NSDNAME, NSIP
//
// Immutable; hangs in Rules beside the delta. null where no third party's zone is configured, so
// that everybody else pays one test. Lookups neither lock nor allocate.
#pragma once

#include <array>
#include <memory>

#include "policy/rare_zone.h"
#include "policy/rule_class.h"
#include "policy/third_party.h"

namespace khien::policy {

struct Verdict {
  Action action = Action::none;
  Source source = {};           ///< who decided; meaningless for none
  Source stands_for = {};       ///< the source of khiend's whose category and EDE the answer has
  std::uint8_t trigger_at = 0;  ///< where in the name the matching rule's name begins
  std::uint16_t rule = 0;       ///< of a third party's: which one, for the local data
  [[nodiscard]] bool blocks() const noexcept {
    return action == Action::nxdomain || action == Action::nodata;
  }
  /// True if the answer is another than the upstream's.
  [[nodiscard]] bool acts() const noexcept { return action > Action::passthru; }
};

/// The rules of each third party's zone, by slot; null: none of these.
using RareZones = std::array<std::shared_ptr<const RareZone>, third_party_max>;

/// All of them for a file (docs/formats/snapshot.md); a multiple of 8 octets.
[[nodiscard]] Octets write_rare_zones(const RareZones& zones);
/// nullopt if anything does not hold exactly.
[[nodiscard]] std::optional<RareZones> read_rare_zones(Bytes section);

/// To which slot each slot of an older set of rules goes, for all 64 sources; source_gone: to none.
using SourceMap = std::array<std::uint8_t, source_max>;
constexpr std::uint8_t source_gone = 0xFF;
[[nodiscard]] bool changes_nothing(const SourceMap& map) noexcept;
[[nodiscard]] RuleClass moved(const RuleClass& rule_class, const SourceMap& map) noexcept;
[[nodiscard]] RareZones moved(const RareZones& zones, const SourceMap& map);

/// The best of the matches that were shown to it.
struct RareMatch {
  Verdict verdict = {};
  std::uint32_t rank = ~std::uint32_t{0};  // smaller comes first
};

struct LocalRecord {
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Bytes rdata = {};
};

class RareRules {
 public:
  RareRules(std::shared_ptr<const ThirdParty> zones, RareZones rules);

  [[nodiscard]] const ThirdParty& zones() const noexcept { return *zones_; }
  [[nodiscard]] const std::shared_ptr<const ThirdParty>& shared_zones() const noexcept {
    return zones_;
  }
  [[nodiscard]] const RareZones& rules() const noexcept { return rules_; }
  /// Null: the zone has none.
  [[nodiscard]] const RareZone* zone(Source source) const noexcept {
    return rules_[source.index - source_count].get();
  }
  [[nodiscard]] SourceMask client_ip() const noexcept { return client_ip_; }
  /// Sources that may want to see the upstream's answer: IP, NSDNAME, NSIP.
  [[nodiscard]] SourceMask late() const noexcept { return ip_ | nsdname_ | nsip_; }
  [[nodiscard]] SourceMask nsdname() const noexcept { return nsdname_; }
  [[nodiscard]] SourceMask nsip() const noexcept { return nsip_; }

  /// What a third party's QNAME match means: `plain` is what the name table says, none where
  /// `suffix` has to be looked up here.
  [[nodiscard]] Verdict of_name(Source source, Action plain, bool below,
                                Bytes suffix) const noexcept;
  /// Shows an address (4 or 16 octets) of `kind` to the zones in `sources`.
  void match_address(dns::RpzTriggerKind kind, Bytes address, SourceMask sources,
                     RareMatch& best) const noexcept;
  /// Shows the name of a name server, folded.
  void match_server(Bytes name, SourceMask sources, RareMatch& best) const noexcept;

  /// Calls visit(LocalRecord) for the records that a verdict of Action::local_data gives.
  template <typename Visit>
  void for_each_local(const Verdict& verdict, Visit&& visit) const {
    if (verdict.rule == redirect_rule) {
      visit(LocalRecord{.type = dns::type_cname,
                        .ttl = redirect_ttl_s,
                        .rdata = zones_->zone_of(verdict.source).redirect.wire()});
      return;
    }
    const RareZone& zone = *this->zone(verdict.source);
    for (const RareZone::Record& record : zone.records(zone.rule(verdict.rule))) {
      visit(LocalRecord{.type = record.type, .ttl = record.ttl, .rdata = zone.rdata_of(record)});
    }
  }
  [[nodiscard]] std::size_t memory_size() const noexcept;

 private:
  static constexpr std::uint16_t redirect_rule = 0xFFFF;  // the operator's own, no rule of the zone
  static constexpr std::uint32_t redirect_ttl_s = 30;     // as short as a block
  [[nodiscard]] Verdict make(Source source, Action action, std::uint16_t rule) const noexcept;
  void offer(Source source, dns::RpzTriggerKind kind, std::uint16_t rule, unsigned specificity,
             RareMatch& best) const noexcept;

  std::shared_ptr<const ThirdParty> zones_;
  RareZones rules_;
  SourceMask client_ip_ = 0;
  SourceMask ip_ = 0;
  SourceMask nsdname_ = 0;
  SourceMask nsip_ = 0;
};
static_assert(rare_rules_max <= 0xFFFF);

}  // namespace khien::policy
