#include "publish/list_catalogue.h"

#include <algorithm>

namespace khien::publish {
namespace {

std::vector<ListFacts> make_lists() {
  const auto* emergency = find_zone("emergency");
  std::vector<ListFacts> lists;
  // An emergency order lives four hours, and so does the list; readers should look often.
  lists.push_back({.id = emergency->id,
                   .zones = {emergency},
                   .life_ms = std::int64_t{emergency_expire_s} * ms_per_second,
                   .renewed_ms = 30 * ms_per_minute,
                   .update_hours = 1});
  for (const std::string_view basis : {"orders", "feeds"}) {
    const auto whole = lists.size();
    lists.push_back({.id = std::string{basis}, .zones = {}});
    for (const ZoneFacts& zone : all_zones()) {
      const bool of_basis =
          zone.id.starts_with(basis) && zone.id.substr(basis.size()).starts_with('-');
      if (!of_basis || zone.keys_only) continue;
      lists[whole].zones.push_back(&zone);
      lists.push_back({.id = zone.id, .zones = {&zone}});
    }
  }
  return lists;
}

}  // namespace

const std::vector<ListFacts>& all_lists() {
  static const std::vector<ListFacts> lists = make_lists();
  return lists;
}

const ListFacts* find_list(std::string_view id) {
  const auto found = std::ranges::find(all_lists(), id, &ListFacts::id);
  return found == all_lists().end() ? nullptr : &*found;
}

}  // namespace khien::publish
