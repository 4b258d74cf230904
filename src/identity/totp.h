// Time-based one-time codes (RFC 6238 with HMAC-SHA-1, 30 s steps, 6 digits: what every
// authenticator app speaks). Pure: secrets and the last used step are kept by factor.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"

namespace khien::identity {

constexpr std::size_t totp_secret_size = 20;  // RFC 4226 section 4 recommends 160 bits
constexpr std::int64_t totp_step_ms = 30 * ms_per_second;
/// Steps before and after now that are taken, for clocks that differ by up to half a minute.
constexpr std::int64_t totp_window_steps = 1;

[[nodiscard]] Octets new_totp_secret(Rng& rng);

/// The step of an instant: counts 30 s since 1970.
[[nodiscard]] std::int64_t totp_step(InstantMs at_ms) noexcept;
/// The 6 digits of `step`.
[[nodiscard]] std::string totp_code(Bytes secret, std::int64_t step);

/// The step that `code` belongs to, if it is near `now_ms` and later than `last_used_step`; the
/// caller stores it, so that each step is used once. Takes the same time for every wrong code.
[[nodiscard]] std::optional<std::int64_t> match_totp(Bytes secret, std::string_view code,
                                                     InstantMs now_ms,
                                                     std::optional<std::int64_t> last_used_step);

/// What a QR picture for an authenticator app holds: otpauth://totp/…
[[nodiscard]] std::string totp_uri(Bytes secret, std::string_view issuer, std::string_view login);

}  // namespace khien::identity
