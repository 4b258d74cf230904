#include "cases/publication.h"

#include <algorithm>

#include "cases/deadline_rows.h"
#include "cases/enforcement_rows.h"
#include "cases/order_force.h"
#include "cases/order_rows.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_columns = R"(
SELECT p.sequence, p.action, p.order_id, o.number, p.basis, p.category, p.name, p.scope, p.at_ms,
  p.serve_until_ms, CASE WHEN o.class_a = 1 AND o.approver IS NOT NULL AND o.name = p.name
    AND p.scope = CASE WHEN o.target = 'name' THEN o.scope ELSE o.target END THEN 1 ELSE 0 END,
  p.published_at_ms
FROM publication p JOIN block_order o ON o.id = p.order_id )";
constexpr std::string_view sql_after = "WHERE p.sequence > $1 ORDER BY p.sequence LIMIT $2";
constexpr std::string_view sql_in_force = R"(
WHERE p.action = 'add' AND p.removed_by IS NULL AND p.sequence > $1 ORDER BY p.sequence LIMIT $2)";
constexpr std::string_view sql_last = "SELECT used FROM publication_counter WHERE one = 1";
constexpr std::string_view sql_last_serials = R"(
SELECT serial FROM publication WHERE sequence IN (
  SELECT max(sequence) FROM publication WHERE serial IS NOT NULL GROUP BY zone))";
constexpr std::string_view sql_standings = R"(
SELECT p.basis, p.category, p.name, p.at_ms, r.at_ms, (
  SELECT min(n.at_ms) FROM publication n WHERE n.name = p.name AND n.action = 'add'
    AND n.basis = p.basis AND n.category = p.category AND n.sequence > p.sequence
    AND n.order_id <> p.order_id)
FROM publication p LEFT JOIN publication r ON r.sequence = p.removed_by
WHERE p.order_id = $1 AND p.action = 'add' ORDER BY p.sequence)";
constexpr std::string_view sql_row =
    "SELECT order_id, action, published_at_ms FROM publication WHERE sequence = $1";
constexpr std::string_view sql_mark = R"(
UPDATE publication SET zone = $2, serial = $3, published_at_ms = $4
WHERE sequence = $1 AND published_at_ms IS NULL)";
constexpr std::string_view sql_standing =
    "SELECT count(*) FROM publication WHERE order_id = $1 AND action = 'add' AND removed_by IS "
    "NULL";

Result<Publication> read_publication(const store::Row& row) {
  const auto basis = parse_basis(row.text(4));
  const auto category = parse_category(row.text(5));
  const auto scope = parse_scope(row.text(7));
  if (!basis || !category || !scope)
    return fail(ErrorCode::corrupt, "a publication row is damaged");
  return Publication{
      .sequence = row.integer(0),
      .action = row.text(1) == "add" ? PublicationAction::add : PublicationAction::remove,
      .order = OrderId{row.text(2)},
      .order_number = row.text(3),
      .basis = *basis,
      .category = *category,
      .name = row.text(6),
      .scope = *scope,
      .at_ms = row.integer(8),
      .serve_until_ms = row.integer(9),
      .two_signers = row.integer(10) != 0,
      .served_before = !row.is_null(11)};
}

Result<std::vector<Publication>> read_publications(Result<std::vector<store::Row>> rows) {
  if (!rows) return propagate(std::move(rows).error(), "read publications");
  std::vector<Publication> publications;
  publications.reserve(rows->size());
  for (const auto& row : *rows) {
    auto publication = read_publication(row);
    if (!publication) return tl::unexpected<Error>{std::move(publication).error()};
    publications.push_back(std::move(*publication));
  }
  return publications;
}

