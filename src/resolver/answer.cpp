#include "resolver/answer.h"

#include <algorithm>
#include <cstring>

#include "resolver/block_text.h"

namespace khien::resolver {
namespace {

constexpr std::size_t opt_size = 11;
constexpr std::size_t option_head_size = 4;
constexpr std::uint16_t pointer_bits = 0xC000;  // RFC 1035 section 4.1.4

// Octets into a buffer that the caller knows to be large enough.
class Cursor {
 public:
  Cursor(std::span<std::uint8_t> out, std::size_t at) noexcept : out_(out), at_(at) {}
  void u8(std::uint8_t value) noexcept { out_[at_++] = value; }
  void u16(std::uint16_t value) noexcept {
    dns::store_u16(out_, at_, value);
    at_ += 2;
  }
  void u32(std::uint32_t value) noexcept {
    dns::store_u32(out_, at_, value);
    at_ += 4;
  }
  void octets(Bytes octets) noexcept {
    if (!octets.empty())
      std::memcpy(out_.subspan(at_, octets.size()).data(), octets.data(), octets.size());
    at_ += octets.size();
  }
  void zeros(std::size_t count) noexcept {
    if (count != 0) std::memset(out_.subspan(at_, count).data(), 0, count);
    at_ += count;
  }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

 private:
  std::span<std::uint8_t> out_;
  std::size_t at_;
};

std::uint16_t answer_flags(const AnswerHead& head, std::uint16_t rcode) noexcept {
  constexpr std::uint16_t kept = 0x7800 | dns::flag_rd | dns::flag_cd;  // opcode, RD, CD
  return static_cast<std::uint16_t>(dns::flag_qr | dns::flag_ra | (head.query_flags & kept) |
                                    (rcode & 0x0F));
}

// With its text if that fits, else without, else not at all.
void add_extended(Cursor& cursor, std::size_t limit, std::uint16_t info_code, Bytes text) noexcept {
  const std::size_t room = limit - cursor.at();
  if (room < option_head_size + 2) return;
  if (room < option_head_size + 2 + text.size()) text = {};
  cursor.u16(dns::option_extended_error);
  cursor.u16(static_cast<std::uint16_t>(2 + text.size()));
  cursor.u16(info_code);
  cursor.octets(text);
}

// Up to a multiple of the block size, or to the limit (RFC 8467 section 4.1); the last option.
void add_padding(Cursor& cursor, std::size_t limit) noexcept {
  const std::size_t unpadded = cursor.at() + option_head_size;
  if (unpadded > limit) return;
  const std::size_t blocks = (unpadded + answer_block_size - 1) / answer_block_size;
  const std::size_t size = std::min(blocks * answer_block_size, limit) - unpadded;
  cursor.u16(dns::option_padding);
  cursor.u16(static_cast<std::uint16_t>(size));
  cursor.zeros(size);
}

std::size_t cookie_option_size(const AnswerHead& head) noexcept {
  return head.cookie.empty() ? 0 : option_head_size + head.cookie.size();
}

}  // namespace

AnswerHead AnswerHead::of(const ClientQuery& query, Bytes message) noexcept {
  AnswerHead head{.id = query.header.id,
                  .query_flags = query.header.flags,
                  .has_edns = query.has_edns,
                  .dnssec_ok = query.dnssec_ok,
                  .wants_structured = query.wants_structured,
                  .wants_padding = query.wants_padding,
                  .size_max = query.answer_size_max};
  if (query.has_question) {
    head.question =
        message.subspan(dns::header_size, dns::question_end(query.question) - dns::header_size);
  }
  return head;
}

std::size_t edns_size_min(const AnswerHead& head) noexcept {
  return head.has_edns ? opt_size + cookie_option_size(head) : 0;
}

std::size_t append_edns(const AnswerHead& head, std::uint16_t rcode, const Extended& extended,
                        std::span<std::uint8_t> out, std::size_t size) noexcept {
  if (!head.has_edns) return size;
  const std::size_t limit = std::min(head.size_max, out.size());
  if (limit - size < edns_size_min(head))
    return size;  // cannot be: every caller leaves room for it

  Cursor cursor{out, size};
  cursor.u8(0);
  cursor.u16(dns::type_opt);
  cursor.u16(dns::edns_payload_size);
  cursor.u8(static_cast<std::uint8_t>(rcode >> 4));
  cursor.u8(0);
  cursor.u16(head.dnssec_ok ? 0x8000 : 0);
  cursor.u16(0);  // the options' size, below
  if (!head.cookie.empty()) {
    cursor.u16(dns::option_cookie);
    cursor.u16(static_cast<std::uint16_t>(head.cookie.size()));
    cursor.octets(head.cookie);
  }
  if (extended.info_code != 0) {
    add_extended(cursor, limit, extended.info_code, as_bytes(extended.text));
  }
  if (!extended.upstream.empty()) {
    add_extended(cursor, limit, dns::load_u16(extended.upstream, 0), extended.upstream.subspan(2));
  }
  if (head.wants_padding) add_padding(cursor, limit);
  dns::store_u16(out, size + opt_size - 2,
                 static_cast<std::uint16_t>(cursor.at() - size - opt_size));
  dns::store_u16(out, 10, static_cast<std::uint16_t>(dns::load_u16(out, 10) + 1));
  return cursor.at();
}

std::size_t write_error(const AnswerHead& head, std::uint16_t rcode, const Extended& extended,
                        std::span<std::uint8_t> out) noexcept {
  Cursor cursor{out, 0};
  cursor.u16(head.id);
  cursor.u16(answer_flags(head, rcode));
  cursor.u16(head.question.empty() ? 0 : 1);
  cursor.u16(0);
  cursor.u32(0);
  cursor.octets(head.question);
  return append_edns(head, rcode, extended, out, cursor.at());
}

std::size_t write_truncated(const AnswerHead& head, std::span<std::uint8_t> out) noexcept {
  const std::size_t size = write_error(head, dns::rcode_noerror, {}, out);
  dns::store_u16(out, 2, dns::load_u16(out, 2) | dns::flag_tc);
  return size;
}

namespace {

/// SOA for negative caching (RFC 2308). Its owner is the rule's name inside the question, by
/// pointer, so that whoever caches by zone cut keeps just what is blocked.
void write_soa(Cursor& cursor, std::size_t owner_at) noexcept {
  cursor.u16(static_cast<std::uint16_t>(pointer_bits | owner_at));
  cursor.u16(dns::type_soa);
  cursor.u16(dns::class_in);
  cursor.u32(blocked_ttl_s);
  cursor.u16(2 + 5 * 4);
  cursor.u8(0);  // no primary and no mailbox: both are the root
  cursor.u8(0);
  cursor.u32(1);
  cursor.u32(blocked_ttl_s);
  cursor.u32(blocked_ttl_s);
  cursor.u32(blocked_ttl_s);
  cursor.u32(blocked_ttl_s);
}

void write_address(Cursor& cursor, std::uint16_t qtype, const net::IpAddress& address) noexcept {
  cursor.u16(static_cast<std::uint16_t>(pointer_bits | dns::header_size));
  cursor.u16(qtype);
  cursor.u16(dns::class_in);
  cursor.u32(blocked_ttl_s);
  cursor.u16(static_cast<std::uint16_t>(address.octets().size()));
  cursor.octets(address.octets());
}

/// What a blocked name is to a client of the network.
enum class Fate : std::uint8_t { gone, empty, led, refused };

Fate fate_of(const Blocked& blocked, std::uint16_t qtype, const BlockAnswer& answer) noexcept {
  const bool to_sinkhole = answer.sinkhole_v4 || answer.sinkhole_v6;
  const auto led = [&] {
    const bool has_address = (qtype == dns::type_a && answer.sinkhole_v4) ||
                             (qtype == dns::type_aaaa && answer.sinkhole_v6);
    return has_address ? Fate::led : Fate::empty;
  };
  switch (blocked.as) {
    case policy::BlockedAs::refused: return Fate::refused;
    case policy::BlockedAs::nodata: return Fate::empty;
    case policy::BlockedAs::nxdomain: return Fate::gone;
    case policy::BlockedAs::sinkhole: return to_sinkhole ? led() : Fate::gone;
    case policy::BlockedAs::configured: break;
  }
  if (blocked.verdict.action == policy::Action::nodata) return Fate::empty;
  return to_sinkhole ? led() : Fate::gone;
}

std::uint16_t rcode_of(Fate fate) noexcept {
  if (fate == Fate::refused) return dns::rcode_refused;
  return fate == Fate::gone ? dns::rcode_nxdomain : dns::rcode_noerror;
}

}  // namespace

std::size_t write_blocked(const AnswerHead& head, const Blocked& blocked, const BlockAnswer& answer,
                          std::span<std::uint8_t> out) noexcept {
  const std::uint16_t qtype = dns::load_u16(head.question, head.question.size() - 4);
  const Fate fate = fate_of(blocked, qtype, answer);
  const std::uint16_t rcode = rcode_of(fate);
  const bool has_soa = fate == Fate::gone || fate == Fate::empty;
  Cursor cursor{out, 0};
  cursor.u16(head.id);
  cursor.u16(answer_flags(head, rcode));
  cursor.u16(1);
  cursor.u16(fate == Fate::led ? 1 : 0);
  cursor.u16(has_soa ? 1 : 0);
  cursor.u16(0);
  cursor.octets(head.question);
  if (fate == Fate::led) {
    write_address(cursor, qtype, qtype == dns::type_a ? *answer.sinkhole_v4 : *answer.sinkhole_v6);
  } else if (has_soa) {
    write_soa(cursor,
              dns::header_size + (blocked.is_qname ? std::size_t{blocked.verdict.trigger_at} : 0));
  }
  return append_reason(head, rcode, blocked, answer, out, cursor.at());
}

std::size_t append_reason(const AnswerHead& head, std::uint16_t rcode, const Blocked& blocked,
                          const BlockAnswer& answer, std::span<std::uint8_t> out,
                          std::size_t size) noexcept {
  if (!head.has_edns) return size;
  const std::size_t limit = std::min(head.size_max, out.size());
  const std::size_t needed = size + edns_size_min(head) + option_head_size + 2;
  TextBuffer text;
  if (needed <= limit) write_block_text(head, blocked, answer, limit - needed, text);
  return append_edns(
      head, rcode,
      {.info_code = policy::extended_error_code(blocked.verdict.stands_for), .text = text.text()},
      out, size);
}

std::size_t write_minimal_any(const AnswerHead& head, std::span<std::uint8_t> out) noexcept {
  constexpr std::string_view cpu = "RFC8482";  // section 4.2; the OS stays empty
  Cursor cursor{out, 0};
  cursor.u16(head.id);
  cursor.u16(answer_flags(head, dns::rcode_noerror));
  cursor.u16(1);
  cursor.u16(1);
  cursor.u32(0);
  cursor.octets(head.question);
  cursor.u16(static_cast<std::uint16_t>(pointer_bits | dns::header_size));
  cursor.u16(dns::type_hinfo);
  cursor.u16(dns::class_in);
  cursor.u32(minimal_any_ttl_s);
  cursor.u16(static_cast<std::uint16_t>(cpu.size() + 2));
  cursor.u8(static_cast<std::uint8_t>(cpu.size()));
  cursor.octets(as_bytes(cpu));
  cursor.u8(0);
  return append_edns(head, dns::rcode_noerror, {}, out, cursor.at());
}

}  // namespace khien::resolver
