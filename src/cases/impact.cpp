#include "cases/impact.h"

#include <algorithm>
#include <utility>

#include "cases/impact_address.h"
#include "cases/impact_frame.h"
#include "cases/impact_reserved.h"
#include "cases/impact_url.h"
#include "text/host.h"
#include "text/ip.h"
#include "text/utf8.h"

namespace khien::cases {
namespace {

constexpr std::array<FindingKind, finding_kind_count> kinds{
    FindingKind::not_a_name,        FindingKind::ip_address,         FindingKind::public_suffix,
    FindingKind::hosting_suffix,    FindingKind::single_label,       FindingKind::reserved_name,
    FindingKind::own_service,       FindingKind::no_order_category,  FindingKind::never_block,
    FindingKind::never_block_above, FindingKind::never_block_below,  FindingKind::popular,
    FindingKind::popular_below,     FindingKind::on_hosting,         FindingKind::wide_scope,
    FindingKind::leaves_below,      FindingKind::names_below,        FindingKind::narrower_measure,
    FindingKind::not_an_address,    FindingKind::special_address,    FindingKind::prefix_too_wide,
    FindingKind::own_address,       FindingKind::never_block_prefix, FindingKind::whole_address,
    FindingKind::names_at_address,  FindingKind::names_unknown,      FindingKind::shared_hosting,
    FindingKind::not_a_url,         FindingKind::whole_site,         FindingKind::page_too_long,
    FindingKind::page_and_below,    FindingKind::everybodys_path,    FindingKind::short_path,
    FindingKind::ordered_above,     FindingKind::ordered_below,      FindingKind::host_listed,
    FindingKind::pages_unknown,     FindingKind::proxies_only};

constexpr std::array<std::string_view, finding_kind_count> words{
    "not_a_name",       "ip_address",        "public_suffix",      "hosting_suffix",
    "single_label",     "reserved_name",     "own_service",        "no_order_category",
    "never_block",      "never_block_above", "never_block_below",  "popular",
    "popular_below",    "on_hosting",        "wide_scope",         "leaves_below",
    "names_below",      "narrower_measure",  "not_an_address",     "special_address",
    "prefix_too_wide",  "own_address",       "never_block_prefix", "whole_address",
    "names_at_address", "names_unknown",     "shared_hosting",     "not_a_url",
    "whole_site",       "page_too_long",     "page_and_below",     "everybodys_path",
    "short_path",       "ordered_above",     "ordered_below",      "host_listed",
    "pages_unknown",    "proxies_only"};

class Assessment {
 public:
  Assessment(const ImpactData& data, const ImpactInput& input)
      : data_(data), input_(input), impact_(begin_impact(data, input)) {}

  Impact run() {
    if (read_name()) {
      check_reserved();
      check_suffix();
      check_lists();
      check_popularity();
      check_scope();
      check_narrower();
    }
    return conclude(std::move(impact_));
  }

 private:
  void add(Finding finding) { impact_.findings.push_back(std::move(finding)); }
  const std::string& name() const noexcept { return impact_.name; }
  bool covers_below() const noexcept { return input_.scope == Scope::domain; }

  bool read_name() {
    const auto typed = text::trim(input_.name);
    auto inside = typed;
    if (inside.starts_with('[') && inside.ends_with(']')) {
      inside = inside.substr(1, inside.size() - 2);
    }
    // A prefix such as 192.0.2.0/24 is an address too.
    const auto address = text::parse_ip(inside.substr(0, inside.find('/')));
    auto host = text::host_from(typed);
    if (address || (!host && host.error() == text::HostError::ip_address)) {
      add({FindingKind::ip_address, Severity::refuse});
      return false;
    }
    if (!host) {
      add({FindingKind::not_a_name, Severity::refuse});
      return false;
    }
    impact_.name = std::move(*host);
    impact_.registrable_domain = data_.suffixes().registrable_domain(name()).value_or("");
    return true;
  }

  void check_reserved() {
    if (is_reserved_name(name())) add({FindingKind::reserved_name, Severity::refuse});
    // Blocking our own name, or a domain that holds it, would take away the way to object.
    const auto ours = [this](const std::string& own) {
      return name() == own || (covers_below() && text::is_at_or_below(own, name()));
    };
    const auto& own = data_.own_hosts();
    if (text::is_at_or_below(name(), "khien") || std::any_of(own.begin(), own.end(), ours)) {
      add({FindingKind::own_service, Severity::refuse});
    }
  }

  void check_suffix() {
    switch (data_.suffixes().section_of(name())) {
      case text::SuffixSection::icann: add({FindingKind::public_suffix, Severity::refuse}); break;
      case text::SuffixSection::hosting:
        add({FindingKind::hosting_suffix, Severity::refuse});
        break;
      case text::SuffixSection::unlisted: add({FindingKind::single_label, Severity::refuse}); break;
      case text::SuffixSection::none: {
        const auto suffix = data_.suffixes().listed_suffix(name());
        if (data_.suffixes().section_of(suffix) == text::SuffixSection::hosting) {
          add({FindingKind::on_hosting, Severity::caution, {std::string{suffix}}});
        }
        break;
      }
    }
  }

