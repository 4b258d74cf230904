#include "api/handler.h"

#include <any>
#include <charconv>

#include "api/services.h"
#include "base/assert.h"
#include "base/log.h"

namespace khien::api {
namespace {

constexpr std::size_t json_body_size_max = http::body_size_default_max;

http::Route route_of(const Services& services, http::Method method, std::string path,
                     Handle handle) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.handler = bind(services, handle);
  return route;
}

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
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

const identity::Actor& actor_of(const http::Request& request) {
  const auto* actor = std::any_cast<identity::Actor>(&request.actor);
  KHIEN_ASSERT(actor != nullptr);  // the gate lets nobody else through to an officer's route
  return *actor;
}

Result<codec::Json> body_of(const http::Request& request) {
  const auto type = request.headers.find("Content-Type").value_or("");
  if (!type.starts_with("application/json")) {
    return fail(ErrorCode::malformed, "the body must be application/json", "not_json");
  }
  auto body = codec::Json::parse(request.body, {.size_max = json_body_size_max, .depth_max = 8});
  if (!body) return propagate(std::move(body).error(), "read the body");
  if (!body->is_object()) {
    return fail(ErrorCode::malformed, "the body must be a JSON object", "not_json");
  }
  return body;
}

Result<cases::PageRequest> page_of(const http::Request& request) {
  cases::PageRequest page;
  if (const auto cursor = request.query_value("cursor")) {
    if (!read_number(*cursor, page.before.emplace())) {
      return fail(ErrorCode::invalid_argument, "cursor is not one of ours", "bad_cursor");
    }
  }
  if (const auto limit = request.query_value("limit")) {
    if (!read_number(*limit, page.size) || page.size < 1 || page.size > cases::page_size_max) {
      return fail(ErrorCode::invalid_argument, "limit must be 1 to 200", "bad_limit");
    }
  }
  return page;
}

std::string query_of(const http::Request& request, std::string_view name) {
  return std::string{request.query_value(name).value_or("")};
}

http::Response json(int status, const codec::Json& value) {
  return http::respond(status, "application/json", value.dump());
}

http::Response json_page(codec::Json::Array items, std::optional<std::int64_t> next) {
  return json(200, codec::Json::object(
                       {{"items", codec::Json{std::move(items)}},
                        {"next_cursor", next ? codec::Json{std::to_string(*next)} : nullptr}}));
}

}  // namespace khien::api
