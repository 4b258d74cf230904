#include "http/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace khien::http {
namespace {

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array<MethodName, 6> method_names{{{Method::get, "GET"},
                                                  {Method::head, "HEAD"},
                                                  {Method::post, "POST"},
                                                  {Method::put, "PUT"},
                                                  {Method::patch, "PATCH"},
                                                  {Method::del, "DELETE"}}};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// RFC 9110 section 5.6.2.
bool is_token_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// `text` as the inside of a JSON string. Octets above 127 pass: our messages are UTF-8.
std::string json_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  for (const auto& known : method_names) {
    if (known.method == method) return known.name;
  }
  return "OTHER";
}

Method parse_method(std::string_view text) noexcept {
  for (const auto& known : method_names) {
    if (known.name == text) return known.method;
  }
  return Method::other;
}

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) noexcept {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return std::nullopt;
}

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : fields_) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(fields_, [&](const auto& f) { return same_name(f.first, name); }));
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.emplace_back(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [&](const auto& field) { return same_name(field.first, name); });
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

std::string_view Request::parameter(std::string_view name) const noexcept {
  return find_field(parameters, name).value_or(std::string_view{});
}

std::optional<std::string_view> Request::query_value(std::string_view name) const noexcept {
  return find_field(query, name);
}

std::optional<std::string_view> Request::cookie(std::string_view name) const noexcept {
  return find_field(cookies, name);
}

Response respond(int status, std::string_view content_type, std::string body) {
  Response response;
  response.status = status;
  response.headers.set("Content-Type", content_type);
  response.body = std::move(body);
  return response;
}

Response no_content() {
  Response response;
  response.status = 204;
  return response;
}

Response see_other(std::string_view location) {
  Response response;
  response.status = 303;
  response.headers.set("Location", location);
  return response;
}

Response problem(const Error& error, int status) {
  const bool ours = error.code == ErrorCode::internal || error.code == ErrorCode::corrupt;
  // Both arms as views: of a literal and a string the compiler would make a string that ends here.
  const std::string_view message =
      ours ? std::string_view{"something went wrong on our side"} : std::string_view{error.message};
  return respond(
      status != 0 ? status : http_status(error.code), "application/json",
      fmt::format(R"({{"code":"{}","reason":"{}","message":"{}"}})", to_string(error.code),
                  json_escaped(error.reason), json_escaped(message)));
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

bool is_writable_header(std::string_view name, std::string_view value) noexcept {
  const auto is_control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  };
  return !name.empty() && std::ranges::all_of(name, is_token_char) &&
         std::ranges::none_of(value, is_control);
}

}  // namespace khien::http
