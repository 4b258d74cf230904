#include <algorithm>

#include "cases/case.h"
#include "cases/case_rows.h"
#include "cases/deadline_rows.h"
#include "cases/membership.h"
#include "cases/record.h"
#include "identity/account.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

using identity::Action;

constexpr std::string_view sql_save = R"(
UPDATE case_file SET state = $3, title = $4, category = $5, assignee = $6, outcome = $7,
  hold_until_ms = $8, version = version + 1
WHERE id = $1 AND version = $2)";
// What keeps a case open. One number per kind, so that the refusal can say which.
constexpr std::string_view sql_open_work = R"(
SELECT
  (SELECT count(*) FROM case_report m JOIN report r ON r.id = m.report_id
   WHERE m.case_id = $1 AND m.unlinked_at_ms IS NULL
     AND r.state IN ('received', 'screening', 'quarantined')),
  (SELECT count(*) FROM block_order o WHERE o.case_id = $1 AND o.state NOT IN
    ('refused', 'renewed', 'lifted', 'lapsed', 'lift_published', 'lift_verified')),
  (SELECT count(*) FROM case_task t WHERE t.case_id = $1 AND t.done_at_ms IS NULL),
  (SELECT count(*) FROM appeal a JOIN block_order o ON o.id = a.order_id
   WHERE o.case_id = $1 AND a.state NOT IN ('inadmissible', 'executed')))";
constexpr std::string_view sql_answer_reports = R"(
UPDATE report SET state = 'answered', version = version + 1
WHERE state = 'linked' AND id IN
  (SELECT report_id FROM case_report WHERE case_id = $1 AND unlinked_at_ms IS NULL))";
constexpr std::string_view sql_reopen_reports = R"(
UPDATE report SET state = 'linked', version = version + 1
WHERE state = 'answered' AND id IN
  (SELECT report_id FROM case_report WHERE case_id = $1 AND unlinked_at_ms IS NULL))";
constexpr std::string_view sql_add_subject = R"(
INSERT INTO case_subject (case_id, subject_id, by_officer, reports, added_at_ms)
VALUES ($1, $2, 1, 0, $3)
ON CONFLICT (case_id, subject_id) DO UPDATE SET by_officer = 1)";

// The case as it is, if the actor may and saw this version.
Result<Case> begin(store::Transaction& tx, const identity::Actor& actor, Action action,
                   const CaseId& id, std::int64_t version) {
  auto allowed = require(actor, action);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto value = load_case(tx, id);
  if (!value) return value;
  auto fresh = expect_version(version, value->version);
  if (!fresh) return tl::unexpected<Error>{std::move(fresh).error()};
  return value;
}

Result<void> expect_no_open_work(store::Executor& db, const CaseId& id) {
  auto row = db.query_one(sql_open_work, {id});
  if (!row) return propagate(std::move(row).error(), "look for open work");
  constexpr std::array<std::string_view, 4> kinds{"a report waits for triage",
                                                  "an order is not over", "a task is open",
                                                  "an appeal is undecided"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if ((*row)->integer(i) > 0) {
      return fail(ErrorCode::conflict, std::string{kinds[i]}, "open_work");
    }
  }
  return {};
}

Result<void> check_assignee(store::Executor& db, InstantMs now_ms,
                            const identity::AccountId& account) {
  auto found = identity::load_account(db, now_ms, account);
  if (!found && found.error().code != ErrorCode::not_found) {
    return propagate(std::move(found).error(), "look at the assignee");
  }
  if (found && !found->locked && identity::may(identity::as_actor(*found), assignee_right)) {
    return {};
  }
  return fail(ErrorCode::invalid_argument, "this person may not work cases", "not_assignable");
}

}  // namespace

Result<void> save_case(store::Transaction& tx, const Context&, const Case& value) {
  std::optional<std::string_view> category;
  if (value.category) category = to_string(*value.category);
  std::optional<std::string_view> outcome;
  if (value.outcome) outcome = to_string(*value.outcome);
  auto done = tx.execute(sql_save, {value.id, value.version, to_string(value.state), value.title,
                                    category, value.assignee, outcome, value.hold_until_ms});
  if (!done) return propagate(std::move(done).error(), "save a case");
  if (*done != 1) return fail(ErrorCode::conflict, "the case has changed", "stale_version");
  return {};
}

