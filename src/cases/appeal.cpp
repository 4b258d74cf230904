// Lodging and reading objections; what officers do with them is in appeal_moves.cpp.
#include "cases/appeal.h"

#include <algorithm>
#include <array>

#include "cases/address_target.h"
#include "cases/appeal_rows.h"
#include "cases/deadline_rows.h"
#include "cases/number.h"
#include "cases/record.h"
#include "cases/report_rows.h"
#include "cases/settings.h"
#include "cases/url_target.h"
#include "codec/crockford.h"
#include "text/host.h"
#include "text/normalise.h"
#include "text/url.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 3> outcome_words{"upheld", "partly", "denied"};
constexpr std::size_t appeal_text_size_min = 3;
constexpr std::size_t order_reference_size_max = 2'048;
constexpr std::size_t contact_line_size_max = 200 * 4;

constexpr std::string_view sql_select = R"(
SELECT a.id, a.number, a.version, a.state, a.order_id, o.case_id, a.body,
  (SELECT count(*) FROM appeal_contact c WHERE c.appeal_id = a.id), a.suspends, a.assignee,
  a.outcome, a.reason, a.lodged_at_ms,
  (SELECT min(d.due_at_ms) FROM deadline d WHERE d.record_id = a.id AND d.done_at_ms IS NULL),
  a.decided_at_ms, a.change_sequence
FROM appeal a JOIN block_order o ON o.id = a.order_id )";
constexpr std::string_view sql_list = R"(
WHERE a.change_sequence < $1 AND ($2 = '' OR a.state = $2)
ORDER BY a.change_sequence DESC LIMIT $3)";
constexpr std::string_view sql_insert = R"(
INSERT INTO appeal (id, number, order_id, state, body, language, code_hash, submission_hash,
  lodged_at_ms, change_sequence)
VALUES ($1, $2, $3, 'lodged', $4, $5, $6, $7, $8, $9))";
constexpr std::string_view sql_add_contact =
    "INSERT INTO appeal_contact (appeal_id, sealed) VALUES ($1, $2)";
constexpr std::string_view sql_by_code = "SELECT id FROM appeal WHERE code_hash = $1";
constexpr std::string_view sql_by_submission = "SELECT id FROM appeal WHERE submission_hash = $1";
// The newest order about a name that ever came into force.
constexpr std::string_view sql_order_by_name = R"(
SELECT id FROM block_order WHERE name = $1 AND valid_from_ms IS NOT NULL
ORDER BY drafted_at_ms DESC, id DESC LIMIT 1)";

Result<Appeal> read_appeal(const store::Row& row) {
  const auto state = parse_appeal_state(row.text(3));
  if (!state) return fail(ErrorCode::corrupt, "an appeal in an unknown state");
  Appeal appeal{.id = AppealId{row.text(0)},
                .number = row.text(1),
                .version = row.integer(2),
                .state = *state,
                .order = OrderId{row.text(4)},
                .case_id = CaseId{row.text(5)},
                .text = row.text(6),
                .has_contact = row.integer(7) > 0,
                .suspends = row.integer(8) == 1,
                .assignee = {row.optional_text(9).value_or("")},
                .outcome = std::nullopt,
                .reason = row.text(11),
                .lodged_at_ms = row.integer(12),
                .answer_due_ms = row.optional_integer(13),
                .decided_at_ms = row.optional_integer(14),
                .cursor = row.integer(15)};
  if (const auto outcome = row.optional_text(10)) appeal.outcome = parse_appeal_outcome(*outcome);
  return appeal;
}

tl::unexpected<Error> unknown_order() {
  return fail(ErrorCode::not_found, "no order is known under that name or number", "unknown_order");
}

/// What an order may be called that is meant by `written`: of a link its page and those above it,
/// then its host.
std::vector<std::string> names_of(std::string_view written) {
  if (const auto targets = targets_covering(written); !targets.empty()) return {targets.front()};
  if (auto host = text::normalise_host(written)) return {std::move(*host)};
  auto names = url_targets_covering(written);
  if (auto url = text::read_url(written)) names.push_back(std::move(url->host));
  return names;
}

// What people write into the form: an id from a link, a number read aloud, a name, a link.
Result<Order> find_order(store::Executor& db, std::string_view written) {
  if (written.size() > order_reference_size_max) return unknown_order();
  if (is_id_text(written)) {
    auto order = load_order(db, OrderId{std::string{written}});
    if (!order && order.error().code == ErrorCode::not_found) return unknown_order();
    return order;
  }
  if (read_number(written)) {
    auto order = find_order_by_number(db, written);
    if (!order && order.error().code == ErrorCode::not_found) return unknown_order();
    return order;
  }
  for (const auto& name : names_of(written)) {
    auto row = db.query_one(sql_order_by_name, {name});
    if (!row) return propagate(std::move(row).error(), "find an order by its name");
    if (row->has_value()) return load_order(db, OrderId{(*row)->text(0)});
  }
  return unknown_order();
}

Result<void> keep_contact(store::Transaction& tx, const Context& context, const AppealId& id,
                          std::string_view contact) {
  auto clean = text::clean_line(contact, contact_line_size_max);
  if (!clean) return propagate(std::move(clean).error(), "read a contact");
  if (clean->empty()) return {};
  const auto sealed =
      crypto::seal(context.contact_key, as_bytes(*clean), contact_context(id), context.rng);
  auto done = tx.execute(sql_add_contact, {id, sealed});
  if (!done) return propagate(std::move(done).error(), "keep a contact");
  return {};
}

struct CleanAppeal {
  Order order;
  std::string body;
  std::optional<Octets> submission_hash;
};

