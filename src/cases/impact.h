// The impact check: what a block of a name with a scope would cost, before anybody signs. A pure
// function of the name and of data loaded once; its result is stored with the order and shown to
// both signers. The rules here are code, not configuration: no setting makes com.vn orderable.
// It knows names, addresses and web addresses only, and never asks DNS: what a listed name resolves
// to is its owner's to choose, and must not choose what is blocked. What is served there is for
// people and evidence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "base/clock.h"
#include "base/result.h"
#include "cases/name_index.h"
#include "cases/scope.h"
#include "text/ip_prefix.h"
#include "text/suffix_list.h"

namespace khien::cases {

constexpr std::size_t impact_examples_max = 3;      // names shown of many
constexpr std::size_t impact_below_scan_max = 256;  // listed names below that are looked at
constexpr std::uint32_t popular_rank_max = 10'000;  // ranked lists: more popular than this counts

/// Closed. The words (to_string) are the rule words of the API and the reasons of a refusal.
enum class FindingKind : std::uint8_t {
  not_a_name,         ///< neither host nor address
  ip_address,         ///< addresses are shared; orders name hosts
  public_suffix,      ///< a registry's suffix: everybody's names lie below it
  hosting_suffix,     ///< a platform under which users have their sites
  single_label,       ///< a bare top-level name
  reserved_name,      ///< RFC 6761 and others: no Internet name
  own_service,        ///< a name that Khiên itself is reached by
  no_order_category,  ///< a network choice: there is never an order
  never_block,        ///< listed itself
  never_block_above,  ///< lies below a listed name
  never_block_below,  ///< would also block listed names below it
  popular,            ///< of the most popular names, or below one of the same registrant
  popular_below,      ///< would also block popular names below it
  on_hosting,         ///< one user's site on a shared platform
  wide_scope,         ///< scope domain on a registrable domain
  leaves_below,       ///< scope host on a registrable domain: www. and others stay reachable
  names_below,        ///< names below it were seen
  narrower_measure,   ///< there is a narrower measure to try or to rule out
  // Of addresses and prefixes (impact_address.cpp):
  not_an_address,      ///< neither an address nor a prefix, or bits are set behind its length
  special_address,     ///< private, loopback, multicast, reserved: no address of the Internet
  prefix_too_wide,     ///< shorter than order_length_min_v4 or _v6
  own_address,         ///< of Khiên, of a resolver that follows it, of a provider that enforces
  never_block_prefix,  ///< of resolvers, CDN, cloud or mail: of everybody's use
  whole_address,       ///< whatever is reached there is blocked
  names_at_address,    ///< names that are known to be reached there
  names_unknown,       ///< nobody knows how many: nothing in our records, and no count was given
  shared_hosting,      ///< names of several owners: one machine for many
  // Of web addresses (impact_url.cpp):
  not_a_url,        ///< no web address
  whole_site,       ///< no path: the name is to be ordered
  page_too_long,    ///< no list can hold it: a path above it is to be ordered
  page_and_below,   ///< the page, whatever the query, and all below it
  everybodys_path,  ///< a path that all users of a site share: what matters there is the query
  short_path,       ///< as short as a path gets, on a site of many users
  ordered_above,    ///< orders in force that cover it already
  ordered_below,    ///< orders in force on pages below it
  host_listed,      ///< lists in force that block its host
  pages_unknown,    ///< nobody can count the pages below it
  proxies_only,     ///< no resolver can enforce it
};

constexpr std::size_t finding_kind_count = static_cast<std::size_t>(FindingKind::proxies_only) + 1;

/// In the order of the enum.
[[nodiscard]] std::span<const FindingKind> all_finding_kinds() noexcept;
[[nodiscard]] std::string_view to_string(FindingKind kind) noexcept;

struct Finding {
  FindingKind kind;
  Severity severity;
  std::vector<std::string> names = {};  ///< what was hit, at most impact_examples_max
  std::int64_t count = 0;               ///< of names below, or rank; 0 where it says nothing
  std::string title_vi = {};            ///< of the list that was hit
  std::string title_en = {};
  std::string source = {};  ///< list, owner and date the finding rests on
};

/// Shorter prefixes are refused: 256 addresses, which is what is routed apart in IPv4, and one
/// site's share in IPv6 (RFC 6177).
constexpr int order_length_min_v4 = 24;
constexpr int order_length_min_v6 = 48;
/// Known names at the address or in the prefix. A swindler's own machine has a handful; the two
/// addresses of Australia's 2013 mistake had 1,090 and about 250,000.
constexpr std::int64_t address_names_serious = 5;
constexpr std::int64_t address_names_max = 50;  // more are refused: order the names
constexpr std::size_t own_addresses_max = 4'096;

/// An address that no order may hit, and whose it is.
struct OwnAddress {
  std::string prefix;  ///< as text; what is none is passed over
  std::string what;    ///< "resolver of demo-isp"
};

/// What is known of an address besides the shipped lists.
struct AddressFacts {
  std::vector<std::string> names = {};          ///< hosts that our records hold together with it
  std::optional<std::int64_t> names_told = {};  ///< a count of passive DNS, as an officer gave it
  std::string told_source = {};                 ///< from where, and of which day
  std::vector<OwnAddress> own = {};             ///< the first own_addresses_max count
};

/// What is known around a web address besides the shipped lists.
struct UrlFacts {
  std::vector<std::string> orders_above =
      {};  ///< in force, that cover it: "NB-26-L7-3 (a.example)"
  std::vector<std::string> orders_below = {};  ///< in force, on pages below it
  std::vector<std::string> lists = {};         ///< names of lists that block its host
};
constexpr int url_orders_told_max = 20;  // of each name around it

struct ImpactInput {
  std::string name;  ///< as typed; is normalised
  Scope scope = Scope::host;
  std::optional<Category> category = {};
  std::vector<std::string> names_below = {};  ///< known from reports and resolvers
  /// Of scopes address and prefix; `own` also of a web address on an IP address.
  AddressFacts address = {};
  UrlFacts url = {};  ///< of scope url
};

struct Impact {
  std::string name;  ///< normalised, or as typed where it is no name
  Scope scope = Scope::host;
  std::string registrable_domain;  ///< empty where there is none
  Severity verdict = Severity::clear;
  std::vector<Finding> findings;  ///< worst first
  std::optional<std::int64_t> rank;
  std::int64_t names_below = 0;
  std::optional<std::int64_t> names_at;  ///< known at an address or in a prefix
  std::string data_version;              ///< hex SHA-256 over the loaded files

