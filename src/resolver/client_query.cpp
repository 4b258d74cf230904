#include "resolver/client_query.h"

#include <algorithm>

#include "resolver/cookies.h"

namespace khien::resolver {
namespace {

constexpr std::size_t opt_head_size = 11;  // root, type, class, TTL, RDLENGTH

// False if they are not whole, or a cookie has a size that none can have (RFC 7873 section 5.2.2).
// What we do not know is passed over (RFC 6891 section 6.1.2).
bool read_options(Bytes options, Transport transport, ClientQuery& query) noexcept {
  constexpr std::size_t head_size = 4;
  while (!options.empty()) {
    if (options.size() < head_size) return false;
    const std::size_t size = dns::load_u16(options, 2);
    if (size > options.size() - head_size) return false;
    const Bytes data = options.subspan(head_size, size);
    switch (dns::load_u16(options, 0)) {
      case dns::option_cookie:
        if (size != client_cookie_size && (size < 2 * client_cookie_size || size > cookie_size_max))
          return false;
        if (query.cookie.empty()) query.cookie = data;  // the first one counts
        break;
      case dns::option_extended_error:
        query.wants_structured = size == 2 && dns::load_u16(data, 0) == 0;
        break;
      case dns::option_padding: query.wants_padding = is_encrypted(transport); break;
      default: break;
    }
    options = options.subspan(head_size + size);
  }
  return true;
}

struct Tail {
  bool good = true;
  bool has_edns = false;
  bool dnssec_ok = false;
  std::uint8_t version = 0;
  std::uint16_t payload_size = dns::udp_payload_size_plain;
  Bytes options = {};
};

// Nearly every query ends behind its question or has one OPT there: read without the general
// walker.
Tail read_tail(Bytes message, const dns::Header& header, std::size_t at) noexcept {
  const bool plain = header.answer_count == 0 && header.authority_count == 0;
  if (plain && header.additional_count == 0) return {.good = at == message.size()};
  const Bytes rest = message.subspan(at);
  if (plain && header.additional_count == 1 && rest.size() >= opt_head_size && rest[0] == 0 &&
      dns::load_u16(rest, 1) == dns::type_opt) {
    const std::size_t size = dns::load_u16(rest, 9);
    return {.good = size == rest.size() - opt_head_size,
            .has_edns = true,
            .dnssec_ok = (rest[7] & 0x80) != 0,
            .version = rest[6],
            .payload_size = dns::load_u16(rest, 3),
            .options = rest.subspan(opt_head_size)};
  }
  const auto edns = dns::find_edns(message);
  if (!edns) return {.good = false};
  if (!edns->has_value()) return {};
  return {.has_edns = true,
          .dnssec_ok = (*edns)->dnssec_ok,
          .version = (*edns)->version,
          .payload_size = (*edns)->payload_size,
          .options = (*edns)->options};
}

}  // namespace

ClientQuery read_query(Bytes message, Transport transport) noexcept {
  ClientQuery query;
  if (transport != Transport::udp) query.answer_size_max = dns::message_size_max;
  const auto header = dns::parse_header(message);
  if (!header) return query;
  query.header = *header;
  if (header->is_response()) return query;
  if (header->opcode() == dns::opcode_notify) {
    query.fault = Fault::notify;
    return query;
  }
  if (header->opcode() != dns::opcode_query) {
    query.fault = Fault::notimp;
    return query;
  }
  query.fault = Fault::formerr;
  const auto question = dns::parse_question(message);
  if (!question) return query;
  query.question = *question;
  query.has_question = true;
  const Tail tail = read_tail(message, *header, dns::question_end(*question));
  if (!tail.good) return query;
  if (!tail.options.empty() && !read_options(tail.options, transport, query)) return query;
  query.has_edns = tail.has_edns;
  query.dnssec_ok = tail.dnssec_ok;
  if (tail.has_edns && transport == Transport::udp) {
    query.answer_size_max = std::clamp<std::size_t>(tail.payload_size, dns::udp_payload_size_plain,
                                                    udp_answer_size_max);
  }
  if (tail.has_edns && tail.version != 0) {
    query.fault = Fault::badvers;
  } else if (question->qclass != dns::class_in || question->qtype == dns::type_axfr ||
             question->qtype == dns::type_ixfr) {
    query.fault = Fault::refused;
  } else {
    query.fault = Fault::none;
  }
  return query;
}

}  // namespace khien::resolver
