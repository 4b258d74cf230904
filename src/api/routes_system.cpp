#include "api/routes_system.h"

#include "api/handler.h"
#include "api/health.h"
#include "http/static_files.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;

http::Route plain_route(std::string path, std::string permission, std::string rate_class,
                        http::Handler handler) {
  return {.method = Method::get,
          .path = std::move(path),
          .handler = std::move(handler),
          .permission = std::move(permission),
          .rate_class = std::move(rate_class)};
}

Response health_response(const Services& services, Health& health) {
  const auto report = health.report();
  Json checks = Json::object();
  for (const auto& [part, state] : report.parts) checks.set(part, state.words);
  return json(report.condition == Condition::down ? 503 : 200,
              Json::object({{"status", to_string(report.condition)},
                            {"build", services.build},
                            {"checks", std::move(checks)}}));
}

/// The app is one page that reads its own path: whatever is no file is that page.
Response app_response(const http::StaticFiles& files, const Request& request) {
  const auto path = request.parameter("path");
  if (!path.empty()) {
    auto response = files.serve(request, path);
    const bool names_a_file = path.substr(path.rfind('/') + 1).find('.') != std::string_view::npos;
    if (response.status != 404 || names_a_file) return response;
  }
  return files.serve(request, "index.html");
}

}  // namespace

void add_system_routes(std::vector<http::Route>& routes, const Services& services, Health& health,
                       const SystemRoutes& options) {
  routes.push_back(plain_route("/healthz", "public", "",
                               [&](const Request&) { return health_response(services, health); }));
  routes.push_back(plain_route("/metrics", "local", "", [&services](const Request&) {
    return http::respond(200, "text/plain; version=0.0.4", services.metrics.exposition());
  }));
  if (!options.ledger.empty()) {
    const http::StaticFiles files{{.root = options.ledger}};
    routes.push_back(plain_route("/ledger/checkpoint", "public", "page", [files](const Request& r) {
      auto response = files.serve(r, "checkpoint");
      if (response.status == 200) {
        response.headers.set("Content-Type", "text/plain; charset=utf-8");
      }
      return response;
    }));
    // A full tile never changes; a partial one is replaced by a larger one under another name
    // (C2SP tlog-tiles), so both may be kept.
    const http::StaticFiles tiles{{.root = options.ledger / "tile",
                                   .immutable_prefixes = {""},
                                   .content_type = "application/octet-stream"}};
    routes.push_back(
        plain_route("/ledger/tile/{path...}", "public", "page",
                    [tiles](const Request& r) { return tiles.serve(r, r.parameter("path")); }));
  }
  if (!options.web.empty()) {
    const http::StaticFiles app{{.root = options.web, .immutable_prefixes = {"assets/"}}};
    routes.push_back(plain_route("/app/{path...}", "public", "page",
                                 [app](const Request& r) { return app_response(app, r); }));
    routes.push_back(plain_route("/app", "public", "page",
                                 [](const Request&) { return http::see_other("/app/"); }));
  }
}

}  // namespace khien::api
