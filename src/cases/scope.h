// How far an order or a listed name reaches. Published as `name`, and for a domain also `*.name`.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace khien::cases {

enum class Scope : std::uint8_t {
  host,    ///< exactly this name
  domain,  ///< this name and everything below it
};

[[nodiscard]] constexpr std::string_view to_string(Scope scope) noexcept {
  return scope == Scope::host ? "host" : "domain";
}

[[nodiscard]] constexpr std::optional<Scope> parse_scope(std::string_view word) noexcept {
  if (word == "host") return Scope::host;
  if (word == "domain") return Scope::domain;
  return std::nullopt;
}

}  // namespace khien::cases
