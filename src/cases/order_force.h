// Coming into force and leaving it: publication rows and deadlines of an order. Parts of moves;
// nothing here writes an event or checks a right. Internal to the module.
#pragma once

#include "cases/order_rows.h"
#include "cases/publication.h"

namespace khien::cases {

// From approval to proof, and from a lift to proof (DOMAIN 7.3).
constexpr std::int64_t enforce_within_ms = 15 * ms_per_minute;
constexpr std::int64_t lift_within_ms = 15 * ms_per_minute;

/// Asks for the publication of an order that is in force as its row says: in the emergency set
/// while it has one signature, else in that of orders.
[[nodiscard]] Result<void> publish_order(store::Transaction& tx, const Context& context,
                                         const Order& order);
/// Asks for the removal of whatever stands of it in the set.
[[nodiscard]] Result<void> unpublish_order(store::Transaction& tx, const Context& context,
                                           const Order& order);
/// Removes it from the emergency set alone, after a ratification has added it to that of orders.
[[nodiscard]] Result<void> unpublish_emergency(store::Transaction& tx, const Context& context,
                                               const Order& order);

/// The deadlines of an order in force: end, emergency end, recheck, enforcement.
[[nodiscard]] Result<void> open_force_deadlines(store::Transaction& tx, const Context& context,
                                                const Order& order);

/// Takes an order out of force for good: state `to` (lifted, lapsed, renewed), publication,
/// deadlines, an open proposal to lift it, event.
struct Ending {
  OrderState to;
  std::string_view kind;  ///< "order.lifted"
  identity::AccountId actor = {};
  std::string reason;
  std::vector<ledger::LeafField> fields = {};  ///< of its leaf besides the usual
};
[[nodiscard]] Result<Order> end_order(store::Transaction& tx, const Context& context,
                                      const OrderRow& row, const Ending& ending);

/// Takes it out of force for a time. `actor` empty: an appeal or a timer.
struct Suspension {
  identity::AccountId actor = {};
  std::string reason;
  std::optional<InstantMs> resumes_at_ms = {};
  std::string_view kind = "order.suspended";
  std::vector<ledger::LeafField> fields = {};  ///< of its leaf besides the usual
};
[[nodiscard]] Result<Order> suspend(store::Transaction& tx, const Context& context,
                                    const OrderRow& row, const Suspension& suspension);
[[nodiscard]] Result<Order> resume(store::Transaction& tx, const Context& context,
                                   const OrderRow& row, const identity::AccountId& actor,
                                   std::string reason);

/// True while an admitted appeal keeps the order suspended.
[[nodiscard]] Result<bool> waits_for_appeal(store::Executor& db, const OrderId& id);

// ---- what timers do (sweep.cpp); each says whether it did anything ----------------------------

[[nodiscard]] Result<bool> lapse_if_due(store::Transaction& tx, const Context& context,
                                        const OrderId& id);
[[nodiscard]] Result<bool> review_if_due(store::Transaction& tx, const Context& context,
                                         const OrderId& id);
[[nodiscard]] Result<bool> resume_if_due(store::Transaction& tx, const Context& context,
                                         const OrderId& id);

}  // namespace khien::cases
