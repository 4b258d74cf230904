#include "http/range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace khien::http {
namespace {

constexpr std::string_view unit = "bytes=";

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// All of `text` as a number; nullopt for what is none or more than 64 bits.
std::optional<std::uint64_t> number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::uint64_t size_of(const Response& response) noexcept {
  return response.file ? response.file->size : response.body.size();
}

/// The condition of section 13.1.5; only a strong ETag can hold.
bool if_range_holds(const Request& request, const Response& response) {
  const auto wanted = request.headers.find("If-Range");
  if (!wanted) return true;
  const auto etag = response.headers.find("ETag");
  return etag && !etag->starts_with("W/") && *wanted == *etag;
}

void cut(Response& response, const ByteRange& range) {
  const auto size = range.last - range.first + 1;
  if (response.file) {
    response.file->offset += range.first;
    response.file->size = size;
    return;
  }
  response.body =
      response.body.substr(static_cast<std::size_t>(range.first), static_cast<std::size_t>(size));
}

}  // namespace

ParsedRange parse_range(std::string_view header, std::uint64_t size) noexcept {
  if (header.size() < unit.size() || !same_name(header.substr(0, unit.size()), unit)) return {};
  const auto spec = trimmed(header.substr(unit.size()));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  const auto first = number(spec.substr(0, dash));
  const auto last = number(spec.substr(dash + 1));
  const bool has_last = dash + 1 < spec.size();
  if (dash == 0) {  // the last so many octets
    if (!last) return {};
    if (*last == 0 || size == 0) return {.wanted = RangeWanted::unsatisfiable};
    return {.wanted = RangeWanted::part,
            .range = {.first = size - std::min(*last, size), .last = size - 1}};
  }
  if (!first || (has_last && !last) || (last && *last < *first)) return {};
  if (*first >= size) return {.wanted = RangeWanted::unsatisfiable};
  return {.wanted = RangeWanted::part,
          .range = {.first = *first, .last = std::min(last.value_or(size - 1), size - 1)}};
}

void apply_range(const Request& request, Response& response) {
  if (response.status != 200) return;
  response.headers.set("Accept-Ranges", "bytes");
  const auto header = request.headers.find("Range");
  if (!header || request.method != Method::get || !if_range_holds(request, response)) return;
  const auto size = size_of(response);
  const auto parsed = parse_range(*header, size);
  if (parsed.wanted == RangeWanted::whole) return;
  if (parsed.wanted == RangeWanted::unsatisfiable) {
    auto refused = problem({.code = ErrorCode::invalid_argument,
                            .message = fmt::format("there are {} octets", size),
                            .reason = "bad_range"},
                           416);
    refused.headers.set("Content-Range", fmt::format("bytes */{}", size));
    refused.headers.set("Accept-Ranges", "bytes");
    response = std::move(refused);
    return;
  }
  const auto& [first, last] = parsed.range;
  cut(response, parsed.range);
  response.status = 206;
  response.headers.set("Content-Range", fmt::format("bytes {}-{}/{}", first, last, size));
}

}  // namespace khien::http
