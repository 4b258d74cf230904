// A part of an answer (RFC 9110 section 14): one range of octets. Several ranges, other units and
// what cannot be read are answered with the whole, as the RFC allows; so is an If-Range whose
// strong ETag is another's.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace khien::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  ///< the last octet itself
};

enum class RangeWanted : std::uint8_t { whole, part, unsatisfiable };
struct ParsedRange {
  RangeWanted wanted = RangeWanted::whole;
  ByteRange range = {};  ///< within the size, for `part`
};

/// Reads a Range header's value for a representation of `size` octets.
[[nodiscard]] ParsedRange parse_range(std::string_view header, std::uint64_t size) noexcept;

/// Makes `response` (200 to a GET, with body or file, and its ETag) what `request` wants of it: 206
/// with Content-Range, 416, or as it is. Sets Accept-Ranges.
void apply_range(const Request& request, Response& response);

}  // namespace khien::http
