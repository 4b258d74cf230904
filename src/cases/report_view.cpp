// The reporter's view, by code (report.h).
#include <algorithm>
#include <array>

#include "cases/deadline_rows.h"
#include "cases/membership.h"
#include "cases/record.h"
#include "cases/report.h"
#include "cases/report_rows.h"
#include "cases/url_target.h"
#include "text/host.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 7> step_words{"received", "accepted", "rejected", "blocked",
                                                     "lifted",   "closed",   "withdrawn"};

constexpr std::string_view sql_by_code = "SELECT id FROM report WHERE code_hash = $1";
constexpr std::string_view sql_times = R"(
SELECT r.accepted_at_ms,
  (SELECT max(e.at_ms) FROM case_event e WHERE e.record_id = r.id AND e.kind = 'report.rejected'),
  (SELECT max(e.at_ms) FROM case_event e WHERE e.record_id = r.id AND e.kind = 'report.withdrawn'),
  (SELECT max(e.at_ms) FROM case_event e WHERE e.record_id = m.case_id
     AND e.kind = 'case.closed'), c.number
FROM report r
LEFT JOIN case_report m ON m.report_id = r.id AND m.unlinked_at_ms IS NULL
LEFT JOIN case_file c ON c.id = m.case_id
WHERE r.id = $1)";
constexpr std::string_view sql_hosts = R"(
SELECT s.value FROM report_subject m JOIN subject s ON s.id = m.subject_id
WHERE m.report_id = $1 AND s.kind IN ('host', 'domain', 'url'))";
constexpr std::string_view sql_orders = R"(
SELECT o.id, o.name, CASE WHEN o.target = 'name' THEN o.scope ELSE o.target END, o.valid_from_ms, o.ended_at_ms FROM block_order o
WHERE o.case_id = $1 AND o.valid_from_ms IS NOT NULL ORDER BY o.valid_from_ms LIMIT 200)";
constexpr std::string_view sql_withdraw = R"(
UPDATE report SET state = 'withdrawn', change_sequence = $3, version = version + 1
WHERE id = $1 AND version = $2)";
constexpr std::string_view sql_forget_contact = "DELETE FROM report_contact WHERE report_id = $1";

Result<Report> find_by_code(store::Executor& db, std::string_view code) {
  auto hash = hash_of_code(code);
  if (!hash) return tl::unexpected<Error>{std::move(hash).error()};
  auto row = db.query_one(sql_by_code, {*hash});
  if (!row) return propagate(std::move(row).error(), "look up a code");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such code", "unknown_code");
  return load_report(db, ReportId{(*row)->text(0)});
}

/// Whether an order on `name` reaches what a report names: a host, a domain, or a page.
bool concerns(std::string_view subject, std::string_view name, std::string_view scope) {
  if (scope == to_string(Scope::url)) {
    const auto targets = url_targets_covering(subject);
    return std::ranges::find(targets, name) != targets.end();
  }
  return scope == "domain" ? text::is_at_or_below(subject, name) : subject == name;
}

// The orders about the report's own names: a campaign has many that this reporter never saw.
Result<void> add_orders(store::Executor& db, const Report& report, ReporterView& view) {
  if (!report.case_id) return {};
  auto hosts = db.query(sql_hosts, {report.id});
  if (!hosts) return propagate(std::move(hosts).error(), "list a report's hosts");
  auto orders = db.query(sql_orders, {*report.case_id});
  if (!orders) return propagate(std::move(orders).error(), "list the orders of a report");
  for (const auto& order : *orders) {
    const bool mine = std::any_of(hosts->begin(), hosts->end(), [&](const store::Row& subject) {
      return concerns(subject.text(0), order.text(1), order.text(2));
    });
    if (!mine) continue;
    view.orders.push_back(OrderId{order.text(0)});
    view.steps.push_back({ReporterStepKind::blocked, order.integer(3)});
    if (const auto ended = order.optional_integer(4)) {
      view.steps.push_back({ReporterStepKind::lifted, *ended});
    }
  }
  return {};
}

Result<ReporterView> view_of(store::Executor& db, const Report& report) {
  auto row = db.query_one(sql_times, {report.id});
  if (!row) return propagate(std::move(row).error(), "read the steps of a report");
  ReporterView view{.state = report.state,
                    .received_at_ms = report.received_at_ms,
                    .reason = report.state == ReportState::rejected ? report.reason : "",
                    .case_number = (*row)->optional_text(4).value_or(""),
                    .can_withdraw = may_move(report.state, ReportState::withdrawn),
                    .steps = {{ReporterStepKind::received, report.received_at_ms}},
                    .orders = {}};
  const auto add = [&](ReporterStepKind kind, std::optional<InstantMs> at_ms) {
    if (at_ms) view.steps.push_back({kind, *at_ms});
  };
  add(ReporterStepKind::accepted, (*row)->optional_integer(0));
  add(ReporterStepKind::rejected, (*row)->optional_integer(1));
  add(ReporterStepKind::withdrawn, (*row)->optional_integer(2));
  auto done = add_orders(db, report, view);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (report.state == ReportState::answered || report.state == ReportState::closed) {
    add(ReporterStepKind::closed, (*row)->optional_integer(3));
  }
  std::stable_sort(view.steps.begin(), view.steps.end(),
                   [](const ReporterStep& a, const ReporterStep& b) { return a.at_ms < b.at_ms; });
  return view;
}

}  // namespace

std::string_view to_string(ReporterStepKind kind) noexcept {
  return step_words[static_cast<std::size_t>(kind)];
}

Result<ReporterView> report_status(store::Executor& db, std::string_view code) {
  auto report = find_by_code(db, code);
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  return view_of(db, *report);
}

Result<ReporterView> withdraw_report(store::Transaction& tx, const Context& context,
                                     std::string_view code) {
  auto report = find_by_code(tx, code);
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  if (!may_move(report->state, ReportState::withdrawn)) {
    return wrong_state(to_string(report->state), "withdrawn");
  }
  auto event = record_event(tx, context,
                            {.kind = "report.withdrawn",
                             .record = "report",
                             .record_id = report->id.value,
                             .case_id = report->case_id.value_or(CaseId{}),
                             .before = to_string(report->state),
                             .after = "withdrawn"});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  auto done = tx.execute(sql_withdraw, {report->id, report->version, *event});
  if (!done) return propagate(std::move(done).error(), "withdraw a report");
  done = tx.execute(sql_forget_contact, {report->id});
  if (!done) return propagate(std::move(done).error(), "forget a contact");
  auto closed = close_deadlines(tx, context, report->id.value);
  if (closed && report->case_id) {
    closed = remove_member(tx, context, *report->case_id, report->id);
    if (closed) closed = index_case(tx, *report->case_id);
  }
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  auto after = load_report(tx, report->id);
  if (!after) return tl::unexpected<Error>{std::move(after).error()};
  return view_of(tx, *after);
}

}  // namespace khien::cases