  static Finding from_hit(FindingKind kind, Severity severity, const NameHit& hit) {
    const NameListFacts& list = *hit.list;
    return {kind,
            severity,
            {hit.name},
            0,
            list.title_vi,
            list.title_en,
            list.name + " (" + list.owner + ", " + list.date + ")"};
  }

  // One finding for each list and kind; further names of it become examples.
  void add_hit(FindingKind kind, Severity severity, const NameHit& hit) {
    if (severity == Severity::clear) return;
    Finding finding = from_hit(kind, severity, hit);
    for (auto& known : impact_.findings) {
      if (known.kind != kind || known.source != finding.source) continue;
      if (known.names.size() < impact_examples_max) known.names.push_back(hit.name);
      ++known.count;
      return;
    }
    finding.count = 1;
    add(std::move(finding));
  }

  void check_lists() {
    for (const auto& hit : data_.index().exact(name())) {
      if (hit.list->kind != ListKind::never_block) continue;
      add_hit(FindingKind::never_block, hit.list->severity, hit);
    }
    for (const auto& hit : data_.index().above(name())) {
      if (hit.list->kind != ListKind::never_block) continue;
      add_hit(FindingKind::never_block_above, hit.list->below, hit);
    }
    if (!covers_below()) return;
    for (const auto& hit : data_.index().below(name(), impact_below_scan_max)) {
      if (hit.list->kind != ListKind::never_block) continue;
      add_hit(FindingKind::never_block_below, hit.list->severity, hit);
    }
  }

  static bool is_popular(const NameHit& hit) noexcept {
    return hit.list->kind == ListKind::popularity && hit.rank <= popular_rank_max;
  }

  void take_rank(const NameHit& hit) {
    if (hit.rank == 0) return;
    const std::int64_t rank = hit.rank;
    if (!impact_.rank || rank < *impact_.rank) impact_.rank = rank;
  }

  void check_popularity() {
    auto hits = data_.index().exact(name());
    for (auto& hit : data_.index().above(name())) {
      // A popular name above the registrable domain is a platform, and says nothing of one user.
      if (!impact_.registrable_domain.empty() &&
          text::is_at_or_below(hit.name, impact_.registrable_domain)) {
        hits.push_back(std::move(hit));
      }
    }
    for (const auto& hit : hits) {
      if (hit.list->kind == ListKind::popularity) take_rank(hit);
      if (is_popular(hit)) add_hit(FindingKind::popular, Severity::serious, hit);
    }
    if (!covers_below()) return;
    for (const auto& hit : data_.index().below(name(), impact_below_scan_max)) {
      if (is_popular(hit)) add_hit(FindingKind::popular_below, Severity::serious, hit);
    }
  }

  void check_scope() {
    const bool registrable = name() == impact_.registrable_domain;
    if (covers_below() && registrable) add({FindingKind::wide_scope, Severity::info});
    if (!covers_below() && registrable) add({FindingKind::leaves_below, Severity::info});
    Finding below{FindingKind::names_below, covers_below() ? Severity::caution : Severity::info};
    for (const auto& seen : input_.names_below) {
      if (seen == name() || !text::is_at_or_below(seen, name())) continue;
      ++below.count;
      if (below.names.size() < impact_examples_max) below.names.push_back(seen);
    }
    impact_.names_below = below.count;
    if (below.count > 0) add(std::move(below));
  }

  void check_narrower() {
    const bool shared = impact_.find(FindingKind::on_hosting) != nullptr;
    const bool wide = covers_below() && impact_.names_below > 0;
    const bool popular = impact_.find(FindingKind::popular) != nullptr ||
                         impact_.find(FindingKind::never_block) != nullptr ||
                         impact_.find(FindingKind::never_block_above) != nullptr;
    if (shared || wide || popular) add({FindingKind::narrower_measure, Severity::info});
  }

  const ImpactData& data_;
  const ImpactInput& input_;
  Impact impact_;
};

}  // namespace

std::span<const FindingKind> all_finding_kinds() noexcept { return kinds; }

std::string_view to_string(FindingKind kind) noexcept {
  return words[static_cast<std::size_t>(kind)];
}

const Finding* Impact::find(FindingKind kind) const noexcept {
  const auto at = std::find_if(findings.begin(), findings.end(),
                               [kind](const Finding& finding) { return finding.kind == kind; });
  return at == findings.end() ? nullptr : &*at;
}

Impact assess_impact(const ImpactData& data, const ImpactInput& input) {
  if (is_of_addresses(input.scope)) return assess_address(data, input);
  if (input.scope == Scope::url) return assess_url(data, input);
  return Assessment{data, input}.run();
}

}  // namespace khien::cases
