#include "publish/list_catalogue.h"

#include <algorithm>
#include <array>

namespace khien::publish {
namespace {

using exchange::ListOutput;

constexpr std::array name_outputs{ListOutput::domains, ListOutput::hosts, ListOutput::adblock,
                                  ListOutput::csv, ListOutput::json};
constexpr std::array address_outputs{ListOutput::prefixes, ListOutput::csv, ListOutput::json};
constexpr std::array url_outputs{ListOutput::urls, ListOutput::csv, ListOutput::json};

/// An address gets a new owner sooner than a name, who then is blocked for nothing: its lists live
/// a day, and readers look each hour.
ListFacts list_of(std::string_view basis) {
  ListFacts list{.id = std::string{basis}, .zones = {}};
  list.of_feeds = basis == "feeds";
  if (basis == "urls") list.of = SetOf::urls;
  if (basis != "addresses") return list;
  list.of = SetOf::addresses;
  list.life_ms = ms_per_day;
  list.renewed_ms = ms_per_hour;
  list.update_hours = 1;
  return list;
}

/// An emergency order lives four hours, and so does its list; readers should look often.
ListFacts list_of_emergency(const ZoneFacts& set) {
  return {.id = set.id,
          .zones = {&set},
          .life_ms = std::int64_t{emergency_expire_s} * ms_per_second,
          .renewed_ms = 30 * ms_per_minute,
          .update_hours = 1,
          .of = set.of};
}

std::vector<ListFacts> make_lists() {
  const auto* url_emergency = find_set("urls-emergency");
  std::vector<ListFacts> lists;
  lists.push_back(list_of_emergency(*find_zone("emergency")));
  lists.push_back(list_of_emergency(*url_emergency));
  for (const std::string_view basis : {"orders", "feeds", "addresses", "urls"}) {
    const auto whole = lists.size();
    lists.push_back(list_of(basis));
    for (const ZoneFacts& zone : all_sets()) {
      const bool of_basis =
          zone.id.starts_with(basis) && zone.id.substr(basis.size()).starts_with('-');
      if (!of_basis || zone.keys_only || &zone == url_emergency) continue;
      lists[whole].zones.push_back(&zone);
      lists.push_back(list_of(basis));
      lists.back().id = zone.id;
      lists.back().zones = {&zone};
    }
  }
  return lists;
}

}  // namespace

const std::vector<ListFacts>& all_lists() {
  static const std::vector<ListFacts> lists = make_lists();
  return lists;
}

std::span<const ListOutput> outputs_of(const ListFacts& list) noexcept {
  switch (list.of) {
    case SetOf::names: return name_outputs;
    case SetOf::addresses: return address_outputs;
    case SetOf::urls: return url_outputs;
  }
  return {};
}

const ListFacts* find_list(std::string_view id) {
  const auto found = std::ranges::find(all_lists(), id, &ListFacts::id);
  return found == all_lists().end() ? nullptr : &*found;
}

}  // namespace khien::publish
