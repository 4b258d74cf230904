#include "cases/order_rows.h"

#include "ledger/leaf.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_select = R"(
SELECT o.id, o.number, o.version, o.state, o.case_id, o.name,
  CASE WHEN o.target = 'name' THEN o.scope ELSE o.target END, o.category, o.ground_id,
  o.reason, o.impact, o.impact_verdict, o.impact_at_ms, o.class_a, o.emergency,
  o.emergency_ends_at_ms, o.proposer, o.proposer_unit, o.approver, o.approver_unit,
  o.proposed_at_ms, o.valid_from_ms, o.ends_at_ms, o.recheck_at_ms, o.resumes_at_ms, o.ended_at_ms,
  o.end_reason, o.renews_id, o.changed_at_ms, o.change_sequence, o.salt, o.subject_id,
  o.co_approver, o.co_approver_unit, o.step_reason, o.names_told, o.told_source
FROM block_order o )";
constexpr std::string_view sql_evidence =
    "SELECT evidence_id FROM order_evidence WHERE order_id = $1 ORDER BY evidence_id";
constexpr std::string_view sql_save = R"(
UPDATE block_order SET state = $3, class_a = $4, emergency = $5, emergency_ends_at_ms = $6,
  proposer = $7, proposer_unit = $8, approver = $9, approver_unit = $10, proposed_at_ms = $11,
  valid_from_ms = $12, recheck_at_ms = $13, resumes_at_ms = $14, ended_at_ms = $15,
  end_reason = $16, changed_at_ms = $17, change_sequence = $18,
  register_sequence = COALESCE(register_sequence, $19), co_approver = $20, co_approver_unit = $21,
  version = version + 1
WHERE id = $1 AND version = $2)";

}  // namespace

std::string_view order_select() noexcept { return sql_select; }

Result<OrderRow> read_order_row(const store::Row& row) {
  const auto state = parse_order_state(row.text(3));
  const auto scope = parse_scope(row.text(6));
  if (!state || !scope) return fail(ErrorCode::corrupt, "an order in an unknown state");
  OrderRow out{.order = {.id = OrderId{row.text(0)},
                         .number = row.text(1),
                         .version = row.integer(2),
                         .state = *state,
                         .case_id = CaseId{row.text(4)},
                         .name = row.text(5),
                         .scope = *scope,
                         .category = std::nullopt,
                         .ground = InstrumentId{row.optional_text(8).value_or("")},
                         .reason = row.text(9),
                         .evidence_ids = {},
                         .impact = row.optional_text(10).value_or(""),
                         .impact_verdict = row.optional_text(11).value_or(""),
                         .impact_at_ms = row.optional_integer(12),
                         .class_a = row.integer(13) == 1,
                         .emergency = row.integer(14) == 1,
                         .emergency_ends_at_ms = row.optional_integer(15),
                         .proposer = {row.optional_text(16).value_or("")},
                         .proposer_unit = row.optional_text(17).value_or(""),
                         .co_approver = {row.optional_text(32).value_or("")},
                         .co_approver_unit = row.optional_text(33).value_or(""),
                         .approver = {row.optional_text(18).value_or("")},
                         .approver_unit = row.optional_text(19).value_or(""),
                         .proposed_at_ms = row.optional_integer(20),
                         .valid_from_ms = row.optional_integer(21),
                         .ends_at_ms = row.optional_integer(22),
                         .recheck_at_ms = row.optional_integer(23),
                         .resumes_at_ms = row.optional_integer(24),
                         .ended_at_ms = row.optional_integer(25),
                         .end_reason = row.text(26),
                         .renews = OrderId{row.optional_text(27).value_or("")},
                         .address = {.step_reason = row.text(34),
                                     .names_told = row.optional_integer(35),
                                     .told_source = row.text(36)},
                         .changed_at_ms = row.integer(28),
                         .cursor = row.integer(29)},
               .salt = row.text(30),
               .subject = SubjectId{row.text(31)}};
  if (const auto category = row.optional_text(7)) {
    out.order.category = parse_category(*category);
    if (!out.order.category) return fail(ErrorCode::corrupt, "an order of an unknown category");
  }
  return out;
}

