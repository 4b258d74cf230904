// What resolvers report (docs/formats/resolver-report.md), and what officers see of it: how often
// an order was applied, and names that resolvers have begun to see.
#include "api/gate.h"
#include "api/handler.h"
#include "api/input.h"
#include "api/routes.h"
#include "api/services.h"
#include "base/log.h"
#include "cases/order.h"
#include "tally/intake.h"
#include "tally/new_names.h"
#include "tally/order_hits.h"
#include "text/host.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;

constexpr std::size_t search_size_max = 200;  // octets

tally::Context context_of(const Services& services) {
  return {.clock = services.clock, .rng = services.rng};
}

Metric& reports_counter(const Services& services, std::string_view labels) {
  return services.metrics.counter("khien_resolver_reports_total",
                                  "Reports of resolvers by what became of them", labels);
}
Metric& left_out_counter(const Services& services) {
  return services.metrics.counter("khien_resolver_rows_left_out_total",
                                  "Rows of resolvers' reports that found no room or tell too much");
}

Result<tally::Intake> take(const Services& services, const std::string& resolver,
                           std::string_view body) {
  auto report = tally::parse_report(body, services.clock.now_ms());
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  return services.database.transact(
      [&](store::Transaction& tx) { return tally::take_report(tx, resolver, *report); });
}

Response answer_report(const Services& services, const std::string& resolver,
                       std::string_view body) {
  auto taken = take(services, resolver, body);
  if (!taken) {
    reports_counter(services, "result=\"refused\"").add();
    KHIEN_LOG(warning, "resolver_report_refused", {"resolver", resolver},
              {"reason", taken.error().reason}, {"why", taken.error().message});
    return http::problem(taken.error());
  }
  left_out_counter(services).add(taken->left_out);
  reports_counter(services, taken->known ? "result=\"known\"" : "result=\"kept\"").add();
  if (!taken->known) return http::no_content();
  Response known;  // 200 without a body: it was kept before
  return known;
}

/// A megabyte is gathered for who has a key, and for nobody else: the gate is asked before.
class ReportUpload final : public http::Upload {
 public:
  ReportUpload(const Services& services, std::string resolver)
      : services_(services), resolver_(std::move(resolver)) {}
  Result<void> write(Bytes data) override {
    if (data.size() > tally::report_size_max - body_.size()) {
      return fail(ErrorCode::limit_exceeded, "a report is larger than allowed", "body_too_large");
    }
    body_ += as_text(data);
    return {};
  }
  Response finish() override { return answer_report(services_, resolver_, body_); }

 private:
  const Services& services_;
  std::string resolver_;
  std::string body_;
};

http::Route report_route(const Services& services) {
  http::Route route;
  route.method = Method::post;
  route.path = "/api/v1/resolver-reports";
  route.permission = "resolver";
  route.rate_class = "resolver";
  route.body_size_max = tally::report_size_max;
  route.upload =
      [&services](const Request& request) -> std::variant<Response, std::unique_ptr<http::Upload>> {
    if (!request.headers.find("Content-Type").value_or("").starts_with("application/json")) {
      return http::problem({.code = ErrorCode::malformed,
                            .message = "the body must be application/json",
                            .reason = "not_json"});
    }
    return std::make_unique<ReportUpload>(services, resolver_of(request).name);
  };
  return route;
}

Result<Response> get_order_hits(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<cases::OrderId>("order_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    if (auto order = cases::load_order(db, id); !order) {
      return tl::unexpected<Error>{std::move(order).error()};
    }
    auto hits = tally::order_hits(db, context_of(services), id);
    if (!hits) return tl::unexpected<Error>{std::move(hits).error()};
    Json::Array days;
    for (const auto& day : hits->days) {
      days.push_back(Json::object({{"from_ms", day.from_ms}, {"hits", day.hits}}));
    }
    auto out = Json::object(
        {{"total", hits->total}, {"days", Json{std::move(days)}}, {"resolvers", hits->resolvers}});
    if (hits->last_ms) out.set("last_hour_ms", *hits->last_ms);
    return json(200, out);
  });
}

Json seen_name_json(const tally::SeenName& name) {
  Json::Array resolvers;
  for (const auto& resolver : name.resolvers) resolvers.emplace_back(resolver);
  return Json::object({{"name", name.name},
                       {"display", text::host_for_display(name.name)},
                       {"first_told_ms", name.first_ms},
                       {"resolvers", Json{std::move(resolvers)}},
                       {"networks", name.networks}});
}

Result<Response> list_new_names(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  const auto written = in.query("q");
  if (written.size() > search_size_max) {
    in.refuse({ErrorCode::invalid_argument, "q is too long", "bad_field"});
  }
  if (!in.ok()) return in.error();
  // A whole name in Vietnamese letters is looked for as it stands in DNS; a part of one as it is.
  const auto host = text::host_from(written);
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = tally::list_new_names(db, host ? *host : written, page);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array items;
    for (const auto& name : found->items) items.push_back(seen_name_json(name));
    return json_page(std::move(items), found->next);
  });
}

}  // namespace

void add_tally_routes(Routes& routes, const Services& services) {
  routes.push_back(report_route(services));
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "orders/{order_id}/hits", "order.read", get_order_hits);
  add(Method::get, "new-names", "new_name.read", list_new_names);
}

}  // namespace khien::api
