#include "net/udp_frame.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace khien::net {
namespace {

constexpr std::uint16_t ethertype_v4 = 0x0800;
constexpr std::uint16_t ethertype_v6 = 0x86DD;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t hop_limit = 64;
constexpr std::uint16_t dont_fragment = 0x4000;
constexpr std::size_t ip_at = ethernet_head_size;
constexpr std::size_t v4_head_size = 20;
constexpr std::size_t v6_head_size = 40;
constexpr std::size_t udp_head_size = 8;

std::uint16_t load_u16(Bytes octets, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(octets[at] << 8 | octets[at + 1]);
}

void store_u16(std::span<std::uint8_t> octets, std::size_t at, std::size_t value) noexcept {
  octets[at] = static_cast<std::uint8_t>(value >> 8);
  octets[at + 1] = static_cast<std::uint8_t>(value);
}

// The sum of 16-bit words in the machine's own order, not yet folded: ones' complement sums may be
// made in any octet order and in words of any multiple of 16 bits (RFC 1071 section 2). Enough for
// 2^32 words.
std::uint64_t sum_of(Bytes octets, std::uint64_t sum = 0) noexcept {
  while (octets.size() >= sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, octets.data(), sizeof word);
    sum += word;
    octets = octets.subspan(sizeof word);
  }
  std::uint32_t rest = 0;
  if (!octets.empty()) std::memcpy(&rest, octets.data(), octets.size());
  return sum + rest;
}

std::uint16_t fold(std::uint64_t sum) noexcept {
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// Protocol and length as they stand in the pseudo-header, in the order of sum_of().
std::uint64_t pseudo_sum(Bytes both_addresses, std::size_t udp_size) noexcept {
  std::array<std::uint8_t, 4> tail{};
  tail[1] = protocol_udp;
  store_u16(tail, 2, udp_size);
  return sum_of(both_addresses, sum_of(tail));
}

bool may_send_v4(Bytes ip) noexcept {
  constexpr std::uint8_t loopback = 127;
  constexpr std::uint8_t multicast_and_above = 224;  // also reserved and broadcast
  return ip[0] != 0 && ip[0] != loopback && ip[0] < multicast_and_above;
}

bool may_send_v6(Bytes ip) noexcept {
  constexpr std::uint8_t multicast = 0xFF;
  if (ip[0] == multicast) return false;
  // ::/80 holds the unspecified, the loopback and the IPv4-mapped addresses.
  return std::ranges::any_of(ip.first(10), [](std::uint8_t octet) { return octet != 0; });
}

bool may_send(const UdpFrame& frame) noexcept {
  const bool group_link = (frame.source_link[0] & 1) != 0;
  const bool to_itself = std::ranges::equal(frame.source, frame.destination);
  return frame.source_port != 0 && !group_link && !to_itself &&
         (frame.family == Family::v4 ? may_send_v4(frame.source) : may_send_v6(frame.source));
}

bool udp_checksum_passes(Family family, Bytes both_addresses, Bytes udp) noexcept {
  std::uint16_t checksum = 0;
  std::memcpy(&checksum, udp.data() + 6, sizeof checksum);
  if (checksum == 0) return family == Family::v4;
  const std::uint64_t pseudo = pseudo_sum(both_addresses, udp.size());
  return fold(sum_of(udp, pseudo)) == 0xFFFF || fold(pseudo) == checksum;
}

// The rest of a frame whose IP head was read: `packet` is the IP packet without padding.
tl::expected<UdpFrame, FrameFault> parse_udp(Bytes frame, Bytes packet, Family family) noexcept {
  const std::size_t head_size = family == Family::v4 ? v4_head_size : v6_head_size;
  const std::size_t address_size = family == Family::v4 ? 4 : 16;
  const std::size_t addresses_at = head_size - 2 * address_size;
  Bytes udp = packet.subspan(head_size);
  if (udp.size() < udp_head_size) return tl::unexpected(FrameFault::malformed);
  const std::size_t udp_size = load_u16(udp, 4);
  if (udp_size < udp_head_size || udp_size > udp.size()) {
    return tl::unexpected(FrameFault::malformed);
  }
  udp = udp.first(udp_size);
  if (!udp_checksum_passes(family, packet.subspan(addresses_at, 2 * address_size), udp)) {
    return tl::unexpected(FrameFault::bad_checksum);
  }
  const UdpFrame read{.source_link = frame.subspan(6, 6),
                      .destination_link = frame.first(6),
                      .family = family,
                      .source = packet.subspan(addresses_at, address_size),
                      .destination = packet.subspan(addresses_at + address_size, address_size),
                      .source_port = load_u16(udp, 0),
                      .destination_port = load_u16(udp, 2),
                      .payload = udp.subspan(udp_head_size)};
  if (!may_send(read)) return tl::unexpected(FrameFault::bad_source);
  return read;
}

tl::expected<UdpFrame, FrameFault> parse_v4(Bytes frame) noexcept {
  constexpr std::uint8_t version_and_size = 0x45;
  constexpr std::uint16_t fragment_bits = 0x3FFF;  // more fragments, and the offset
  const Bytes packet = frame.subspan(ip_at);
  if (packet.size() < v4_head_size) return tl::unexpected(FrameFault::malformed);
  if (packet[0] != version_and_size || (load_u16(packet, 6) & fragment_bits) != 0 ||
      packet[9] != protocol_udp) {
    return tl::unexpected(FrameFault::other);
  }
  if (fold(sum_of(packet.first(v4_head_size))) != 0xFFFF) {
    return tl::unexpected(FrameFault::bad_checksum);
  }
  const std::size_t size = load_u16(packet, 2);
  if (size < v4_head_size || size > packet.size()) return tl::unexpected(FrameFault::malformed);
  return parse_udp(frame, packet.first(size), Family::v4);
}

tl::expected<UdpFrame, FrameFault> parse_v6(Bytes frame) noexcept {
  const Bytes packet = frame.subspan(ip_at);
  if (packet.size() < v6_head_size) return tl::unexpected(FrameFault::malformed);
  if (packet[0] >> 4 != 6 || packet[6] != protocol_udp) return tl::unexpected(FrameFault::other);
  const std::size_t size = load_u16(packet, 4);
  if (size > packet.size() - v6_head_size) return tl::unexpected(FrameFault::malformed);
  return parse_udp(frame, packet.first(v6_head_size + size), Family::v6);
}

void write_v4(std::span<std::uint8_t> packet, std::size_t udp_size) noexcept {
  std::memset(packet.data(), 0, v4_head_size - 8);
  packet[0] = 0x45;
  store_u16(packet, 2, v4_head_size + udp_size);
  // Never fragmented, so the identification may be the same in all (RFC 6864 section 4.1).
  store_u16(packet, 6, dont_fragment);
  packet[8] = hop_limit;
  packet[9] = protocol_udp;
  const auto checksum = static_cast<std::uint16_t>(~fold(sum_of(packet.first(v4_head_size))));
  std::memcpy(packet.data() + 10, &checksum, sizeof checksum);
}

void write_v6(std::span<std::uint8_t> packet, std::size_t udp_size) noexcept {
  std::memset(packet.data(), 0, 8);
  packet[0] = 0x60;
  store_u16(packet, 4, udp_size);
  packet[6] = protocol_udp;
  packet[7] = hop_limit;
}

}  // namespace

