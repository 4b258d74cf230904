#include "api/handler.h"

#include "api/gate.h"
#include "api/services.h"
#include "base/log.h"

namespace khien::api {
namespace {

http::Route route_of(const Services& services, http::Method method, std::string path,
                     Handle handle) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.handler = bind(services, handle);
  return route;
}

}  // namespace

http::Handler bind(const Services& services, Handle handle) {
  return [&services, handle](const http::Request& request) {
    auto response = handle(services, request);
    if (response) return std::move(*response);
    const Error& error = response.error();
    if (error.code == ErrorCode::internal || error.code == ErrorCode::corrupt) {
      KHIEN_LOG(error, "request_failed", {"code", to_string(error.code)},
                {"message", error.message});
    }
    return http::problem(error);
  };
}

http::Route officer_route(const Services& services, http::Method method, std::string path,
                          std::string permission, Handle handle) {
  auto route = route_of(services, method, std::move(path), handle);
  route.permission = std::move(permission);
  route.csrf = method == http::Method::get ? http::Csrf::not_required : http::Csrf::required;
  return route;
}

http::Route public_route(const Services& services, http::Method method, std::string path,
                         std::string rate_class, Handle handle) {
  auto route = route_of(services, method, std::move(path), handle);
  route.permission = "public";
  route.rate_class = std::move(rate_class);
  return route;
}

const identity::Actor& actor_of(const http::Request& request) { return person_of(request).actor; }

http::Response json(int status, const codec::Json& value) {
  return http::respond(status, "application/json", value.dump());
}

http::Response json_page(codec::Json::Array items, std::optional<std::int64_t> next) {
  return json(200, codec::Json::object(
                       {{"items", codec::Json{std::move(items)}},
                        {"next_cursor", next ? codec::Json{std::to_string(*next)} : nullptr}}));
}

}  // namespace khien::api
