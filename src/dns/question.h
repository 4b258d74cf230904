// The header and the question of a DNS message, read in place (RFC 1035 section 4.1). This is all
// that the query path needs before it decides. Nothing here allocates, locks or throws.
#pragma once

#include "dns/name.h"
#include "dns/wire.h"

namespace khien::dns {

/// The twelve octets in front of every message.
struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;  // QR, opcode, AA, TC, RD, RA, Z, AD, CD, rcode
  std::uint16_t question_count = 0;
  std::uint16_t answer_count = 0;
  std::uint16_t authority_count = 0;
  std::uint16_t additional_count = 0;

  [[nodiscard]] bool is_response() const noexcept { return (flags & flag_qr) != 0; }
  [[nodiscard]] std::uint8_t opcode() const noexcept {
    return static_cast<std::uint8_t>((flags >> 11) & 0x0F);
  }
  /// The low four bits; OPT may hold more.
  [[nodiscard]] std::uint16_t rcode() const noexcept { return flags & 0x0F; }
  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }
};

/// `flags` with another rcode in its low four bits.
[[nodiscard]] constexpr std::uint16_t with_rcode(std::uint16_t flags,
                                                 std::uint16_t rcode) noexcept {
  return static_cast<std::uint16_t>((flags & 0xFFF0) | (rcode & 0x0F));
}
/// Flags of a message that has only an opcode.
[[nodiscard]] constexpr std::uint16_t opcode_flags(std::uint8_t opcode) noexcept {
  return static_cast<std::uint16_t>((opcode & 0x0F) << 11);
}

/// Borrows the packet: valid only while that buffer is.
struct Question {
  Bytes qname;           // uncompressed wire form with the root label: 1..255 octets
  std::uint16_t qtype;   // host byte order, e.g. 28 for AAAA
  std::uint16_t qclass;  // host byte order, 1 for IN

  [[nodiscard]] NameView name() const noexcept { return NameView::checked(qname); }
};

/// truncated below twelve octets.
[[nodiscard]] Wire<Header> parse_header(Bytes message) noexcept;

/// Reads the one question of `message`, a whole DNS message without the TCP length prefix.
///
/// A compression pointer in the name is bad_label: a first name has nothing before it to point at.
/// A QDCOUNT other than 1 is not_one_question (RFC 9619). Reads at most 12 + 255 + 4 octets.
[[nodiscard]] Wire<Question> parse_question(Bytes message) noexcept;

/// The offset just behind `question`, which parse_question() read.
[[nodiscard]] inline std::size_t question_end(const Question& question) noexcept {
  return header_size + question.qname.size() + 4;
}

}  // namespace khien::dns