Result<void> note_move(store::Transaction& tx, const Context& context, const OrderRow& row,
                       OrderState to, std::string_view kind, const PublishedNote& note) {
  auto after = row.order;
  after.state = to;
  auto done = finish_order_move(
      tx, context, row, after,
      {.kind = kind,
       .record = {},
       .record_id = {},
       .fields = {{"publication", note.sequence}, {"zone", note.zone}, {"serial", note.serial}}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return {};
}

Result<void> note_add(store::Transaction& tx, const Context& context, const OrderRow& row,
                      const PublishedNote& note) {
  // Lifted or suspended in the meantime: the remove that follows tells the rest.
  if (!is_in_force(row.order.state)) return {};
  // No resolver follows addresses or pages: given out in a signed list is all that can be known of
  // them.
  auto done = is_of_names(row.order.scope)
                  ? start_enforcement(tx, context, row.order.id, note, EnforcementState::pending)
                  : close_deadline(tx, context, row.order.id.value, DeadlineKind::enforce);
  if (!done || row.order.state != OrderState::approved) return done;
  return note_move(tx, context, row, OrderState::published, "order.published", note);
}

Result<void> note_remove(store::Transaction& tx, const Context& context, const OrderRow& row,
                         const PublishedNote& note) {
  if (row.order.state == OrderState::renewed) return {};
  auto standing = tx.query_one(sql_standing, {row.order.id});
  if (!standing) return propagate(std::move(standing).error(), "look what stands of an order");
  // Out of the emergency set after a ratification, or resumed by now: the name is still served.
  if ((*standing)->integer(0) > 0) return {};
  const bool ended_now =
      row.order.state == OrderState::lifted || row.order.state == OrderState::lapsed;
  Result<void> done;
  if (is_of_names(row.order.scope)) {
    done = start_enforcement(tx, context, row.order.id, note, EnforcementState::lift_pending);
  } else if (ended_now) {
    done = close_deadline(tx, context, row.order.id.value, DeadlineKind::lift);
  }
  if (!done || !ended_now) return done;
  return note_move(tx, context, row, OrderState::lift_published, "order.lift_published", note);
}

}  // namespace

Result<std::vector<Publication>> publications_after(store::Executor& db, std::int64_t sequence,
                                                    int limit) {
  return read_publications(db.query(std::string{sql_columns} + std::string{sql_after},
                                    {sequence, std::clamp(limit, 1, publication_batch_max)}));
}

Result<std::int64_t> last_publication(store::Executor& db) {
  auto row = db.query_one(sql_last);
  if (!row) return propagate(std::move(row).error(), "read the publication counter");
  if (!row->has_value()) return fail(ErrorCode::corrupt, "the publication counter is gone");
  return (*row)->integer(0);
}

Result<std::vector<std::uint32_t>> last_serials(store::Executor& db) {
  auto rows = db.query(sql_last_serials);
  if (!rows) return propagate(std::move(rows).error(), "read the last serials");
  std::vector<std::uint32_t> serials;
  for (const auto& row : *rows) serials.push_back(static_cast<std::uint32_t>(row.integer(0)));
  return serials;
}

Result<std::vector<Publication>> orders_in_force(store::Executor& db, std::int64_t sequence) {
  return read_publications(db.query(std::string{sql_columns} + std::string{sql_in_force},
                                    {sequence, publication_batch_max}));
}

Result<std::vector<Standing>> order_standings(store::Executor& db, const OrderId& id) {
  auto rows = db.query(sql_standings, {id});
  if (!rows) return propagate(std::move(rows).error(), "read when an order stood");
  std::vector<Standing> standings;
  for (const auto& row : *rows) {
    const auto basis = parse_basis(row.text(0));
    const auto category = parse_category(row.text(1));
    if (!basis || !category) return fail(ErrorCode::corrupt, "a publication row is damaged");
    standings.push_back({.basis = *basis,
                         .category = *category,
                         .name = row.text(2),
                         .from_ms = row.integer(3),
                         .until_ms = row.optional_integer(4),
                         .succeeded_ms = row.optional_integer(5)});
  }
  return standings;
}

Result<void> record_published(store::Transaction& tx, const Context& context,
                              const PublishedNote& note) {
  auto row = tx.query_one(sql_row, {note.sequence});
  if (!row) return propagate(std::move(row).error(), "note a publication");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such publication");
  if (!(*row)->is_null(2)) return {};  // another publisher was first
  auto marked =
      tx.execute(sql_mark, {note.sequence, note.zone, note.serial, context.clock.now_ms()});
  if (!marked) return propagate(std::move(marked).error(), "note a publication");
  auto order = load_order_row(tx, OrderId{(*row)->text(0)});
  if (!order) return tl::unexpected<Error>{std::move(order).error()};
  return (*row)->text(1) == "add" ? note_add(tx, context, *order, note)
                                  : note_remove(tx, context, *order, note);
}

Result<void> record_withdrawn(store::Transaction& tx, const Context& context,
                              const WithdrawnNote& note) {
  auto row = load_order_row(tx, note.order);
  if (!row) {
    if (row.error().code == ErrorCode::not_found) return {};
    return tl::unexpected<Error>{std::move(row).error()};
  }
  if (!is_in_force(row->order.state)) return {};
  Suspension suspension{.reason = note.serial ? "withdrawn by the rollback of zone " + note.zone +
                                                    " to serial " + std::to_string(*note.serial)
                                              : "rejected at the gate of zone " + note.zone,
                        .kind = order_withdrawn,
                        .fields = {{"zone", note.zone}}};
  if (note.serial) suspension.fields.push_back({"serial", *note.serial});
  if (!note.reason.empty()) suspension.reason += ": " + note.reason;
  auto suspended = suspend(tx, context, *row, suspension);
  if (!suspended) return tl::unexpected<Error>{std::move(suspended).error()};
  return {};
}

}  // namespace khien::cases
