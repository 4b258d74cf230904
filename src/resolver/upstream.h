// An upstream as the operator writes it: ADDR[:53], udp://ADDR[:53], tcp://ADDR[:53], or
// tls://ADDR[:853]#NAME with NAME in its certificate, or tls://ADDR[:853]#pin-sha256=BASE64 with
// the SHA-256 of its public key (RFC 7858 section 4.2); several pins stand one behind another with
// '#'.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "net/address.h"

namespace khien::resolver {

/// How an upstream is asked: over UDP, with TCP for what is truncated or forged, or over a stream
/// alone.
enum class UpstreamProtocol : std::uint8_t { udp, tcp, tls };

struct Upstream {
  Upstream() = default;
  /// One that is asked over UDP.
  Upstream(const net::SocketAddress& its_address) : address(its_address) {}  // NOLINT: meant

  net::SocketAddress address = {};
  UpstreamProtocol protocol = UpstreamProtocol::udp;
  std::string tls_name = {};  ///< empty with pins alone
  std::vector<crypto::Sha256Digest> pins = {};
};

/// Why questions got no answer: `refused` by the network, or `broken` with a connection that had
/// worked.
enum class UpstreamFailure : std::uint8_t { refused, broken };

constexpr std::size_t pins_max = 8;  // of one upstream

/// malformed says what is wrong. TLS without name and pin is refused: nobody would be proved.
[[nodiscard]] Result<Upstream> parse_upstream(std::string_view text);
/// As it is written.
[[nodiscard]] std::string to_string(const Upstream& upstream);

}  // namespace khien::resolver
