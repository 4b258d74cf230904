// The closed list of what is given out as signed lists to everybody: each zone of orders and feeds
// and the emergency zone, each set of addresses and of web addresses, and for each basis one list
// of all of it, emergency orders left out. Never what a network may choose, never what is of child
// abuse (it goes to nobody without a key), never `pass`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "exchange/list_writer.h"
#include "publish/zone_names.h"

namespace khien::publish {

struct ListFacts {
  std::string id;                         ///< "orders-phishing", or "orders" for all of the basis
  std::vector<const ZoneFacts*> zones;    ///< at least one; more than one for a basis
  std::int64_t life_ms = 7 * ms_per_day;  ///< a list is not to be believed for longer
  std::int64_t renewed_ms = ms_per_day;   ///< an older one is made anew, changed or not
  std::int64_t update_hours = 6;          ///< how often we ask readers to look
  SetOf of = SetOf::names;                ///< what its entries are
  bool of_feeds = false;                  ///< other people's lists, under their licences
  [[nodiscard]] bool is_zone() const noexcept { return zones.size() == 1; }
};

[[nodiscard]] const std::vector<ListFacts>& all_lists();
/// The formats that its entries can be written in.
[[nodiscard]] std::span<const exchange::ListOutput> outputs_of(const ListFacts& list) noexcept;
/// nullptr if nothing of that id is given out.
[[nodiscard]] const ListFacts* find_list(std::string_view id);

}  // namespace khien::publish
