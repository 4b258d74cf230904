#include "api/block_listener.h"

#include "api/public_pages.h"
#include "api/services.h"
#include "text/host.h"

namespace khien::api {
namespace {

using http::Request;
using http::Response;

constexpr int status_blocked = 451;      // RFC 7725
constexpr int status_misdirected = 421;  // RFC 9110 section 15.5.20

/// The name in the Host field, without its port.
Result<std::string> asked_host(const Request& request) {
  auto host = request.headers.find("Host").value_or("");
  return text::normalise_host(host.substr(0, host.rfind(':')));
}

Result<Response> page(const Services& services, const Request& request) {
  auto name = asked_host(request);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  Reading reading{services, request};
  reading.remember = false;  // a cookie would be the blocked site's
  reading.home = services.public_url;
  reading.path = "/l/" + *name;
  auto view = block_page(reading, *name);
  if (!view) return tl::unexpected<Error>{std::move(view).error()};
  const bool is_blocked = !view->orders.empty() || !view->listings.empty();
  auto response = html(reading, request, is_blocked ? status_blocked : status_misdirected,
                       services.site.block(reading.reader(), *view));
  if (is_blocked) {
    response.headers.set("Link", "<" + services.public_url + "/>; rel=\"blocked-by\"");
  }
  return response;
}

}  // namespace

Routes block_listener_routes(const Services& services) {
  Routes routes;
  add_asset_pages(routes);
  for (const auto* path : {"/", "/{rest...}"}) {
    http::Route route;
    route.method = http::Method::get;
    route.path = path;
    route.permission = "public";
    route.rate_class = "read";
    route.handler = [&services](const Request& request) {
      auto response = page(services, request);
      if (response) return std::move(*response);
      return http::problem(response.error(), status_misdirected);
    };
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace khien::api