Result<CleanAppeal> clean(store::Executor& db, const AppealDraft& draft) {
  auto body = text::clean_text(draft.text, appeal_text_size_max);
  if (!body) return propagate(std::move(body).error(), "read an objection");
  if (body->size() < appeal_text_size_min) {
    return fail(ErrorCode::invalid_argument, "the objection is empty", "appeal_empty");
  }
  auto order = find_order(db, draft.order);
  if (!order) return tl::unexpected<Error>{std::move(order).error()};
  if (!order->valid_from_ms) return unknown_order();  // never in force: nobody was affected
  if (order->state == OrderState::lift_verified || order->state == OrderState::renewed) {
    return fail(ErrorCode::conflict, "the order is over", "order_over");
  }
  CleanAppeal out{.order = std::move(*order), .body = std::move(*body), .submission_hash = {}};
  if (!draft.submission.empty()) out.submission_hash = hash_of("appeal:" + draft.submission);
  return out;
}

}  // namespace

std::string_view to_string(AppealOutcome outcome) noexcept {
  return outcome_words[static_cast<std::size_t>(outcome)];
}

std::optional<AppealOutcome> parse_appeal_outcome(std::string_view word) noexcept {
  const auto found = std::find(outcome_words.begin(), outcome_words.end(), word);
  if (found == outcome_words.end()) return std::nullopt;
  return static_cast<AppealOutcome>(found - outcome_words.begin());
}

Result<AppealReceipt> lodge_appeal(store::Transaction& tx, const Context& context,
                                   const AppealDraft& draft) {
  const auto now_ms = context.clock.now_ms();
  auto cleaned = clean(tx, draft);
  if (!cleaned) return tl::unexpected<Error>{std::move(cleaned).error()};
  if (cleaned->submission_hash) {
    auto before = tx.query_one(sql_by_submission, {*cleaned->submission_hash});
    if (!before) return propagate(std::move(before).error(), "look for an objection sent twice");
    if (before->has_value()) {
      return AppealReceipt{.appeal = AppealId{(*before)->text(0)},
                           .code = {},
                           .number = {},
                           .order = cleaned->order.id,
                           .lodged_at_ms = now_ms};
    }
  }
  auto prefix = read_setting(tx, Setting::number_prefix, now_ms);
  if (!prefix) return tl::unexpected<Error>{std::move(prefix).error()};
  auto number = next_number(tx, Series::appeals, *prefix, now_ms);
  if (!number) return tl::unexpected<Error>{std::move(number).error()};
  const auto id = AppealId::make(context.clock, context.rng);
  const auto code = codec::random_code(context.rng);
  auto code_hash = hash_of_code(code);
  if (!code_hash) return tl::unexpected<Error>{std::move(code_hash).error()};
  auto event = record_event(tx, context,
                            {.kind = "appeal.lodged",
                             .record = "appeal",
                             .record_id = id.value,
                             .case_id = cleaned->order.case_id,
                             .after = "lodged",
                             .fields = {{"order", cleaned->order.id.value}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  auto done = tx.execute(sql_insert, {id, *number, cleaned->order.id, cleaned->body, draft.language,
                                      *code_hash, cleaned->submission_hash, now_ms, *event});
  if (!done) return propagate(std::move(done).error(), "keep an objection");
  auto kept = keep_contact(tx, context, id, draft.contact);
  if (!kept) return tl::unexpected<Error>{std::move(kept).error()};
  auto calendar = read_calendar(tx);
  if (!calendar) return tl::unexpected<Error>{std::move(calendar).error()};
  const auto due_at_ms = after_working_days(now_ms, appeal_answer_days, *calendar);
  kept = open_deadline(tx, context,
                       {.kind = DeadlineKind::appeal_answer,
                        .record = "appeal",
                        .record_id = id.value,
                        .case_id = cleaned->order.case_id,
                        .due_at_ms = due_at_ms});
  if (!kept) return tl::unexpected<Error>{std::move(kept).error()};
  return AppealReceipt{.appeal = id,
                       .code = code,
                       .number = *number,
                       .order = cleaned->order.id,
                       .lodged_at_ms = now_ms,
                       .answer_due_ms = due_at_ms};
}

Result<Appeal> load_appeal(store::Executor& db, const AppealId& id) {
  auto row = db.query_one(std::string{sql_select} + "WHERE a.id = $1", {id.value});
  if (!row) return propagate(std::move(row).error(), "load an appeal");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such appeal");
  return read_appeal(**row);
}

Result<Page<Appeal>> list_appeals(store::Executor& db, std::optional<AppealState> state,
                                  const PageRequest& page) {
  const int size = page_size(page);
  const std::string_view word = state ? to_string(*state) : "";
  auto rows =
      db.query(std::string{sql_select} + std::string{sql_list}, {page_start(page), word, size + 1});
  if (!rows) return propagate(std::move(rows).error(), "list appeals");
  std::vector<Appeal> appeals;
  for (const auto& row : *rows) {
    auto appeal = read_appeal(row);
    if (!appeal) return tl::unexpected<Error>{std::move(appeal).error()};
    appeals.push_back(std::move(*appeal));
  }
  return make_page(std::move(appeals), size, [](const Appeal& appeal) { return appeal.cursor; });
}

Result<Appeal> appeal_status(store::Executor& db, std::string_view code) {
  auto hash = hash_of_code(code);
  if (!hash) return tl::unexpected<Error>{std::move(hash).error()};
  auto row = db.query_one(sql_by_code, {*hash});
  if (!row) return propagate(std::move(row).error(), "look up a code");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such code", "unknown_code");
  return load_appeal(db, AppealId{(*row)->text(0)});
}

}  // namespace khien::cases
