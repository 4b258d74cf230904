// What an order must be before somebody signs, and the document that is signed. Internal to the
// module.
#pragma once

#include <string>

#include "cases/order_rows.h"
#include "identity/rights.h"

namespace khien::cases {

/// The refusals of propose_order() and declare_emergency() that concern the order itself.
[[nodiscard]] Result<void> check_complete(store::Executor& db, const Order& order,
                                          InstantMs now_ms);
/// What must still hold when the second person signs.
[[nodiscard]] Result<void> check_still_good(store::Executor& db, const Order& order,
                                            InstantMs now_ms);
/// conflict "addresses_off" for an address or prefix while the setting says so.
[[nodiscard]] Result<void> check_addresses_allowed(store::Executor& db, Scope scope,
                                                   InstantMs now_ms);
/// True where signers must be of different units.
[[nodiscard]] bool is_class_a(const Order& order) noexcept;

/// Whether who signed second of three (co_approver) is of another unit than the proposer.
[[nodiscard]] bool is_of_other_unit(const Order& order) noexcept;

/// What the next signature's right depends on; borrows the order.
[[nodiscard]] identity::Facts signing_facts(const Order& order);

/// The order in a state in which `actor` may make the signed move: everything but the signature.
[[nodiscard]] Result<OrderRow> check_signed_move(store::Executor& db, const Context& context,
                                                 const identity::Actor& actor, const OrderId& id,
                                                 std::int64_t version, SignedMove move);

/// The canonical JSON that a signature of `move` covers, and its digest.
[[nodiscard]] Result<SigningDocument> document_of(store::Executor& db, const OrderRow& row,
                                                  SignedMove move, InstantMs now_ms);

}  // namespace khien::cases
