// Keys of TLS session tickets (RFC 5077, RFC 8446 section 4.6.1): made at random, kept in memory
// alone, and replaced in time, so that a machine taken tomorrow does not open today's connections.
// One object may serve many contexts, also across a reload of certificates.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/guarded.h"
#include "base/random.h"

namespace khien::net {

/// How long a ticket is good. Keys live twice as long: one period for making, one for reading.
constexpr std::int64_t tls_ticket_life_s = 6 * 3'600;

struct TlsTicketKey {
  std::array<std::uint8_t, 16> name{};
  std::array<std::uint8_t, 32> cipher{};  // AES-256-CBC
  std::array<std::uint8_t, 32> mac{};     // HMAC-SHA-256
};

/// Any thread.
class TlsTicketKeys {
 public:
  /// `rng` is borrowed and must be fit for keys.
  TlsTicketKeys(Rng& rng, std::int64_t now_ms);
  TlsTicketKeys(const TlsTicketKeys&) = delete;
  TlsTicketKeys& operator=(const TlsTicketKeys&) = delete;
  ~TlsTicketKeys();

  /// Call it now and then: makes a new key once the current one has served tls_ticket_life_s.
  /// `now_ms` is of the steady clock.
  void rotate(std::int64_t now_ms);

  /// The key for new tickets.
  [[nodiscard]] TlsTicketKey current() const;
  struct Found {
    TlsTicketKey key;
    bool is_current = false;
  };
  /// The key that made a ticket, if it is still known.
  [[nodiscard]] std::optional<Found> find(const std::array<std::uint8_t, 16>& name) const;

 private:
  struct Keys {
    TlsTicketKey current;
    std::optional<TlsTicketKey> previous;
    std::int64_t made_at_ms = 0;
  };
  [[nodiscard]] TlsTicketKey make() const;
  Rng& rng_;
  mutable Guarded<Keys> keys_;
};

}  // namespace khien::net
