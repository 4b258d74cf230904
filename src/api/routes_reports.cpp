// Reports: taken from anybody, followed by code, screened by officers.
#include "api/handler.h"
#include "api/input.h"
#include "api/json_cases.h"
#include "api/json_orders.h"
#include "api/routes.h"
#include "api/services.h"

namespace khien::api {
namespace {

using cases::ReportId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;

Result<Json> reporter_view(store::Executor& db, const cases::ReporterView& view) {
  Json::Array steps;
  for (const auto& step : view.steps) {
    steps.push_back(Json::object({{"step", cases::to_string(step.kind)}, {"at_ms", step.at_ms}}));
  }
  Json::Array orders;
  for (const auto& id : view.orders) {
    auto entry = cases::load_register_entry(db, id);
    if (!entry) return propagate(std::move(entry).error(), "load the register entry");
    orders.push_back(register_entry(*entry));
  }
  auto out = Json::object({{"state", cases::to_string(view.state)},
                           {"received_at_ms", view.received_at_ms},
                           {"case_number", view.case_number},
                           {"can_withdraw", view.can_withdraw},
                           {"steps", Json{std::move(steps)}},
                           {"orders", Json{std::move(orders)}}});
  if (!view.reason.empty()) out.set("reason", view.reason);
  return out;
}

Result<Response> status(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto view = cases::report_status(db, code);
    if (!view) return tl::unexpected<Error>{std::move(view).error()};
    auto out = reporter_view(db, *view);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

Result<Response> withdraw(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto view = cases::withdraw_report(tx, services.cases, code);
    if (!view) return tl::unexpected<Error>{std::move(view).error()};
    auto out = reporter_view(tx, *view);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

Result<Response> list_of_case(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<cases::CaseId>("case_id");
  const auto page = in.page();
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_case_reports(db, id, page);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array items;
    for (const auto& report : found->items) {
      items.push_back(report_json(report, actor_of(request)));
    }
    return json_page(std::move(items), found->next);
  });
}

std::optional<cases::TriageDecision> parse_decision(std::string_view word) {
  if (word == "accept") return cases::TriageDecision::accept;
  if (word == "reject") return cases::TriageDecision::reject;
  if (word == "quarantine") return cases::TriageDecision::quarantine;
  return std::nullopt;
}

Result<Response> triage(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::TriageMove move{.report = in.id<ReportId>("report_id"),
                         .version = in.integer("version"),
                         .decision = in.one_of(in.text("decision"), parse_decision, "bad_decision"),
                         .reason = in.optional_text("reason").value_or("")};
  move.category = in.optional_one_of(in.optional_text("category"), parse_category, "no_category");
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = cases::triage_report(tx, services.cases, actor_of(request), move);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    return json(200, report_json(*done, actor_of(request)));
  });
}

Result<Response> link(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const cases::LinkMove move{.report = in.id<ReportId>("report_id"),
                             .version = in.integer("version"),
                             .case_id = in.optional_id_at<cases::CaseId>("case_id"),
                             .reason = in.text("reason")};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = cases::link_report(tx, services.cases, actor_of(request), move);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    return json(200, report_json(*done, actor_of(request)));
  });
}

}  // namespace

void add_report_routes(Routes& routes, const Services& services) {
  routes.push_back(public_route(services, Method::post, "/api/v1/reports/status", "code", status));
  routes.push_back(
      public_route(services, Method::post, "/api/v1/reports/withdraw", "code", withdraw));
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "cases/{case_id}/reports", "report.read", list_of_case);
  add(Method::post, "reports/{report_id}/triage", "report.triage", triage);
  add(Method::post, "reports/{report_id}/link", "report.triage", link);
}

}  // namespace khien::api
