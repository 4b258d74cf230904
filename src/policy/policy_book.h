// All policies of a document, before the time of day is applied: networks, recipes, own lists. From
// it come the NetworkPolicies that workers decide by, whenever an hour begins or an entry ends.
//
//   document ─ read_policies() ─► PolicyBook ─ in_force(now) ─► NetworkPolicies ─► Snapshot
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "policy/network_policy.h"
#include "policy/schedule.h"

namespace khien::policy {

struct PolicyRecipe {
  SourceMask sources = every_source;  // outside the hours of any schedule
  std::vector<Schedule> schedules = {};
  int utc_offset_minutes = 0;
  ListNumber own_list = no_list;
  ListNumber shared_list = no_list;
  BlockedAs blocked_as = BlockedAs::configured;
  SafeSearch safe_search = 0;
  std::uint32_t policy = 0;  // which name of the book's
};

struct PolicyBook {
  std::shared_ptr<const NetworkMap> map;   // never null
  std::shared_ptr<const NameLists> lists;  // never null
  std::vector<PolicyRecipe> recipes;       // never empty; the first is for who is in no network
  /// Of the document's policies. The first one is empty: nobody named it.
  std::vector<std::string> policy_names = {""};
  std::vector<InstantMs> ends = {};         // of own entries, in order
  std::vector<std::string> listeners = {};  // that networks are known by: "192.0.2.1:53"
  std::size_t network_count = 0;
  std::size_t prefix_count = 0;
};

/// The policies at `now_ms`, or `before` if they are what it holds; `before` is null or came from
/// this book. `rows` gives each of its policy names the row to count it in; empty: none is counted
/// apart. Linear in the recipes: call it when a minute begins.
[[nodiscard]] std::shared_ptr<const NetworkPolicies> in_force(
    const PolicyBook& book, InstantMs now_ms, std::shared_ptr<const NetworkPolicies> before,
    std::span<const std::uint32_t> rows = {});

}  // namespace khien::policy
