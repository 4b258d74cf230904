// How a route's handler looks here: it parses, calls one domain function, writes JSON. Handlers are
// plain functions that return Result; bind() turns them into what the router wants and every error
// into a Problem. Rights in general are checked by the gate from Route::permission before a handler
// runs; rights that depend on the record are the domain function's.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "codec/json.h"
#include "http/message.h"
#include "http/router.h"
#include "identity/actor.h"

namespace khien::api {

struct Services;

using Handle = Result<http::Response> (*)(const Services&, const http::Request&);

/// `services` is borrowed for the life of the route table.
[[nodiscard]] http::Handler bind(const Services& services, Handle handle);

/// A route behind a session: reading needs no CSRF token, everything else does.
[[nodiscard]] http::Route officer_route(const Services& services, http::Method method,
                                        std::string path, std::string permission, Handle handle);
/// What adds officer_route()s below /api/v1/ to `routes`: add(method, path, permission, handle).
[[nodiscard]] inline auto officer_routes_into(std::vector<http::Route>& routes,
                                              const Services& services) {
  return [&](http::Method method, const std::string& path, std::string permission, Handle handle) {
    routes.push_back(
        officer_route(services, method, "/api/v1/" + path, std::move(permission), handle));
  };
}
/// A route for everybody, limited by `rate_class` (rates.h of the server's set-up names them).
[[nodiscard]] http::Route public_route(const Services& services, http::Method method,
                                       std::string path, std::string rate_class, Handle handle);

/// Who asks: left by the gate. Only in officer_route handlers.
[[nodiscard]] const identity::Actor& actor_of(const http::Request& request);

[[nodiscard]] http::Response json(int status, const codec::Json& value);
/// {"items": […], "next_cursor": "…"|null}
[[nodiscard]] http::Response json_page(codec::Json::Array items, std::optional<std::int64_t> next);

}  // namespace khien::api
