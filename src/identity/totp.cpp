#include "identity/totp.h"

#include <array>

#include "codec/base32.h"
#include "crypto/hash.h"

namespace khien::identity {
namespace {

// RFC 4226 section 5.3, dynamic truncation; 10^6 for 6 digits.
std::uint32_t truncate(const crypto::Sha1Digest& mac) {
  const std::size_t at = mac.back() & 15;
  const std::uint32_t value = static_cast<std::uint32_t>(mac[at] & 0x7f) << 24 |
                              static_cast<std::uint32_t>(mac[at + 1]) << 16 |
                              static_cast<std::uint32_t>(mac[at + 2]) << 8 | mac[at + 3];
  return value % 1'000'000;
}

// RFC 3986 section 2.1: all but the unreserved characters.
std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
  return out;
}

}  // namespace

Octets new_totp_secret(Rng& rng) {
  Octets secret(totp_secret_size);
  rng.fill(secret);
  return secret;
}

std::int64_t totp_step(InstantMs at_ms) noexcept { return at_ms / totp_step_ms; }

std::string totp_code(Bytes secret, std::int64_t step) {
  std::array<std::uint8_t, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(step) >> (56 - 8 * i) & 0xff);
  const auto digits = std::to_string(truncate(crypto::hmac_sha1(secret, counter)));
  return std::string(6 - digits.size(), '0') + digits;
}

std::optional<std::int64_t> match_totp(Bytes secret, std::string_view code, InstantMs now_ms,
                                       std::optional<std::int64_t> last_used_step) {
  std::optional<std::int64_t> matched;
  const std::int64_t now = totp_step(now_ms);
  for (std::int64_t step = now - totp_window_steps; step <= now + totp_window_steps; ++step) {
    // All steps are computed whatever matches, so that time says nothing about which one did.
    const bool same = crypto::constant_time_equal(totp_code(secret, step), code);
    const bool unused = !last_used_step || step > *last_used_step;
    if (same && unused && !matched) matched = step;
  }
  return matched;
}

std::string totp_uri(Bytes secret, std::string_view issuer, std::string_view login) {
  const auto shown = percent_encoded(issuer);
  return "otpauth://totp/" + shown + ":" + percent_encoded(login) +
         "?secret=" + codec::base32(secret) + "&issuer=" + shown +
         "&algorithm=SHA1&digits=6&period=30";
}

}  // namespace khien::identity
