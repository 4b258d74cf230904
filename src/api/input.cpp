#include "api/input.h"

#include <charconv>

#include "http/router.h"

namespace khien::api {
namespace {

constexpr std::size_t body_depth_max = 8;

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

Result<codec::Json> read_body(const http::Request& request) {
  const auto type = request.headers.find("Content-Type").value_or("");
  if (!type.starts_with("application/json")) {
    return fail(ErrorCode::malformed, "the body must be application/json", "not_json");
  }
  auto body = codec::Json::parse(
      request.body, {.size_max = http::body_size_default_max, .depth_max = body_depth_max});
  if (!body) return propagate(std::move(body).error(), "read the body");
  if (!body->is_object()) return fail(ErrorCode::malformed, "the body is no object", "not_json");
  return body;
}

}  // namespace

Input::Input(const http::Request& request, Body body) : request_(&request) {
  if (body == Body::none) return;
  auto read = read_body(request);
  if (read) {
    body_ = std::move(*read);
  } else {
    refuse(std::move(read).error());
  }
}

void Input::refuse(Error error) {
  if (!error_) error_ = std::move(error);
}

std::string Input::query(std::string_view name) const {
  return std::string{request_->query_value(name).value_or("")};
}

std::int64_t Input::query_number(std::string_view name, const Bounds& bounds) {
  const auto word = request_->query_value(name);
  if (!word) return bounds.usual;
  std::int64_t value = 0;
  if (!read_number(*word, value) || value < bounds.least || value > bounds.most) {
    refuse({ErrorCode::invalid_argument,
            std::string{name} + " must be " + std::to_string(bounds.least) + " to " +
                std::to_string(bounds.most),
            "bad_field"});
    return bounds.usual;
  }
  return value;
}

cases::PageRequest Input::page() {
  cases::PageRequest page;
  if (const auto cursor = request_->query_value("cursor")) {
    if (!read_number(*cursor, page.before.emplace())) {
      refuse({ErrorCode::invalid_argument, "cursor is not one of ours", "bad_cursor"});
    }
  }
  if (const auto limit = request_->query_value("limit")) {
    if (!read_number(*limit, page.size) || page.size < 1 || page.size > cases::page_size_max) {
      refuse({ErrorCode::invalid_argument, "limit must be 1 to 200", "bad_limit"});
    }
  }
  return page;
}

}  // namespace khien::api