  [[nodiscard]] const Finding* find(FindingKind kind) const noexcept;
};

/// A never-block list of prefixes, to be compared with.
struct PrefixList {
  NameListFacts facts;
  std::vector<text::IpPrefix> prefixes;
};

class ImpactData {
 public:
  /// `folders`: the shipped data/ first, which must have psl/ and never-block/; then the operator's
  /// own, whose never-block/, never-block-prefixes/ and popularity/ files are added. `own_hosts`:
  /// normalised names that Khiên is reached by. Fails whole if any file is bad. About 60 ms for the
  /// shipped data.
  [[nodiscard]] static Result<ImpactData> load(std::span<const std::filesystem::path> folders,
                                               std::vector<std::string> own_hosts);

  [[nodiscard]] const text::PublicSuffixList& suffixes() const noexcept { return suffixes_; }
  [[nodiscard]] const NameIndex& index() const noexcept { return index_; }
  /// The lists of prefixes, in the order of their files.
  [[nodiscard]] const std::vector<PrefixList>& prefixes() const noexcept { return prefixes_; }
  [[nodiscard]] const std::vector<std::string>& own_hosts() const noexcept { return own_hosts_; }
  [[nodiscard]] const std::string& version() const noexcept { return version_; }

 private:
  ImpactData(text::PublicSuffixList suffixes, NameIndex index, std::vector<PrefixList> prefixes,
             std::vector<std::string> own_hosts, std::string version);
  text::PublicSuffixList suffixes_;
  NameIndex index_;
  std::vector<PrefixList> prefixes_;
  std::vector<std::string> own_hosts_;
  std::string version_;
};

/// Goal 1 ms. Thread-safe.
[[nodiscard]] Impact assess_impact(const ImpactData& data, const ImpactInput& input);

}  // namespace khien::cases