tl::expected<UdpFrame, FrameFault> parse_udp_frame(Bytes frame) noexcept {
  if (frame.size() < ethernet_head_size) return tl::unexpected(FrameFault::malformed);
  switch (load_u16(frame, 12)) {
    case ethertype_v4: return parse_v4(frame);
    case ethertype_v6: return parse_v6(frame);
    default: return tl::unexpected(FrameFault::other);
  }
}

std::size_t write_udp_frame(const UdpFrameHead& head, std::span<std::uint8_t> frame,
                            std::size_t payload_size) noexcept {
  const Family family = head.family();
  const std::size_t size = udp_frame_head_size(family) + payload_size;
  const std::size_t address_size = head.source.size();
  KHIEN_ASSERT(head.destination.size() == address_size && size <= frame.size());
  std::memcpy(frame.data(), head.destination_link.data(), 6);
  std::memcpy(frame.data() + 6, head.source_link.data(), 6);
  store_u16(frame, 12, family == Family::v4 ? ethertype_v4 : ethertype_v6);

  const std::span packet = frame.first(size).subspan(ip_at);
  const std::size_t head_size = family == Family::v4 ? v4_head_size : v6_head_size;
  const std::size_t addresses_at = head_size - 2 * address_size;
  std::memcpy(packet.data() + addresses_at, head.source.data(), address_size);
  std::memcpy(packet.data() + addresses_at + address_size, head.destination.data(), address_size);
  const std::span udp = packet.subspan(head_size);
  if (family == Family::v4) {
    write_v4(packet, udp.size());
  } else {
    write_v6(packet, udp.size());
  }
  store_u16(udp, 0, head.source_port);
  store_u16(udp, 2, head.destination_port);
  store_u16(udp, 4, udp.size());
  store_u16(udp, 6, 0);
  const Bytes both_addresses = packet.subspan(addresses_at, 2 * address_size);
  auto checksum =
      static_cast<std::uint16_t>(~fold(sum_of(udp, pseudo_sum(both_addresses, udp.size()))));
  if (checksum == 0) checksum = 0xFFFF;  // 0 would say that there is none
  std::memcpy(udp.data() + 6, &checksum, sizeof checksum);
  return size;
}

}  // namespace khien::net
