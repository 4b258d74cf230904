#include "resolver/answer.h"

#include <algorithm>
#include <array>
#include <cstring>

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

// Text in a fixed buffer; what does not fit makes it `cut`.
class TextBuffer {
 public:
  void add(std::string_view text) noexcept {
    if (text.size() > text_.size() - size_) {
      cut_ = true;
      return;
    }
    std::copy(text.begin(), text.end(), text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += text.size();
  }
  // The name as a URL path holds it: host characters stay, everything else becomes %XX.
  void add_name(Bytes wire) noexcept {
    static constexpr std::string_view hex = "0123456789ABCDEF";
    for (std::size_t at = 0; wire[at] != 0; at += 1 + std::size_t{wire[at]}) {
      if (at != 0) add(".");
      for (const std::uint8_t octet : wire.subspan(at + 1, wire[at])) {
        const char c = static_cast<char>(octet);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        const std::array<char, 3> escaped{'%', hex[octet >> 4], hex[octet & 0x0F]};
        add(plain ? std::string_view{&c, 1} : std::string_view{escaped.data(), escaped.size()});
      }
    }
  }
  [[nodiscard]] bool cut() const noexcept { return cut_; }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }
  void cut_back(std::size_t size) noexcept { size_ = size; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::array<char, extended_text_size_max> text_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

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

}  // namespace

AnswerHead AnswerHead::of(const ClientQuery& query, Bytes message) noexcept {
  AnswerHead head{.id = query.header.id,
                  .query_flags = query.header.flags,
                  .has_edns = query.has_edns,
                  .dnssec_ok = query.dnssec_ok,
                  .size_max = query.answer_size_max};
  if (query.has_question) {
    head.question =
        message.subspan(dns::header_size, dns::question_end(query.question) - dns::header_size);
  }
  return head;
}

std::size_t edns_size_min(const AnswerHead& head) noexcept { return head.has_edns ? opt_size : 0; }

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
  if (extended.info_code != 0) {
    add_extended(cursor, limit, extended.info_code, as_bytes(extended.text));
  }
  if (!extended.upstream.empty()) {
    add_extended(cursor, limit, dns::load_u16(extended.upstream, 0), extended.upstream.subspan(2));
  }
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
  if (!head.has_edns) return cursor.at();

  TextBuffer text;
  const policy::Source source = blocked.verdict.source;
  const auto category = policy::category_of(source);
  if (category) {
    text.add("category=");
    text.add(to_string(*category));
  } else {
    text.add("emergency");
  }
  const std::size_t without_link = text.size();
  if (!answer.base_url.empty()) {
    text.add(" ");
    text.add(answer.base_url);
    text.add("/l/");
    text.add_name(blocked.name);
  }
  // Half a link helps nobody.
  const std::size_t room = std::min(head.size_max, out.size()) - cursor.at();
  if (text.cut() || room < opt_size + option_head_size + 2 + text.size()) {
    text.cut_back(without_link);
  }
  return append_edns(head, rcode,
                     {.info_code = policy::extended_error_code(source), .text = text.text()}, out,
                     cursor.at());
}

}  // namespace khien::resolver
