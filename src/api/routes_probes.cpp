// What probes are given (docs/formats/probe-work.md) and what they tell (docs/formats/
// probe-results.md). Behind a probe's signature; no session opens these.
#include "api/routes_probes.h"
#include "api/gate.h"
#include "api/handler.h"
#include "api/services.h"
#include "base/log.h"
#include "probe/khiend_client.h"
#include "providers/intake.h"

namespace khien::api {
namespace {

using http::Method;
using http::Request;
using http::Response;

Metric& statements_counter(const Services& services, std::string_view labels) {
  return services.metrics.counter("khien_probe_statements_total",
                                  "Statements of probes by what became of them", labels);
}
Metric& changes_counter(const Services& services) {
  return services.metrics.counter("khien_provider_verdicts_changed_total",
                                  "Verdicts about orders at providers that a statement changed");
}

Result<Response> get_work(const Services& services, const Request& request) {
  auto work = services.database.transact([&](store::Transaction& tx) {
    return providers::make_work(tx, providers_context(services), reporter_of(request),
                                services.probe_work);
  });
  if (!work) return tl::unexpected<Error>{std::move(work).error()};
  return json(200, to_json(*work));
}

Result<providers::Intake> take(const Services& services, const providers::Reporter& reporter,
                               std::string_view body) {
  auto statement = probe::parse_statement(body);
  if (!statement) return tl::unexpected<Error>{std::move(statement).error()};
  return services.database.transact([&](store::Transaction& tx) {
    return providers::take_statement(tx, providers_context(services), reporter,
                                     {.statement = *statement, .body = body}, services.probe_work,
                                     services.probe_askers);
  });
}

Response answer_statement(const Services& services, const providers::Reporter& reporter,
                          std::string_view body) {
  auto taken = take(services, reporter, body);
  if (!taken) {
    statements_counter(services, "result=\"refused\"").add();
    KHIEN_LOG(warning, "probe_statement_refused", {"probe", reporter.probe.value},
              {"reason", taken.error().reason}, {"why", taken.error().message});
    return http::problem(taken.error());
  }
  changes_counter(services).add(taken->changed);
  statements_counter(services, taken->known ? "result=\"known\"" : "result=\"kept\"").add();
  if (!taken->known) return http::no_content();
  Response known;  // 200 without a body: it was kept before
  return known;
}

/// A megabyte is gathered for who has a key, and for nobody else: the gate is asked before.
class StatementUpload final : public http::Upload {
 public:
  StatementUpload(const Services& services, providers::Reporter reporter)
      : services_(services), reporter_(std::move(reporter)) {}
  Result<void> write(Bytes data) override {
    if (data.size() > probe::statement_size_max - body_.size()) {
      return fail(ErrorCode::limit_exceeded, "a statement is larger than allowed",
                  "body_too_large");
    }
    body_ += as_text(data);
    return {};
  }
  Response finish() override { return answer_statement(services_, reporter_, body_); }

 private:
  const Services& services_;
  providers::Reporter reporter_;
  std::string body_;
};

}  // namespace

void add_probe_routes(Routes& routes, const Services& services) {
  http::Route work;
  work.method = Method::get;
  work.path = probe::work_path;
  work.permission = "probe";
  work.rate_class = "probe";
  work.handler = bind(services, get_work);
  routes.push_back(std::move(work));

  http::Route results;
  results.method = Method::post;
  results.path = probe::results_path;
  results.permission = "probe";
  results.rate_class = "probe";
  results.body_size_max = probe::statement_size_max;
  results.upload =
      [&services](const Request& request) -> std::variant<Response, std::unique_ptr<http::Upload>> {
    if (!request.headers.find("Content-Type").value_or("").starts_with("application/json")) {
      return http::problem({.code = ErrorCode::malformed,
                            .message = "the body must be application/json",
                            .reason = "not_json"});
    }
    return std::make_unique<StatementUpload>(services, reporter_of(request));
  };
  routes.push_back(std::move(results));
}

}  // namespace khien::api
