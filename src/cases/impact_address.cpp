#include "cases/impact_address.h"

#include <algorithm>
#include <set>

#include "cases/impact_frame.h"
#include "cases/impact_reserved.h"

namespace khien::cases {
namespace {

// Not addresses of the Internet that a block could mean: IANA's registries of special-purpose
// addresses (RFC 6890 and its updates) and multicast. In IPv6, besides, all that lies outside
// 2000::/3. The documentation's prefixes stay orderable, as the name `example` does: training,
// demos and our tests live there.
constexpr std::array<std::string_view, 17> special_space{
    "0.0.0.0/8",      "10.0.0.0/8",       "100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
    "172.16.0.0/12",  "192.0.0.0/24",     "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
    "192.168.0.0/16", "192.175.48.0/24",  "198.18.0.0/15",   "224.0.0.0/3",     "2001::/23",
    "2002::/16",      "2620:4f:8000::/48"};
constexpr std::string_view global_unicast = "2000::/3";

const std::vector<text::IpPrefix>& special_prefixes() {
  static const auto all = [] {
    std::vector<text::IpPrefix> out;
    for (const auto text : special_space) out.push_back(text::parse_prefix(text).value());
    return out;
  }();
  return all;
}

class AddressAssessment {
 public:
  AddressAssessment(const ImpactData& data, const ImpactInput& input)
      : data_(data), input_(input), impact_(begin_impact(data, input)) {}

  Impact run() {
    if (read()) {
      check_space();
      check_own();
      check_lists();
      add({FindingKind::whole_address, Severity::serious});
      check_names();
      add({FindingKind::narrower_measure, Severity::info});
    }
    return conclude(std::move(impact_));
  }

 private:
  void add(Finding finding) { impact_.findings.push_back(std::move(finding)); }

  bool read() {
    const auto prefix = text::parse_prefix(impact_.name);
    if (!prefix || prefix->is_address() != (input_.scope == Scope::address)) {
      add({FindingKind::not_an_address, Severity::refuse});
      return false;
    }
    wanted_ = *prefix;
    impact_.name = text::to_string(*prefix);
    return true;
  }

  void check_space() {
    if (is_special_space(wanted_)) add({FindingKind::special_address, Severity::refuse});
    const int length_min = wanted_.base.is_v6 ? order_length_min_v6 : order_length_min_v4;
    if (wanted_.length < length_min) {
      add({FindingKind::prefix_too_wide, Severity::refuse, {}, length_min});
    }
  }

  void check_own() {
    auto hit = own_addresses_hit(input_.address.own, wanted_);
    if (hit.count > 0) add(std::move(hit));
  }

  void check_lists() {
    for (const auto& list : data_.prefixes()) {
      Finding hit{FindingKind::never_block_prefix,
                  list.facts.severity,
                  {},
                  0,
                  list.facts.title_vi,
                  list.facts.title_en,
                  list.facts.name + " (" + list.facts.owner + ", " + list.facts.date + ")"};
      for (const auto& prefix : list.prefixes) {
        if (!text::overlap(prefix, wanted_)) continue;
        if (hit.names.size() < impact_examples_max) hit.names.push_back(text::to_string(prefix));
        ++hit.count;
      }
      if (hit.count > 0) add(std::move(hit));
    }
  }

  // What records know and what an officer was told are two counts of the same: the larger holds.
  void check_names() {
    const auto& known = input_.address;
    const auto told = std::max<std::int64_t>(known.names_told.value_or(0), 0);
    const auto count = std::max(static_cast<std::int64_t>(known.names.size()), told);
    if (known.names.empty() && !known.names_told) {
      add({FindingKind::names_unknown, Severity::serious});
      return;
    }
    impact_.names_at = count;
    const auto severity = count > address_names_max        ? Severity::refuse
                          : count >= address_names_serious ? Severity::serious
                                                           : Severity::info;
    Finding found{FindingKind::names_at_address, severity, {}, count};
    std::set<std::string> owners;
    for (const auto& name : known.names) {
      if (found.names.size() < impact_examples_max) found.names.push_back(name);
      owners.insert(data_.suffixes().registrable_domain(name).value_or(name));
    }
    if (known.names_told) found.source = known.told_source;
    add(std::move(found));
    if (owners.size() < 2) return;
    Finding shared{FindingKind::shared_hosting,
                   Severity::serious,
                   {},
                   static_cast<std::int64_t>(owners.size())};
    for (const auto& owner : owners) {
      if (shared.names.size() < impact_examples_max) shared.names.push_back(owner);
    }
    add(std::move(shared));
  }

  const ImpactData& data_;
  const ImpactInput& input_;
  Impact impact_;
  text::IpPrefix wanted_;
};

}  // namespace

bool is_special_space(const text::IpPrefix& wanted) {
  static const auto global = text::parse_prefix(global_unicast).value();
  if (wanted.base.is_v6 && !text::overlap(global, wanted)) return true;
  return std::ranges::any_of(special_prefixes(), [&](const text::IpPrefix& special) {
    return text::overlap(special, wanted);
  });
}

Finding own_addresses_hit(const std::vector<OwnAddress>& own, const text::IpPrefix& wanted) {
  Finding hit{FindingKind::own_address, Severity::refuse};
  for (std::size_t i = 0; i < std::min(own.size(), own_addresses_max); ++i) {
    const auto prefix = text::parse_prefix(own[i].prefix);
    if (!prefix || !text::overlap(*prefix, wanted)) continue;
    if (hit.names.size() < impact_examples_max) {
      hit.names.push_back(own[i].prefix + " (" + own[i].what + ")");
    }
    ++hit.count;
  }
  return hit;
}

Impact assess_address(const ImpactData& data, const ImpactInput& input) {
  return AddressAssessment{data, input}.run();
}

}  // namespace khien::cases
