// UDP datagrams in Ethernet frames, read and written without a kernel: what a program that takes
// frames by itself (AF_XDP) must check instead of it. Pure functions of octets; nothing allocates.
//
//   Ethernet II 14 | IPv4 20, without options, or IPv6 40, without extension headers | UDP 8 |
//   payload
//
// No VLAN tag, no fragment, no IPv4 option and no IPv6 extension header is read here: the kernel
// keeps those (net/xdp_program.h), and what comes all the same is refused.
// Sources: RFC 791, 768, 1071 (checksum), 8200 section 8.1 (IPv6 needs the UDP checksum), 6864
// (ID).
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "net/address.h"

namespace khien::net {

using LinkAddress = std::array<std::uint8_t, 6>;

constexpr std::size_t ethernet_head_size = 14;
constexpr std::size_t udp_frame_head_size_v4 = ethernet_head_size + 20 + 8;
constexpr std::size_t udp_frame_head_size_v6 = ethernet_head_size + 40 + 8;

/// A datagram, read in place: all of it borrows the frame.
struct UdpFrame {
  Bytes source_link;  // 6 octets each
  Bytes destination_link;
  Family family = Family::v4;
  Bytes source;  // 4 or 16 octets in network order
  Bytes destination;
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Bytes payload;
};

enum class FrameFault : std::uint8_t {
  other,         ///< no UDP in plain IPv4 or IPv6: a tag, an option, a fragment, another protocol
  malformed,     ///< lengths that do not fit
  bad_checksum,  ///< of the IPv4 head or of UDP, or none where IPv6 needs one
  bad_source,    ///< an address or port that nobody may send from, so that none may be answered
};

/// Reads `frame`, whole, without its frame check sequence; padding behind the datagram is left out.
///
/// A UDP checksum passes if it is right, absent (IPv4 only), or the sum of the pseudo-header alone:
/// that is what the kernel leaves in packets between virtual interfaces of one machine, which never
/// crossed a wire (checksum offload).
[[nodiscard]] tl::expected<UdpFrame, FrameFault> parse_udp_frame(Bytes frame) noexcept;

/// What stands in front of a payload: link addresses of 6 octets, IP addresses of 4 or 16 each, in
/// network order. Borrows all of it.
struct UdpFrameHead {
  Bytes source_link = {};
  Bytes destination_link = {};
  Bytes source = {};
  Bytes destination = {};
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;

  [[nodiscard]] Family family() const noexcept {
    return source.size() == 4 ? Family::v4 : Family::v6;
  }
};

[[nodiscard]] constexpr std::size_t udp_frame_head_size(Family family) noexcept {
  return family == Family::v4 ? udp_frame_head_size_v4 : udp_frame_head_size_v6;
}

/// Writes the head in front of the `payload_size` octets that stand in `frame` behind it already;
/// returns the size of the whole. Needs udp_frame_head_size() + payload_size <= frame.size().
/// `head` must not borrow from `frame`.
[[nodiscard]] std::size_t write_udp_frame(const UdpFrameHead& head, std::span<std::uint8_t> frame,
                                          std::size_t payload_size) noexcept;

}  // namespace khien::net
