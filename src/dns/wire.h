// What every DNS reader and writer here shares: the ways in which wire data can be wrong, the
// numbers of types, classes and codes (IANA "Domain Name System (DNS) Parameters"), and loads and
// stores in network byte order. No names (name.h) and no messages (message.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/bytes.h"

namespace khien::dns {

using khien::Bytes;
using khien::Octets;

/// Why octets are not what they claim to be. Readers return it without allocating.
enum class WireError : std::uint8_t {
  truncated,         ///< the octets end too early
  bad_label,         ///< a label type other than 00, a label over 63 octets, an empty label
  bad_pointer,       ///< a compression pointer that does not go strictly backwards
  name_too_long,     ///< over 255 octets of wire form
  not_one_question,  ///< QDCOUNT (RFC 9619)
  bad_rdata,         ///< RDATA that does not fit its type
  bad_opt,           ///< OPT not in the additional section, twice, or not at the root (RFC 6891)
  bad_tsig,          ///< TSIG not last, or malformed (RFC 8945)
  trailing_octets,   ///< octets after the last record
  no_space,          ///< a writer reached its limit
};

[[nodiscard]] std::string_view to_string(WireError error) noexcept;

template <typename T>
using Wire = tl::expected<T, WireError>;

constexpr std::size_t header_size = 12;              // RFC 1035 section 4.1.1
constexpr std::size_t message_size_max = 65'535;     // the TCP length prefix has 16 bits
constexpr std::size_t udp_payload_size_plain = 512;  // without EDNS, RFC 1035 section 2.3.4

constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_ns = 2;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t type_ptr = 12;
constexpr std::uint16_t type_hinfo = 13;
constexpr std::uint16_t type_mx = 15;
constexpr std::uint16_t type_txt = 16;
constexpr std::uint16_t type_aaaa = 28;
constexpr std::uint16_t type_srv = 33;
constexpr std::uint16_t type_dname = 39;
constexpr std::uint16_t type_opt = 41;
constexpr std::uint16_t type_ds = 43;
constexpr std::uint16_t type_rrsig = 46;
constexpr std::uint16_t type_nsec = 47;
constexpr std::uint16_t type_dnskey = 48;
constexpr std::uint16_t type_svcb = 64;
constexpr std::uint16_t type_https = 65;
constexpr std::uint16_t type_tsig = 250;
constexpr std::uint16_t type_ixfr = 251;
constexpr std::uint16_t type_axfr = 252;
constexpr std::uint16_t type_any = 255;

constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t class_chaos = 3;
constexpr std::uint16_t class_none = 254;
constexpr std::uint16_t class_any = 255;

constexpr std::uint8_t opcode_query = 0;
constexpr std::uint8_t opcode_notify = 4;
constexpr std::uint8_t opcode_update = 5;

// The low four bits stand in the header, the higher eight in OPT (RFC 6891 section 6.1.3).
constexpr std::uint16_t rcode_noerror = 0;
constexpr std::uint16_t rcode_formerr = 1;
constexpr std::uint16_t rcode_servfail = 2;
constexpr std::uint16_t rcode_nxdomain = 3;
constexpr std::uint16_t rcode_notimp = 4;
constexpr std::uint16_t rcode_refused = 5;
constexpr std::uint16_t rcode_notauth = 9;
constexpr std::uint16_t rcode_badvers = 16;

constexpr std::uint16_t flag_qr = 0x8000;
constexpr std::uint16_t flag_aa = 0x0400;
constexpr std::uint16_t flag_tc = 0x0200;
constexpr std::uint16_t flag_rd = 0x0100;
constexpr std::uint16_t flag_ra = 0x0080;
constexpr std::uint16_t flag_ad = 0x0020;
constexpr std::uint16_t flag_cd = 0x0010;

/// "AAAA", or "TYPE1234" for a type without a name here (RFC 3597 section 5).
[[nodiscard]] std::string type_to_text(std::uint16_t type);
/// The reverse, in any case.
[[nodiscard]] std::optional<std::uint16_t> type_from_text(std::string_view text) noexcept;

/// Network byte order at `at`; the caller has checked that the octets are there.
[[nodiscard]] inline std::uint16_t load_u16(Bytes bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}
[[nodiscard]] inline std::uint32_t load_u32(Bytes bytes, std::size_t at) noexcept {
  return (std::uint32_t{load_u16(bytes, at)} << 16) | load_u16(bytes, at + 2);
}
inline void store_u16(std::span<std::uint8_t> out, std::size_t at, std::uint16_t value) noexcept {
  out[at] = static_cast<std::uint8_t>(value >> 8);
  out[at + 1] = static_cast<std::uint8_t>(value);
}
inline void store_u32(std::span<std::uint8_t> out, std::size_t at, std::uint32_t value) noexcept {
  store_u16(out, at, static_cast<std::uint16_t>(value >> 16));
  store_u16(out, at + 2, static_cast<std::uint16_t>(value));
}
inline void append_u16(Octets& out, std::uint16_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
inline void append_u32(Octets& out, std::uint32_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 16));
  append_u16(out, static_cast<std::uint16_t>(value));
}

}  // namespace khien::dns
