// DNS cookies for clients (RFC 7873), made so that all servers of an anycast set which share a
// secret understand one another's (RFC 9018): SipHash-2-4 over the client's cookie, version, time
// and address. Nothing about a client is kept; nothing here allocates.
//
// A cookie shows that a client received an answer of ours at its address. We answer with or without
// one; who sent one gets one that is good for the next hour.
#pragma once

#include <array>
#include <filesystem>
#include <optional>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace khien::resolver {

constexpr std::size_t client_cookie_size = 8;   // RFC 7873 section 4
constexpr std::size_t server_cookie_size = 16;  // RFC 9018 section 4
constexpr std::size_t cookie_size = client_cookie_size + server_cookie_size;
constexpr std::size_t cookie_size_max = 40;        // what others' may have, RFC 7873 section 4
constexpr std::uint32_t cookie_age_max_s = 3'600;  // RFC 9018 section 4.3, as the next two
constexpr std::uint32_t cookie_ahead_max_s = 300;  // of servers whose clocks differ
constexpr std::uint32_t cookie_renew_after_s = 1'800;
constexpr std::size_t cookie_file_size_max = 256;

using CookieSecret = std::array<std::uint8_t, 16>;

struct CookieSecrets {
  CookieSecret current = {};
  std::optional<CookieSecret> previous = {};  ///< still believed while a set changes its secret

  /// A secret of this process alone.
  [[nodiscard]] static CookieSecrets random(Rng& rng);
  bool operator==(const CookieSecrets&) const noexcept = default;
};

/// One or two lines of 32 hexadecimal digits: the secret and, while it changes, the one before.
[[nodiscard]] Result<CookieSecrets> parse_cookie_secrets(std::string_view text);
[[nodiscard]] Result<CookieSecrets> read_cookie_secrets(const std::filesystem::path& path);

/// Any thread.
class Cookies {
 public:
  /// `clock` is borrowed.
  Cookies(const CookieSecrets& secrets, const Clock& clock) noexcept
      : secrets_(secrets), clock_(&clock) {}

  struct Reply {
    std::array<std::uint8_t, cookie_size> octets;  ///< for the answer's option
    bool known = false;  ///< the client's was one of ours and recent: it is where it says it is
  };
  /// `cookie` is the whole option of a client (at least client_cookie_size octets), `address` its
  /// address in 4 or 16 octets.
  [[nodiscard]] Reply answer(Bytes cookie, Bytes address) const noexcept;

 private:
  CookieSecrets secrets_;
  const Clock* clock_;
};

}  // namespace khien::resolver
