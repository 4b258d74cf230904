// The row of an order as a value, and how every move writes it back. Internal to the module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cases/order.h"
#include "cases/record.h"
#include "store/executor.h"

namespace khien::cases {

/// What only the module sees of an order beside its public part.
struct OrderRow {
  Order order;
  std::string salt;  ///< of the commitments to the name; shown for names that are not hidden
  SubjectId subject;
};

/// `scope` and `target` of the row (schema_addresses.h, schema_urls.h).
[[nodiscard]] constexpr std::string_view stored_scope(Scope scope) noexcept {
  return scope == Scope::domain ? "domain" : "host";
}
[[nodiscard]] constexpr std::string_view stored_target(Scope scope) noexcept {
  return is_of_names(scope) ? std::string_view{"name"} : to_string(scope);
}

/// Columns that read_order_row() reads, up to the conditions.
[[nodiscard]] std::string_view order_select() noexcept;
[[nodiscard]] Result<OrderRow> read_order_row(const store::Row& row);
[[nodiscard]] Result<OrderRow> load_order_row(store::Executor& db, const OrderId& id);
[[nodiscard]] Result<std::vector<std::string>> load_order_evidence(store::Executor& db,
                                                                   const OrderId& id);

/// `part` for LIKE … ESCAPE '!', matching anywhere, in lower case.
[[nodiscard]] std::string like_part(std::string_view part);

/// Writes what changes while an order lives (state, signers, dates of the course of things; not
/// what is signed), where its version is still current. conflict "stale_version".
[[nodiscard]] Result<void> save_order(store::Transaction& tx, const Order& order,
                                      std::int64_t sequence);

/// Makes the move from `before` to `after`: checks the table of states, records `happening`
/// (record, id, case, states and the order's standing fields are filled in), saves, and loads it
/// anew.
[[nodiscard]] Result<Order> finish_order_move(store::Transaction& tx, const Context& context,
                                              const OrderRow& before, const Order& after,
                                              Happening happening);

/// Loads an order for a move of `actor`: version and state `to` are checked, rights are not.
[[nodiscard]] Result<OrderRow> begin_order_move(store::Executor& db, const OrderId& id,
                                                std::int64_t version, OrderState to);

}  // namespace khien::cases
