// A list of addresses as text for a router's BGP daemon: remotely triggered blackholes (RFC 7999)
// or Flowspec rules (RFC 8955, RFC 8956). Khiên speaks no BGP and announces nothing: an operator
// includes the text where they want it, in a session that they have agreed with their peers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "exchange/address_list.h"

namespace khien::exchange {

enum class BgpText : std::uint8_t {
  bird_rtbh,      ///< BIRD 2: routes for `protocol static`, communities BLACKHOLE and NO_EXPORT
  bird_flowspec,  ///< BIRD 2: flow4 and flow6 routes with a traffic rate of 0
  exabgp_rtbh,    ///< ExaBGP 4: announce lines for its API
  exabgp_flowspec,
};
[[nodiscard]] std::optional<BgpText> parse_bgp_text(std::string_view word) noexcept;

/// With a head that says of which list it is and until when it may be announced.
[[nodiscard]] std::string bgp_text(const AddressList& list, BgpText kind, std::string_view title,
                                   InstantMs expires_at_ms);

}  // namespace khien::exchange