Result<Case> finish_case_move(store::Transaction& tx, const Context& context, const Case& before,
                              const Case& after, Happening happening) {
  happening.record = "case";
  happening.record_id = before.id.value;
  happening.case_id = before.id;
  happening.before = to_string(before.state);
  happening.after = to_string(after.state);
  happening.fields.push_back({"number", before.number});
  auto saved = save_case(tx, context, after);
  if (!saved) return tl::unexpected<Error>{std::move(saved).error()};
  auto event = record_event(tx, context, happening);
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return load_case(tx, before.id);
}

Result<void> advance_case(store::Transaction& tx, const Context& context,
                          const identity::AccountId& actor, const CaseId& id, CaseState to) {
  auto value = load_case(tx, id);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  // Only forwards: what is monitored does not fall back because one more order is proposed.
  if (value->state >= to || !may_move(value->state, to)) return {};
  auto after = *value;
  after.state = to;
  auto done =
      finish_case_move(tx, context, *value, after,
                       {.kind = "case.moved", .record = {}, .record_id = {}, .actor = actor});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return {};
}

Result<Case> edit_case(store::Transaction& tx, const Context& context, const identity::Actor& actor,
                       const CaseEdit& edit) {
  auto value = begin(tx, actor, Action::case_edit, edit.id, edit.version);
  if (!value) return value;
  auto after = *value;
  if (edit.title) {
    auto title = text::clean_line(*edit.title, title_size_max);
    if (!title) return propagate(std::move(title).error(), "read a title");
    if (title->empty()) return fail(ErrorCode::invalid_argument, "a title is needed", "bad_field");
    after.title = std::move(*title);
  }
  if (edit.category) {
    if (is_choice(*edit.category)) {
      return fail(ErrorCode::invalid_argument, "there is no case of a network choice",
                  "choice_category");
    }
    after.category = edit.category;
  }
  Happening happening{
      .kind = "case.edited", .record = {}, .record_id = {}, .actor = actor.account_id};
  // Before and after, in words: the timeline is the record.
  if (after.title != value->title) happening.text = value->title + " → " + after.title;
  if (after.category)
    happening.fields.push_back({"category", std::string{to_string(*after.category)}});
  auto done = finish_case_move(tx, context, *value, after, std::move(happening));
  if (!done) return done;
  auto indexed = index_case(tx, edit.id);
  if (!indexed) return tl::unexpected<Error>{std::move(indexed).error()};
  return done;
}

Result<Case> assign_case(store::Transaction& tx, const Context& context,
                         const identity::Actor& actor, const CaseId& id, std::int64_t version,
                         const identity::AccountId& account) {
  auto value = begin(tx, actor, Action::case_assign, id, version);
  if (!value) return value;
  if (value->state == CaseState::closed) return wrong_state("closed", "assigned");
  if (!account.empty()) {
    if (auto good = check_assignee(tx, context.clock.now_ms(), account); !good) {
      return tl::unexpected<Error>{std::move(good).error()};
    }
  }
  auto after = *value;
  after.assignee = account;
  if (after.state == CaseState::open && !account.empty()) after.state = CaseState::triaged;
  return finish_case_move(tx, context, *value, after,
                          {.kind = "case.assigned",
                           .record = {},
                           .record_id = {},
                           .actor = actor.account_id,
                           .text = account.value});
}

Result<Case> move_case(store::Transaction& tx, const Context& context, const identity::Actor& actor,
                       const CaseMove& move) {
  auto value = begin(tx, actor, Action::case_edit, move.id, move.version);
  if (!value) return value;
  if (move.to == CaseState::closed || value->state == CaseState::closed ||
      !may_move(value->state, move.to)) {
    return wrong_state(to_string(value->state), to_string(move.to));
  }
  auto after = *value;
  after.state = move.to;
  after.hold_until_ms = std::nullopt;
  std::string reason = move.reason;
  if (move.to == CaseState::on_hold) {
    auto clean = clean_reason(move.reason);
    if (!clean) return tl::unexpected<Error>{std::move(clean).error()};
    reason = std::move(*clean);
    after.hold_until_ms = move.until_ms;
  }
  auto closed = close_deadline(tx, context, move.id.value, DeadlineKind::hold_end);
  if (closed && after.hold_until_ms) {
    closed = open_deadline(tx, context,
                           {.kind = DeadlineKind::hold_end,
                            .record = "case",
                            .record_id = move.id.value,
                            .case_id = move.id,
                            .due_at_ms = *after.hold_until_ms});
  }
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  return finish_case_move(tx, context, *value, after,
                          {.kind = "case.moved",
                           .record = {},
                           .record_id = {},
                           .actor = actor.account_id,
                           .text = std::move(reason)});
}

