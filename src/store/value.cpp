#include "store/value.h"

#include "base/assert.h"

namespace khien::store {
namespace {

// Octets that follow the first one of a UTF-8 character, or -1 (RFC 3629 section 4).
int continuation_count(std::uint8_t first) noexcept {
  if (first < 0x80) return 0;
  if (first >= 0xC2 && first <= 0xDF) return 1;
  if (first >= 0xE0 && first <= 0xEF) return 2;
  if (first >= 0xF0 && first <= 0xF4) return 3;
  return -1;
}

// The second octet has a narrower range after some first ones: no overlong forms, no surrogates,
// nothing above U+10FFFF.
bool second_fits(std::uint8_t first, std::uint8_t second) noexcept {
  if (first == 0xE0) return second >= 0xA0;
  if (first == 0xED) return second <= 0x9F;
  if (first == 0xF0) return second >= 0x90;
  if (first == 0xF4) return second <= 0x8F;
  return true;
}

}  // namespace

const Value& Row::value(std::size_t index) const {
  KHIEN_ASSERT(index < columns_.size());
  return columns_[index];
}

bool Row::is_null(std::size_t index) const { return value(index).is_null(); }

std::int64_t Row::integer(std::size_t index) const {
  const auto* number = std::get_if<std::int64_t>(&value(index).storage());
  KHIEN_ASSERT(number != nullptr);
  return *number;
}

const std::string& Row::text(std::size_t index) const& {
  const auto* text = std::get_if<std::string>(&value(index).storage());
  KHIEN_ASSERT(text != nullptr);
  return *text;
}

std::string Row::text(std::size_t index) && { return std::as_const(*this).text(index); }

const Octets& Row::octets(std::size_t index) const& {
  const auto* octets = std::get_if<Octets>(&value(index).storage());
  KHIEN_ASSERT(octets != nullptr);
  return *octets;
}

Octets Row::octets(std::size_t index) && { return std::as_const(*this).octets(index); }

std::optional<std::int64_t> Row::optional_integer(std::size_t index) const {
  if (is_null(index)) return std::nullopt;
  return integer(index);
}

std::optional<std::string> Row::optional_text(std::size_t index) const {
  if (is_null(index)) return std::nullopt;
  return text(index);
}

std::optional<Octets> Row::optional_octets(std::size_t index) const {
  if (is_null(index)) return std::nullopt;
  return octets(index);
}

bool is_storable_text(std::string_view text) noexcept {
  const Bytes octets = as_bytes(text);
  std::size_t at = 0;
  while (at < octets.size()) {
    const std::uint8_t first = octets[at];
    const int follow = continuation_count(first);
    if (first == 0 || follow < 0) return false;
    if (static_cast<std::size_t>(follow) > octets.size() - at - 1) return false;
    for (int i = 1; i <= follow; ++i) {
      const std::uint8_t next = octets[at + static_cast<std::size_t>(i)];
      if ((next & 0xC0) != 0x80) return false;
      if (i == 1 && !second_fits(first, next)) return false;
    }
    at += static_cast<std::size_t>(follow) + 1;
  }
  return true;
}

}  // namespace khien::store
