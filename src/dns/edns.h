// EDNS(0), RFC 6891: the OPT record and its options; Extended DNS Errors, RFC 8914. Options are
// borrowed from the packet. Nothing here allocates.
#pragma once

#include <optional>

#include "dns/message.h"
#include "dns/writer.h"

namespace khien::dns {

constexpr std::uint16_t option_extended_error = 15;  // RFC 8914 section 2
constexpr std::uint16_t option_cookie = 10;
constexpr std::uint16_t option_client_subnet = 8;
constexpr std::uint16_t option_padding = 12;

constexpr std::uint16_t ede_stale_answer = 3;
constexpr std::uint16_t ede_cached_error = 13;
constexpr std::uint16_t ede_blocked = 15;   // by the operator's security policy: feeds
constexpr std::uint16_t ede_censored = 16;  // by an external requirement: orders
constexpr std::uint16_t ede_filtered = 17;  // as the client's network asked: choices
constexpr std::uint16_t ede_no_reachable_authority = 22;

/// Unfragmented on every path in use (DNS flag day 2020); what we announce.
constexpr std::uint16_t edns_payload_size = 1232;
/// All options of one OPT that we write; more is refused.
constexpr std::size_t edns_options_size_max = 1024;

struct EdnsOption {
  std::uint16_t code = 0;
  Bytes data = {};
};

/// What an OPT record says.
struct Edns {
  std::uint16_t payload_size = 512;  // never below 512 (RFC 6891 section 6.2.3)
  std::uint8_t rcode_high = 0;       // bits 11..4 of the rcode
  std::uint8_t version = 0;          // answer BADVERS to any other than 0
  bool dnssec_ok = false;
  Bytes options = {};  // checked: whole options
};

/// `record` must be of type OPT. bad_opt if its options do not fill it.
[[nodiscard]] Wire<Edns> parse_edns(const RecordView& record) noexcept;
/// The first option with this code.
[[nodiscard]] std::optional<EdnsOption> find_option(const Edns& edns, std::uint16_t code) noexcept;
/// The rcode of a message with its OPT.
[[nodiscard]] constexpr std::uint16_t full_rcode(const Header& header, const Edns& edns) noexcept {
  return static_cast<std::uint16_t>((edns.rcode_high << 4) | (header.flags & 0x0F));
}

/// The OPT record of `message`, a query or an answer, found by walking it; nullopt without one.
[[nodiscard]] Wire<std::optional<Edns>> find_edns(Bytes message) noexcept;

struct EdnsReply {
  std::uint16_t payload_size = edns_payload_size;
  std::uint16_t rcode = 0;  // the whole rcode; its low bits belong into the header as well
  bool dnssec_ok = false;
  std::span<const EdnsOption> options = {};
};

/// Adds OPT to the additional section; false if it does not fit.
[[nodiscard]] bool add_edns(MessageWriter& writer, const EdnsReply& reply) noexcept;

/// An Extended DNS Error. `text` is UTF-8 by its RFC, and not checked here.
struct ExtendedError {
  std::uint16_t info_code = 0;
  std::string_view text = {};
};

/// The option's data; nullopt below two octets.
[[nodiscard]] std::optional<ExtendedError> parse_extended_error(const EdnsOption& option) noexcept;
/// Writes the option's data into `out` and returns the option, which borrows it. The text is cut at
/// a character's border to what `out` holds, which is at least two octets.
[[nodiscard]] EdnsOption make_extended_error(const ExtendedError& error,
                                             std::span<std::uint8_t> out) noexcept;

}  // namespace khien::dns
