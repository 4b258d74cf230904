// Host names: whatever people write, as the lower-case A-label form that goes into DNS, orders and
// lists (UTS #46 non-transitional, as browsers do). Not addresses (ip.h), and no wire form (dns).
// Pure functions of their arguments; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/result.h"

namespace khien::text {

constexpr std::size_t host_size_max = 253;         // characters without the final dot, RFC 1035
constexpr std::size_t label_size_max = 63;         // octets of an A-label
constexpr std::size_t host_input_size_max = 1024;  // as written, before conversion

enum class HostError {
  empty,
  too_long,  ///< whole name over host_size_max, or input over host_input_size_max
  label_too_long,
  empty_label,    ///< two dots in a row, or one in front
  bad_character,  ///< outside a-z 0-9 - _
  bad_idna,       ///< UTS #46 forbids it, or an xn-- label does not decode
  ip_address,     ///< an address or what browsers would read as one
};

/// The reason word, for example "host_bad_idna".
[[nodiscard]] std::string_view to_string(HostError error) noexcept;

/// `host` in lower-case A-labels without the final dot, 1..253 characters. Underscores pass: they
/// are legal in DNS and common in malware lists. One pass and one allocation for plain ASCII.
[[nodiscard]] tl::expected<std::string, HostError> host_from(std::string_view host);

/// The same as a Result: malformed, with the reason word of HostError.
[[nodiscard]] Result<std::string> normalise_host(std::string_view host);

/// For showing to people: Unicode form of an A-label host, and the host itself where it does not
/// convert. Never compare this form.
[[nodiscard]] std::string host_for_display(std::string_view host);

/// True if `host` equals `ancestor` or lies below it; both normalised.
[[nodiscard]] bool is_at_or_below(std::string_view host, std::string_view ancestor) noexcept;

/// `host` without its first label; nullopt for a top-level name. Borrowed.
[[nodiscard]] std::optional<std::string_view> parent_of(std::string_view host) noexcept;

}  // namespace khien::text
