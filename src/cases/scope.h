// How far an order or a listed name reaches. A name is published as `name`, and for a domain also
// `*.name`; an address, a prefix and a web address are published as such and never stand in DNS.
// Feeds list names alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace khien::cases {

enum class Scope : std::uint8_t {
  host,     ///< exactly this name
  domain,   ///< this name and everything below it
  address,  ///< one IP address: whatever is reached there
  prefix,   ///< all addresses of a prefix
  url,      ///< one web address and what lies below it (url_target.h)
};

constexpr std::array<std::string_view, 5> words_of_scopes{"host", "domain", "address", "prefix",
                                                          "url"};

[[nodiscard]] constexpr std::string_view to_string(Scope scope) noexcept {
  return words_of_scopes[static_cast<std::size_t>(scope)];
}

[[nodiscard]] constexpr std::optional<Scope> parse_scope(std::string_view word) noexcept {
  for (std::size_t i = 0; i < words_of_scopes.size(); ++i) {
    if (words_of_scopes[i] == word) return static_cast<Scope>(i);
  }
  return std::nullopt;
}

/// True for what names hosts in DNS.
[[nodiscard]] constexpr bool is_of_names(Scope scope) noexcept {
  return scope == Scope::host || scope == Scope::domain;
}
/// True for IP addresses, one or many.
[[nodiscard]] constexpr bool is_of_addresses(Scope scope) noexcept {
  return scope == Scope::address || scope == Scope::prefix;
}
/// Of a name alone: what lists and feeds may say.
[[nodiscard]] constexpr std::optional<Scope> parse_name_scope(std::string_view word) noexcept {
  const auto scope = parse_scope(word);
  return scope && is_of_names(*scope) ? scope : std::nullopt;
}
/// True where an order needs a third signature (docs/adr/0103-orders-on-addresses.md).
[[nodiscard]] constexpr bool needs_third(Scope scope) noexcept { return is_of_addresses(scope); }

}  // namespace khien::cases
