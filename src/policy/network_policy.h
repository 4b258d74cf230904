// Which policy a client has, and what a policy decides. Thousands of networks look at one list of
// names: what differs between them is a mask of sources, so that a query costs one look-up of the
// address and one AND more than without networks.
//
//   client's address, entry point ─► NetworkMap ─► number ─► NetworkPolicy ─► rules.find(mask)
//                                                                          └► own lists, if any
//
// Everything is immutable once published (Snapshot<NetworkPolicies>); any thread may read it. What
// depends on the time of day was evaluated when it was published: nothing here reads a clock.
#pragma once

#include <memory>
#include <vector>

#include "policy/entry_point.h"
#include "policy/name_lists.h"
#include "policy/prefix_table.h"
#include "policy/rules.h"
#include "policy/safe_search.h"

namespace khien::policy {

/// How a network wants blocked names to be answered.
enum class BlockedAs : std::uint8_t {
  configured,  ///< as the rule says, or the sinkhole where khien-dnsd has one
  nxdomain,
  nodata,
  sinkhole,
  refused,
};

/// What no network can switch off: names that must resolve, and what the law orders.
[[nodiscard]] SourceMask lawful_sources() noexcept;

/// What is in force for some networks now.
struct NetworkPolicy {
  Policy policy = {};
  /// Equal for policies that decide the same on every name; never 0.
  std::uint32_t decision = 1;
  ListNumber own_list = no_list;
  ListNumber shared_list = no_list;
  BlockedAs blocked_as = BlockedAs::configured;
  SafeSearch safe_search = 0;
  /// Where whoever counts by policy counts this one; 0: with everybody who has none of a document.
  std::uint32_t row = 0;

  [[nodiscard]] bool has_lists() const noexcept { return (own_list | shared_list) != no_list; }
  friend bool operator==(const NetworkPolicy&, const NetworkPolicy&) = default;
};

/// What the policy says of one name.
struct Decision {
  Verdict verdict = {};
  /// The network allows the name itself: what it points at meets the lawful sources alone.
  bool excepted = false;
  /// The verdict is a third party's, and an earlier zone may decide otherwise once the upstream's
  /// answer is there.
  bool waits = false;
};

/// Who is in which network. The policy's number comes from, in this order: the DoT server name or
/// DoH path that the client chose, the longest prefix that holds its address, the listener that it
/// came in by; 0 if none of them is in a network.
class NetworkMap {
 public:
  struct Entry {
    EntryPoint point = no_entry_point;
    std::uint32_t policy = 0;
    bool is_listener = false;  // prefixes go before it
  };

  NetworkMap() = default;
  /// conflict if an entry point comes twice.
  [[nodiscard]] static Result<NetworkMap> build(PrefixTable prefixes,
                                                const std::vector<Entry>& entries);

  [[nodiscard]] std::uint32_t find(AddressKey source, EntryPoint point) const noexcept {
    std::uint32_t otherwise = 0;
    if (!entries_.empty()) {
      const Entry& entry = entries_[slot_of(point)];
      if (entry.point != no_entry_point && !entry.is_listener) return entry.policy;
      otherwise = entry.policy;
    }
    const std::uint32_t value = prefixes_.find(source);
    return value != PrefixTable::none ? value : otherwise;
  }
  /// Whether a network is known by this entry point.
  [[nodiscard]] bool knows(EntryPoint point) const noexcept {
    return !entries_.empty() && point != no_entry_point && entries_[slot_of(point)].point == point;
  }

 private:
  /// Where `point` stands, or the free slot where it would; its policy is 0.
  [[nodiscard]] std::size_t slot_of(EntryPoint point) const noexcept {
    std::size_t at = point & (entries_.size() - 1);
    while (entries_[at].point != point && entries_[at].point != no_entry_point) {
      at = (at + 1) & (entries_.size() - 1);
    }
    return at;
  }
  PrefixTable prefixes_;
  std::vector<Entry> entries_;  // a power of two, at least half of it free
};

class NetworkPolicies {
 public:
  /// One policy for everybody.
  [[nodiscard]] static std::shared_ptr<const NetworkPolicies> one(Policy policy);
  /// `policies[0]` is for whoever is in no network; `map` gives numbers below policies.size().
  /// Entries of `lists` (null: none) that end later than `as_of_ms` count.
  NetworkPolicies(std::shared_ptr<const NetworkMap> map, std::vector<NetworkPolicy> policies,
                  std::shared_ptr<const NameLists> lists = nullptr, InstantMs as_of_ms = 0);

  [[nodiscard]] const NetworkPolicy& of(AddressKey source, EntryPoint point) const noexcept {
    return policies_[map_->find(source, point)];
  }
  [[nodiscard]] bool knows(EntryPoint point) const noexcept { return map_->knows(point); }
  /// `name` must have been made with the rules' key.
  [[nodiscard]] Decision decide(const NetworkPolicy& network, const Rules& rules,
                                const NameKey& name) const noexcept {
    const Verdict verdict = rules.find(name, network.policy);
    return network.has_lists() ? with_lists(network, rules, name, verdict)
                               : Decision{.verdict = verdict};
  }
  [[nodiscard]] const std::vector<NetworkPolicy>& all() const noexcept { return policies_; }
  [[nodiscard]] InstantMs as_of_ms() const noexcept { return as_of_ms_; }

 private:
  [[nodiscard]] Decision with_lists(const NetworkPolicy& network, const Rules& rules,
                                    const NameKey& name, Verdict verdict) const noexcept;

  std::shared_ptr<const NetworkMap> map_;   // never null
  std::vector<NetworkPolicy> policies_;     // never empty
  std::shared_ptr<const NameLists> lists_;  // null: no policy has one
  InstantMs as_of_ms_ = 0;
};

}  // namespace khien::policy
