// What officers do with reports (report.h).
#include "cases/case.h"
#include "cases/case_rows.h"
#include "cases/deadline_rows.h"
#include "cases/membership.h"
#include "cases/record.h"
#include "cases/report.h"
#include "cases/report_rows.h"

namespace khien::cases {
namespace {

using identity::Action;

constexpr std::string_view sql_save = R"(
UPDATE report SET state = $3, reason = $4, category = $5,
  accepted_at_ms = COALESCE(accepted_at_ms, $6), change_sequence = $7, version = version + 1
WHERE id = $1 AND version = $2)";
constexpr std::string_view sql_accept_all = R"(
UPDATE report SET state = 'linked', accepted_at_ms = COALESCE(accepted_at_ms, $2),
  version = version + 1
WHERE state IN ('received', 'screening') AND id IN
  (SELECT report_id FROM case_report WHERE case_id = $1 AND unlinked_at_ms IS NULL))";
constexpr std::string_view sql_screened_all = R"(
UPDATE deadline SET done_at_ms = $2 WHERE kind = 'screen' AND done_at_ms IS NULL
  AND record_id IN (SELECT m.report_id FROM case_report m JOIN report r ON r.id = m.report_id
    WHERE m.case_id = $1 AND m.unlinked_at_ms IS NULL AND r.state IN ('received', 'screening')))";
constexpr std::string_view sql_contact = "SELECT sealed FROM report_contact WHERE report_id = $1";

Result<Report> begin(store::Transaction& tx, const identity::Actor& actor, const ReportId& id,
                     std::int64_t version) {
  auto allowed = require(actor, Action::report_triage);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto report = load_report(tx, id);
  if (!report) return report;
  auto fresh = expect_version(version, report->version);
  if (!fresh) return tl::unexpected<Error>{std::move(fresh).error()};
  return report;
}

Result<Report> finish(store::Transaction& tx, const Context& context, const Report& before,
                      const Report& after, Happening happening) {
  if (before.state != after.state && !may_move(before.state, after.state)) {
    return wrong_state(to_string(before.state), to_string(after.state));
  }
  happening.record = "report";
  happening.record_id = before.id.value;
  happening.before = to_string(before.state);
  happening.after = to_string(after.state);
  auto event = record_event(tx, context, happening);
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  std::optional<std::string_view> category;
  if (after.category) category = to_string(*after.category);
  std::optional<InstantMs> accepted_at_ms;
  if (after.state == ReportState::linked || after.state == ReportState::accepted) {
    accepted_at_ms = context.clock.now_ms();
  }
  auto done = tx.execute(sql_save, {before.id, before.version, to_string(after.state), after.reason,
                                    category, accepted_at_ms, *event});
  if (!done) return propagate(std::move(done).error(), "save a report");
  if (*done != 1) return fail(ErrorCode::conflict, "the report has changed", "stale_version");
  return load_report(tx, before.id);
}

// The case of an accepted report: its own, the open one of a subject, or a new one.
Result<CaseId> case_for(store::Transaction& tx, const Context& context,
                        const identity::Actor& actor, const Report& report) {
  if (report.case_id) return *report.case_id;
  auto subjects = ensure_subjects_of(tx, context, report.text);
  if (!subjects) return tl::unexpected<Error>{std::move(subjects).error()};
  auto found = find_open_case(tx, context, *subjects);
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  CaseId id;
  if (*found) {
    id = **found;
  } else {
    auto title = subjects->empty() ? std::string{"—"} : subjects->front().display;
    auto opened = open_case(
        tx, context,
        {.title = std::move(title), .category = report.category, .actor = actor.account_id});
    if (!opened) return opened;
    id = *opened;
  }
  auto added = add_member(tx, context, id, report.id, "accepted");
  if (added) added = index_case(tx, id);
  if (!added) return tl::unexpected<Error>{std::move(added).error()};
  return id;
}

std::string_view kind_of(TriageDecision decision) noexcept {
  switch (decision) {
    case TriageDecision::accept: return "report.accepted";
    case TriageDecision::reject: return "report.rejected";
    case TriageDecision::quarantine: return "report.quarantined";
    case TriageDecision::screen: return "report.screening";
  }
  return "";
}

Result<ReportState> target_of(const TriageMove& move) {
  switch (move.decision) {
    case TriageDecision::accept: return ReportState::linked;
    case TriageDecision::reject: return ReportState::rejected;
    case TriageDecision::quarantine: return ReportState::quarantined;
    case TriageDecision::screen: return ReportState::screening;
  }
  return fail(ErrorCode::internal, "an unknown decision");
}

}  // namespace

