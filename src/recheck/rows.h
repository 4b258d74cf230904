// Whom to look at and when: the rows behind the engine. A row is taken under a lease, so that two
// processes do not look at one name twice, and one that dies holds nothing up for long.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cases/ids.h"
#include "recheck/look.h"
#include "store/executor.h"

namespace khien::recheck {

constexpr int looks_kept_max = 20;  // of one name, and the last that found it existing
constexpr std::int64_t lease_ms = 10 * ms_per_minute;
constexpr int enrolled_max = 500;                              // orders taken in at one time
constexpr std::int64_t order_looks_kept_ms = 90 * ms_per_day;  // after the order's end
constexpr InstantMs never_ms = INT64_MAX;                      // when what is over is looked at
constexpr int tidied_max = 1'000;                              // rows deleted at one time

enum class ItemKind : std::uint8_t { order, list };

struct Item {
  std::int64_t id = 0;
  ItemKind kind = ItemKind::order;
  std::string record_id = {};  ///< of the order, or of the feed that lists it
  std::string name = {};
  InstantMs begun_at_ms = 0;
};

/// Orders in force or suspended that have no row yet get one, due now: how many.
[[nodiscard]] Result<std::int64_t> enrol_orders(store::Transaction& tx, InstantMs now_ms);
[[nodiscard]] Result<bool> any_due(store::Executor& db, InstantMs now_ms);
/// Up to `count` that are due, orders first, then what waits longest; each under a lease.
[[nodiscard]] Result<std::vector<Item>> take_due(store::Transaction& tx, InstantMs now_ms,
                                                 int count);
/// Ends the lease and says when to look again.
[[nodiscard]] Result<void> put_back(store::Transaction& tx, const Item& item, InstantMs next_at_ms);
[[nodiscard]] Result<void> remove_item(store::Transaction& tx, const Item& item);

/// Adds a look with its pages and forgets what is beyond looks_kept_max.
[[nodiscard]] Result<void> put_look(store::Transaction& tx, const Item& item, const Look& look);
/// Oldest first.
[[nodiscard]] Result<std::vector<Look>> looks_at(store::Executor& db, std::int64_t item_id);

/// Forgets orders that ended order_looks_kept_ms ago, list entries that were dropped, and feeds
/// that are over; tidied_max rows at a time. How many.
[[nodiscard]] Result<std::int64_t> tidy(store::Transaction& tx, InstantMs now_ms);

/// What is known of the name under an order; for people.
struct History {
  std::optional<InstantMs> next_at_ms = {};  ///< none: not begun, or over
  std::vector<Look> looks = {};              ///< oldest first
};
[[nodiscard]] Result<History> history_of(store::Executor& db, const cases::OrderId& order);

}  // namespace khien::recheck