Result<Case> close_case(store::Transaction& tx, const Context& context,
                        const identity::Actor& actor, const CaseClose& close) {
  auto value = begin(tx, actor, Action::case_close, close.id, close.version);
  if (!value) return value;
  if (!may_move(value->state, CaseState::closed)) {
    return wrong_state(to_string(value->state), "closed");
  }
  auto reason = clean_reason(close.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  auto idle = expect_no_open_work(tx, close.id);
  if (!idle) return tl::unexpected<Error>{std::move(idle).error()};
  auto after = *value;
  after.state = CaseState::closed;
  after.outcome = close.outcome;
  after.hold_until_ms = std::nullopt;
  auto answered = tx.execute(sql_answer_reports, {close.id});
  if (!answered) return propagate(std::move(answered).error(), "answer the reports of a case");
  auto closed = close_deadlines(tx, context, close.id.value);
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  return finish_case_move(
      tx, context, *value, after,
      {.kind = "case.closed",
       .record = {},
       .record_id = {},
       .actor = actor.account_id,
       .text = std::move(*reason),
       .fields = {{"outcome", std::string{to_string(close.outcome)}}, {"count", *answered}}});
}

Result<Case> reopen_case(store::Transaction& tx, const Context& context,
                         const identity::Actor& actor, const CaseId& id, std::int64_t version,
                         std::string_view reason_text) {
  auto value = begin(tx, actor, Action::case_reopen, id, version);
  if (!value) return value;
  if (value->state != CaseState::closed) return wrong_state(to_string(value->state), "triaged");
  auto reason = clean_reason(reason_text);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  auto after = *value;
  after.state = CaseState::triaged;
  after.outcome = std::nullopt;
  auto done = tx.execute(sql_reopen_reports, {id});
  if (!done) return propagate(std::move(done).error(), "reopen the reports of a case");
  return finish_case_move(tx, context, *value, after,
                          {.kind = "case.reopened",
                           .record = {},
                           .record_id = {},
                           .actor = actor.account_id,
                           .text = std::move(*reason)});
}

Result<std::int64_t> comment_case(store::Transaction& tx, const Context& context,
                                  const identity::Actor& actor, const CaseId& id,
                                  std::string_view text) {
  auto allowed = require(actor, Action::case_comment);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto value = load_case(tx, id);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  auto clean = text::clean_text(text, comment_size_max);
  if (!clean) return propagate(std::move(clean).error(), "read a comment");
  if (clean->empty()) return fail(ErrorCode::invalid_argument, "an empty comment", "bad_field");
  return record_comment(tx, context, actor.account_id, id, *clean);
}

Result<std::vector<Subject>> add_case_subjects(store::Transaction& tx, const Context& context,
                                               const identity::Actor& actor, const CaseId& id,
                                               std::int64_t version, std::string_view text) {
  auto value = begin(tx, actor, Action::case_edit, id, version);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  if (value->state == CaseState::closed) return wrong_state("closed", "changed");
  auto clean = text::clean_text(text, comment_size_max);
  if (!clean) return propagate(std::move(clean).error(), "read subjects");
  auto subjects = ensure_subjects_of(tx, context, *clean);
  if (!subjects) return subjects;
  if (subjects->empty()) {
    return fail(ErrorCode::invalid_argument, "nothing was found in the text", "no_subject");
  }
  for (const auto& subject : *subjects) {
    auto done = tx.execute(sql_add_subject, {id, subject.id, context.clock.now_ms()});
    if (!done) return propagate(std::move(done).error(), "add a subject to a case");
  }
  const auto count = static_cast<std::int64_t>(subjects->size());
  auto done = finish_case_move(tx, context, *value, *value,
                               {.kind = "case.subjects_added",
                                .record = {},
                                .record_id = {},
                                .actor = actor.account_id,
                                .fields = {{"count", count}}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  auto indexed = index_case(tx, id);
  if (!indexed) return tl::unexpected<Error>{std::move(indexed).error()};
  return subjects;
}

}  // namespace khien::cases