Result<Report> triage_report(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const TriageMove& move) {
  auto report = begin(tx, actor, move.report, move.version);
  if (!report) return report;
  auto target = target_of(move);
  if (!target) return tl::unexpected<Error>{std::move(target).error()};
  if (!may_move(report->state, *target)) {
    return wrong_state(to_string(report->state), to_string(*target));
  }
  if (move.category && is_choice(*move.category)) {
    return fail(ErrorCode::invalid_argument, "a network choice is nothing to report",
                "choice_category");
  }
  auto after = *report;
  after.state = *target;
  if (move.category) after.category = move.category;
  if (move.decision == TriageDecision::reject || move.decision == TriageDecision::quarantine) {
    auto reason = clean_reason(move.reason);
    if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
    after.reason = std::move(*reason);
  }
  CaseId case_id = report->case_id.value_or(CaseId{});
  if (move.decision == TriageDecision::accept) {
    auto found = case_for(tx, context, actor, after);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    case_id = *found;
    auto advanced = advance_case(tx, context, actor.account_id, case_id, CaseState::triaged);
    if (!advanced) return tl::unexpected<Error>{std::move(advanced).error()};
  }
  if (move.decision != TriageDecision::screen) {
    auto closed = close_deadline(tx, context, move.report.value, DeadlineKind::screen);
    if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  }
  return finish(tx, context, *report, after,
                {.kind = kind_of(move.decision),
                 .record = {},
                 .record_id = {},
                 .case_id = case_id,
                 .actor = actor.account_id,
                 .text = after.reason});
}

Result<std::int64_t> accept_case_reports(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const CaseId& id,
                                         std::int64_t version) {
  auto allowed = require(actor, Action::report_triage);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto value = load_case(tx, id);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  auto fresh = expect_version(version, value->version);
  if (!fresh) return tl::unexpected<Error>{std::move(fresh).error()};
  if (value->state == CaseState::closed) return wrong_state("closed", "triaged");
  const auto now_ms = context.clock.now_ms();
  auto screened = tx.execute(sql_screened_all, {id, now_ms});
  if (!screened) return propagate(std::move(screened).error(), "close screening deadlines");
  auto accepted = tx.execute(sql_accept_all, {id, now_ms});
  if (!accepted) return propagate(std::move(accepted).error(), "accept the reports of a case");
  auto after = *value;
  if (after.state == CaseState::open) after.state = CaseState::triaged;
  auto done = finish_case_move(tx, context, *value, after,
                               {.kind = "case.reports_accepted",
                                .record = {},
                                .record_id = {},
                                .actor = actor.account_id,
                                .fields = {{"count", *accepted}}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return *accepted;
}

Result<Report> link_report(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const LinkMove& move) {
  auto report = begin(tx, actor, move.report, move.version);
  if (!report) return report;
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  if (report->case_id == move.case_id) return wrong_state("there", "there");
  if (report->state == ReportState::withdrawn || report->state == ReportState::rejected ||
      report->state == ReportState::closed || report->state == ReportState::answered) {
    return wrong_state(to_string(report->state), move.case_id ? "linked" : "accepted");
  }
  if (report->case_id) {
    auto removed = remove_member(tx, context, *report->case_id, move.report);
    if (removed) removed = index_case(tx, *report->case_id);
    if (!removed) return tl::unexpected<Error>{std::move(removed).error()};
  }
  auto after = *report;
  if (move.case_id) {
    auto target = load_case(tx, *move.case_id);
    if (!target) return tl::unexpected<Error>{std::move(target).error()};
    if (target->state == CaseState::closed) {
      return fail(ErrorCode::conflict, "the other case is closed", "case_closed");
    }
    auto added = add_member(tx, context, *move.case_id, move.report, *reason);
    if (added) added = index_case(tx, *move.case_id);
    if (!added) return tl::unexpected<Error>{std::move(added).error()};
    if (after.state == ReportState::accepted) after.state = ReportState::linked;
  } else if (after.state == ReportState::linked) {
    after.state = ReportState::accepted;
  }
  return finish(tx, context, *report, after,
                {.kind = move.case_id ? "report.linked" : "report.unlinked",
                 .record = {},
                 .record_id = {},
                 .case_id = move.case_id ? *move.case_id : report->case_id.value_or(CaseId{}),
                 .actor = actor.account_id,
                 .text = *reason});
}

Result<std::optional<std::string>> open_contact(store::Transaction& tx, const Context& context,
                                                const identity::Actor& actor, const ReportId& id) {
  auto allowed = require(actor, Action::report_triage);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto report = load_report(tx, id);
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  auto contact = open_contact_row(tx.query_one(sql_contact, {id}), context, contact_context(id));
  if (!contact || !contact->has_value()) return contact;
  auto event = record_event(tx, context,
                            {.kind = "report.contact_opened",
                             .record = "report",
                             .record_id = id.value,
                             .case_id = report->case_id.value_or(CaseId{}),
                             .actor = actor.account_id});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return contact;
}

}  // namespace khien::cases
