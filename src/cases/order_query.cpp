// Reading orders (order.h).
#include <algorithm>

#include "cases/number.h"
#include "cases/order_rows.h"
#include "cases/second_signer.h"

namespace khien::cases {
namespace {

// Empty text stands for "any". A name is looked for as a part, with LIKE's own signs escaped.
constexpr std::string_view sql_list = R"(
WHERE o.change_sequence < $1 AND ($2 = '' OR o.state = $2) AND ($3 = '' OR o.category = $3)
  AND ($4 = '' OR o.case_id = $4) AND ($5 = '' OR lower(o.name) LIKE $5 ESCAPE '!' OR o.number = $6)
ORDER BY o.change_sequence DESC LIMIT $7)";
constexpr std::string_view sql_waiting = R"(
WHERE (o.state = 'proposed' OR (o.emergency_ends_at_ms IS NOT NULL AND o.approver IS NULL
  AND o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review', 'suspended')))
  AND o.proposer <> $1 ORDER BY o.proposed_at_ms, o.id LIMIT $2)";
constexpr std::string_view sql_lapsing = R"(
WHERE o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review', 'suspended')
  AND (o.ends_at_ms <= $1 OR o.emergency_ends_at_ms <= $1 OR o.recheck_at_ms <= $1)
ORDER BY COALESCE(o.emergency_ends_at_ms, o.ends_at_ms), o.id LIMIT $2)";
constexpr std::string_view sql_signatures = R"(
SELECT move, account, unit, method, digest, document, signed_at_ms
FROM order_signature WHERE order_id = $1 ORDER BY id)";
constexpr std::size_t query_size_max = 253;

Result<std::vector<Order>> read_orders(Result<std::vector<store::Row>> rows) {
  if (!rows) return propagate(std::move(rows).error(), "list orders");
  std::vector<Order> orders;
  for (const auto& row : *rows) {
    auto read = read_order_row(row);
    if (!read) return tl::unexpected<Error>{std::move(read).error()};
    orders.push_back(std::move(read->order));
  }
  return orders;
}

}  // namespace

std::string like_part(std::string_view part) {
  std::string out = "%";
  for (const char c : part.substr(0, query_size_max)) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out + '%';
}

std::optional<InstantMs> leaves_force_at(const Order& order) noexcept {
  if (!order.emergency_ends_at_ms) return order.ends_at_ms;
  if (!order.ends_at_ms) return order.emergency_ends_at_ms;
  return std::min(*order.emergency_ends_at_ms, *order.ends_at_ms);
}

Result<Order> load_order(store::Executor& db, const OrderId& id) {
  auto row = load_order_row(db, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  return std::move(row->order);
}

Result<Order> find_order_by_number(store::Executor& db, std::string_view number) {
  const auto plain = read_number(number);
  if (!plain) return fail(ErrorCode::not_found, "no such order number", "bad_number");
  auto row = db.query_one("SELECT id FROM block_order WHERE number = $1", {*plain});
  if (!row) return propagate(std::move(row).error(), "find an order by its number");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such order");
  return load_order(db, OrderId{(*row)->text(0)});
}

Result<std::vector<OrderSignature>> list_signatures(store::Executor& db, const OrderId& id) {
  auto rows = db.query(sql_signatures, {id});
  if (!rows) return propagate(std::move(rows).error(), "list an order's signatures");
  std::vector<OrderSignature> signatures;
  for (const auto& row : *rows) {
    const auto move = parse_signed_move(row.text(0));
    if (!move) return fail(ErrorCode::corrupt, "a signature under an unknown move");
    signatures.push_back({.move = *move,
                          .account = {row.text(1)},
                          .unit = row.text(2),
                          .method = row.text(3),
                          .digest = row.text(4),
                          .document = row.text(5),
                          .signed_at_ms = row.integer(6)});
  }
  return signatures;
}

Result<Page<Order>> list_orders(store::Executor& db, const OrderFilter& filter,
                                const PageRequest& page) {
  const int size = page_size(page);
  const std::string_view state = filter.state ? to_string(*filter.state) : "";
  const std::string_view category = filter.category ? to_string(*filter.category) : "";
  const auto part = filter.query.empty() ? std::string{} : like_part(filter.query);
  const auto number = read_number(filter.query).value_or("");
  auto orders = read_orders(
      db.query(std::string{order_select()} + std::string{sql_list},
               {page_start(page), state, category, filter.case_id.value, part, number, size + 1}));
  if (!orders) return tl::unexpected<Error>{std::move(orders).error()};
  return make_page(std::move(*orders), size, [](const Order& order) { return order.cursor; });
}

Result<std::vector<Order>> list_waiting(store::Executor& db, const identity::Actor& actor) {
  auto orders = read_orders(db.query(std::string{order_select()} + std::string{sql_waiting},
                                     {actor.account_id.value, page_size_max}));
  if (!orders) return orders;
  std::erase_if(*orders, [&](const Order& order) { return !may_sign_second(actor, order); });
  return orders;
}

Result<std::vector<Order>> list_lapsing(store::Executor& db, InstantMs until_ms) {
  return read_orders(
      db.query(std::string{order_select()} + std::string{sql_lapsing}, {until_ms, page_size_max}));
}

}  // namespace khien::cases