Result<OrderRow> load_order_row(store::Executor& db, const OrderId& id) {
  auto row = db.query_one(std::string{sql_select} + "WHERE o.id = $1", {id.value});
  if (!row) return propagate(std::move(row).error(), "load an order");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such order");
  auto out = read_order_row(**row);
  if (!out) return out;
  auto evidence = load_order_evidence(db, id);
  if (!evidence) return tl::unexpected<Error>{std::move(evidence).error()};
  out->order.evidence_ids = std::move(*evidence);
  return out;
}

Result<std::vector<std::string>> load_order_evidence(store::Executor& db, const OrderId& id) {
  auto rows = db.query(sql_evidence, {id});
  if (!rows) return propagate(std::move(rows).error(), "list an order's evidence");
  std::vector<std::string> ids;
  for (const auto& row : *rows) ids.push_back(row.text(0));
  return ids;
}

Result<void> save_order(store::Transaction& tx, const Order& order, std::int64_t sequence) {
  const auto optional = [](const std::string& text) {
    return text.empty() ? std::optional<std::string>{} : std::optional<std::string>{text};
  };
  // An order enters the register when it first comes into force, and keeps that place.
  std::optional<std::int64_t> in_register;
  if (order.valid_from_ms) in_register = sequence;
  auto done = tx.execute(sql_save, {order.id,
                                    order.version,
                                    to_string(order.state),
                                    order.class_a ? 1 : 0,
                                    order.emergency ? 1 : 0,
                                    order.emergency_ends_at_ms,
                                    order.proposer,
                                    optional(order.proposer_unit),
                                    order.approver,
                                    optional(order.approver_unit),
                                    order.proposed_at_ms,
                                    order.valid_from_ms,
                                    order.recheck_at_ms,
                                    order.resumes_at_ms,
                                    order.ended_at_ms,
                                    order.end_reason,
                                    order.changed_at_ms,
                                    sequence,
                                    in_register,
                                    order.co_approver,
                                    optional(order.co_approver_unit)});
  if (!done) return propagate(std::move(done).error(), "save an order");
  if (*done != 1) return fail(ErrorCode::conflict, "the order has changed", "stale_version");
  return {};
}

Result<Order> finish_order_move(store::Transaction& tx, const Context& context,
                                const OrderRow& before, const Order& after, Happening happening) {
  const auto from = before.order.state;
  if (from != after.state && !may_move(from, after.state)) {
    return wrong_state(to_string(from), to_string(after.state));
  }
  happening.record = "order";
  happening.record_id = before.order.id.value;
  happening.case_id = before.order.case_id;
  happening.before = to_string(from);
  happening.after = to_string(after.state);
  happening.fields.push_back({"number", before.order.number});
  happening.fields.push_back(
      {"name_commitment", ledger::commitment(before.salt, before.order.name)});
  happening.fields.push_back({"scope", std::string{to_string(after.scope)}});
  if (after.category) {
    happening.fields.push_back({"category", std::string{to_string(*after.category)}});
  }
  if (after.ends_at_ms) happening.fields.push_back({"ends_at_ms", *after.ends_at_ms});
  auto event = record_event(tx, context, happening);
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  auto changed = after;
  changed.changed_at_ms = context.clock.now_ms();
  auto saved = save_order(tx, changed, *event);
  if (!saved) return tl::unexpected<Error>{std::move(saved).error()};
  return load_order(tx, before.order.id);
}

Result<OrderRow> begin_order_move(store::Executor& db, const OrderId& id, std::int64_t version,
                                  OrderState to) {
  auto row = load_order_row(db, id);
  if (!row) return row;
  auto fresh = expect_version(version, row->order.version);
  if (!fresh) return tl::unexpected<Error>{std::move(fresh).error()};
  if (row->order.state != to && !may_move(row->order.state, to)) {
    return wrong_state(to_string(row->order.state), to_string(to));
  }
  return row;
}

}  // namespace khien::cases
