#include "api/json_cases.h"

#include "api/json_evidence.h"
#include "api/json_orders.h"

namespace khien::api {
namespace {

using codec::Json;
using identity::Action;

constexpr int reports_shown = 20;  // with a case; the rest by its own page
constexpr int orders_shown = 200;

void set_if(Json& out, std::string_view key, const std::optional<InstantMs>& value) {
  if (value) out.set(key, *value);
}

}  // namespace

Actions& Actions::add(Action action, bool possible, const identity::Facts& facts) {
  return add_unless(action, possible ? std::string_view{} : std::string_view{"wrong_state"}, facts);
}

Actions& Actions::add_unless(Action action, std::string_view obstacle,
                             const identity::Facts& facts) {
  const auto verdict = identity::may(*actor_, action, facts);
  const bool allowed = obstacle.empty() && verdict.allowed;
  // The person's right comes first: who may not do it at all is not told to wait for another state.
  const std::string_view reason = verdict.allowed ? obstacle : verdict.reason;
  items_.push_back(Json::object(
      {{"action", identity::to_string(action)}, {"allowed", allowed}, {"reason", reason}}));
  return *this;
}

Json category_json(const std::optional<Category>& category) {
  return category ? Json{khien::to_string(*category)} : Json{};
}

Json case_summary(const cases::Case& record, People& people) {
  auto out = Json::object({{"id", record.id.value},
                           {"number", record.number},
                           {"version", record.version},
                           {"title", record.title},
                           {"state", cases::to_string(record.state)},
                           {"category", category_json(record.category)},
                           {"score", nullptr},
                           {"report_count", record.report_count},
                           {"reports_waiting", record.reports_waiting},
                           {"subject_count", record.subject_count},
                           {"assignee", people.json(record.assignee)},
                           {"opened_at_ms", record.opened_at_ms},
                           {"changed_at_ms", record.changed_at_ms}});
  set_if(out, "due_at_ms", record.due_at_ms);
  if (record.due_kind) out.set("due_kind", cases::to_string(*record.due_kind));
  return out;
}

Json deadlines_json(const std::vector<cases::Deadline>& deadlines) {
  Json::Array items;
  for (const auto& deadline : deadlines) {
    items.push_back(Json::object({{"kind", cases::to_string(deadline.kind)},
                                  {"record", deadline.record},
                                  {"record_id", deadline.record_id},
                                  {"due_at_ms", deadline.due_at_ms}}));
  }
  return Json{std::move(items)};
}

Result<Json> case_whole(store::Executor& db, const identity::Actor& actor,
                        const cases::CaseId& id) {
  People people{db};
  auto record = cases::load_case(db, id);
  if (!record) return propagate(std::move(record).error(), "load case");
  auto out = case_summary(*record, people);

  auto subjects = cases::list_case_subjects(db, id);
  if (!subjects) return propagate(std::move(subjects).error(), "load subjects");
  Json::Array subject_items;
  for (const auto& subject : *subjects) subject_items.push_back(subject_json(subject));
  if (!subjects->empty()) out.set("main_subject", subjects->front().display);
  out.set("subjects", std::move(subject_items));

  auto reports = cases::list_case_reports(db, id, {.size = reports_shown});
  if (!reports) return propagate(std::move(reports).error(), "load reports");
  Json::Array report_items;
  for (const auto& report : reports->items) report_items.push_back(report_json(report, actor));
  out.set("reports", std::move(report_items));

  auto evidence = case_evidence(db, id, people);
  if (!evidence) return propagate(std::move(evidence).error(), "load evidence");
  out.set("evidence", std::move(*evidence));

  auto orders = cases::list_orders(db, {.case_id = id}, {.size = orders_shown});
  if (!orders) return propagate(std::move(orders).error(), "load orders");
  Json::Array order_items;
  for (const auto& order : orders->items) order_items.push_back(order_summary(order, people));
  out.set("orders", std::move(order_items));

  auto deadlines = cases::deadlines_of_case(db, id);
  if (!deadlines) return tl::unexpected<Error>{std::move(deadlines).error()};
  out.set("deadlines", deadlines_json(*deadlines));

  if (record->outcome) out.set("outcome", cases::to_string(*record->outcome));
  const bool closed = record->state == cases::CaseState::closed;
  out.set("actions", Actions{actor}
                         .add(Action::case_assign, !closed)
                         .add(Action::case_edit, !closed)
                         .add(Action::case_comment, true)
                         .add(Action::case_close, !closed)
                         .add(Action::case_reopen, closed)
                         .add(Action::evidence_add, !closed)
                         .add(Action::order_draft, !closed)
                         .add(Action::subject_verdict, true)
                         .take());
  return out;
}

Json report_json(const cases::Report& report, const identity::Actor& actor) {
  using cases::ReportState;
  auto out = Json::object({{"id", report.id.value},
                           {"version", report.version},
                           {"case_id", report.case_id ? Json{report.case_id->value} : Json{}},
                           {"state", cases::to_string(report.state)},
                           {"channel", cases::to_string(report.channel)},
                           {"text", report.text},
                           {"has_contact", report.has_contact},
                           {"received_at_ms", report.received_at_ms}});
  if (report.category) out.set("category", khien::to_string(*report.category));
  if (!report.reason.empty()) out.set("reason", report.reason);
  const bool waits = report.state == ReportState::received ||
                     report.state == ReportState::screening ||
                     report.state == ReportState::quarantined;
  const bool over = report.state == ReportState::closed || report.state == ReportState::withdrawn ||
                    report.state == ReportState::rejected;
  out.set("actions", Actions{actor}.add(Action::report_triage, waits || !over).take());
  return out;
}

Json subject_json(const cases::Subject& subject) {
  auto out = Json::object({{"id", subject.id.value},
                           {"kind", cases::to_string(subject.kind)},
                           {"value", subject.value},
                           {"display", subject.display},
                           {"verdict", cases::to_string(subject.verdict)},
                           {"version", subject.version},
                           {"case_count", subject.case_count}});
  if (!subject.verdict_reason.empty()) out.set("verdict_reason", subject.verdict_reason);
  set_if(out, "verdict_until_ms", subject.verdict_until_ms);
  return out;
}

Json event_json(const cases::Event& event, People& people) {
  return Json::object({{"id", std::to_string(event.id)},
                       {"at_ms", event.at_ms},
                       {"kind", event.kind},
                       {"actor", people.json(event.actor)},
                       {"text", event.text},
                       {"record_id", event.record_id}});
}

}  // namespace khien::api
