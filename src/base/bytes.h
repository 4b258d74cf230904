// Octets and views of octets, and nothing else: no formats (codec) and no I/O (file.h).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace khien {

/// A borrowed, read-only run of octets. Lives on the stack: not in members, not across a queue.
using Bytes = std::span<const std::uint8_t>;
/// Owned octets.
using Octets = std::vector<std::uint8_t>;

/// The octets of `text`, borrowed.
[[nodiscard]] inline Bytes as_bytes(std::string_view text) noexcept {
  // Reading any object as unsigned char is what the aliasing rules allow.
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// `bytes` as characters, borrowed and not checked to be UTF-8.
[[nodiscard]] inline std::string_view as_text(Bytes bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

[[nodiscard]] inline Octets to_octets(Bytes bytes) { return {bytes.begin(), bytes.end()}; }
[[nodiscard]] inline Octets to_octets(std::string_view text) { return to_octets(as_bytes(text)); }
[[nodiscard]] inline std::string to_text(Bytes bytes) { return std::string{as_text(bytes)}; }

}  // namespace khien
