// How many connections one network may hold, and how many TLS handshakes a second it may cost us. A
// network is a client's /24 or /56, because a person moves freely inside those. One thread.
//
// An entry lives while connections of the network are open or its handshakes are being counted, and
// is forgotten then: nothing about a client stays.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "net/address.h"

namespace khien::resolver {

constexpr int limits_prefix_v4 = 24;
constexpr int limits_prefix_v6 = 56;
constexpr std::size_t limits_prefixes_max = 16'384;  // networks counted at once; then none is added

struct PrefixLimitOptions {
  std::size_t open_max = 1'024;              ///< connections of one network
  std::uint32_t handshakes_burst = 200;      ///< at once
  std::uint32_t handshakes_per_second = 50;  ///< in the long run
};

class PrefixLimits {
 public:
  explicit PrefixLimits(PrefixLimitOptions options) noexcept : options_(options) {}

  enum class Admission {
    admitted,
    too_many_open,
    too_fast,
    table_full,  ///< as many networks as are counted at once: a flood of addresses
  };
  enum class Cost { connection, handshake };
  /// One more connection of `client`; release() it later, if it was admitted.
  [[nodiscard]] Admission admit(const net::IpAddress& client, Cost cost, std::int64_t now_ms);
  void release(const net::IpAddress& client) noexcept;
  /// Forgets networks of which there is nothing to count any more. Call it each second or so.
  void forget(std::int64_t now_ms);

  [[nodiscard]] std::size_t prefix_count() const noexcept { return networks_.size(); }

 private:
  struct PrefixHash {
    std::size_t operator()(const net::Prefix& prefix) const noexcept {
      return std::hash<net::IpAddress>{}(prefix.base());
    }
  };
  struct Network {
    std::size_t open = 0;
    std::int64_t debt = 0;  // handshakes in thousandths, which time pays back
    std::int64_t at_ms = 0;
  };
  void pay_back(Network& network, std::int64_t now_ms) const noexcept;

  PrefixLimitOptions options_;
  std::unordered_map<net::Prefix, Network, PrefixHash> networks_;
};

}  // namespace khien::resolver
