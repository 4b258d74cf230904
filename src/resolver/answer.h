// Answers that we make ourselves, written straight into the buffer that is sent. The question is
// copied octet by octet, so that the client's case (0x20) comes back as it was. Nothing here
// allocates.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"
#include "policy/network_policy.h"
#include "resolver/client_query.h"

namespace khien::resolver {

/// Seconds for which clients keep a block of ours: short, so that lifting is soon seen.
constexpr std::uint32_t blocked_ttl_s = 30;
constexpr std::size_t answer_block_size = 468;      // RFC 8467 section 4.1, for answers
constexpr std::uint32_t minimal_any_ttl_s = 3'600;  // clients need not ask so often

constexpr std::uint16_t ede_not_ready = 14;      // RFC 8914 section 4.15
constexpr std::uint16_t ede_prohibited = 18;     // section 4.19
constexpr std::uint16_t ede_network_error = 23;  // section 4.24

/// Whom an answer goes to, as far as its content depends on it. Borrows the question.
struct AnswerHead {
  std::uint16_t id = 0;
  std::uint16_t query_flags = 0;  // RD and CD come back as they were
  Bytes question = {};            // wire form with type and class; empty if there was none
  bool has_edns = false;
  bool dnssec_ok = false;
  bool wants_structured = false;
  bool wants_padding = false;
  Bytes cookie = {};  // to send back, client's and ours; empty for none
  std::size_t size_max = dns::udp_payload_size_plain;

  [[nodiscard]] static AnswerHead of(const ClientQuery& query, Bytes message) noexcept;
};

/// EDE options to add where the client speaks EDNS (RFC 8914): one of ours, with code 0 for none,
/// and the upstream's as it came. Borrows both.
struct Extended {
  std::uint16_t info_code = 0;
  std::string_view text = {};
  Bytes upstream = {};  ///< option data; empty for none
};

/// Header, question and OPT with `rcode`. Returns the size, which always fits 512 octets: the text
/// is left out where it would not.
[[nodiscard]] std::size_t write_error(const AnswerHead& head, std::uint16_t rcode,
                                      const Extended& extended,
                                      std::span<std::uint8_t> out) noexcept;

/// The same with NOERROR and TC: ask again over TCP.
[[nodiscard]] std::size_t write_truncated(const AnswerHead& head,
                                          std::span<std::uint8_t> out) noexcept;

struct Blocked {
  policy::Verdict verdict;
  /// The name that the rule matched, folded: the qname, or a target inside the upstream's answer.
  Bytes name = {};
  /// Whether `name` is the qname, so that the SOA can stand at the rule's own name.
  bool is_qname = true;
  policy::BlockedAs as = policy::BlockedAs::configured;
};

/// What people who meet a block are shown. check_block_answer() says what may stand in it.
struct BlockAnswer {
  std::string base_url = {};               ///< of the link in EDE; empty for none
  bool structured = true;                  ///< EDE as JSON for clients that ask for it
  std::vector<std::string> contacts = {};  ///< URIs in it: whom to ask about a block
  std::string organisation = {};           ///< in it: who blocks; empty for nothing
  std::string language = {};  ///< of the organisation's name, RFC 5646; empty for nothing
  /// Where a server shows the block page over plain HTTP. With one of them set, a name that an
  /// order or feed takes away exists: A and AAAA lead there, all else is NODATA.
  std::optional<net::IpAddress> sinkhole_v4 = {};
  std::optional<net::IpAddress> sinkhole_v6 = {};
};

/// NXDOMAIN or NODATA with SOA, the sinkhole's address or REFUSED; for EDNS clients with EDE 15, 16
/// or 17 and the text of block_text.h.
[[nodiscard]] std::size_t write_blocked(const AnswerHead& head, const Blocked& blocked,
                                        const BlockAnswer& answer,
                                        std::span<std::uint8_t> out) noexcept;

/// The answer to a question for ANY: one HINFO record that refers to RFC 8482, whatever the name
/// has.
[[nodiscard]] std::size_t write_minimal_any(const AnswerHead& head,
                                            std::span<std::uint8_t> out) noexcept;

/// OPT with why `blocked` is what it is, behind the `size` octets of an answer of ours.
[[nodiscard]] std::size_t append_reason(const AnswerHead& head, std::uint16_t rcode,
                                        const Blocked& blocked, const BlockAnswer& answer,
                                        std::span<std::uint8_t> out, std::size_t size) noexcept;

/// Octets that append_edns() needs at least for this client.
[[nodiscard]] std::size_t edns_size_min(const AnswerHead& head) noexcept;

/// Adds OPT with what `extended` holds behind the `size` octets of a whole answer in `out`, if the
/// client speaks EDNS. The new size; a text that does not fit is left out, then its option.
[[nodiscard]] std::size_t append_edns(const AnswerHead& head, std::uint16_t rcode,
                                      const Extended& extended, std::span<std::uint8_t> out,
                                      std::size_t size) noexcept;

}  // namespace khien::resolver
