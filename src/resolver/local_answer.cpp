#include "resolver/local_answer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "dns/relocate.h"
#include "dns/writer.h"

namespace khien::resolver {
namespace {

constexpr std::size_t record_head_size = 12;  // owner by pointer, type, class, TTL, RDLENGTH
constexpr std::uint16_t question_name = 0xC000 | dns::header_size;

std::uint16_t flags_of(const AnswerHead& head, std::uint16_t rcode) noexcept {
  return static_cast<std::uint16_t>(dns::flag_qr | dns::flag_ra |
                                    (head.query_flags & (dns::flag_rd | dns::flag_cd)) |
                                    (rcode & 0x0F));
}

void begin(const AnswerHead& head, std::uint16_t rcode, std::span<std::uint8_t> out) noexcept {
  std::memset(out.data(), 0, dns::header_size);
  dns::store_u16(out, 0, head.id);
  dns::store_u16(out, 2, flags_of(head, rcode));
  dns::store_u16(out, 4, 1);
  std::memcpy(out.data() + dns::header_size, head.question.data(), head.question.size());
}

/// A record of the question's name at `at`; the new end, or 0 where it does not fit in `limit`.
std::size_t put(std::span<std::uint8_t> out, std::size_t at, std::size_t limit,
                const policy::LocalRecord& record) noexcept {
  if (at > limit || limit - at < record_head_size + record.rdata.size()) return 0;
  dns::store_u16(out, at, question_name);
  dns::store_u16(out, at + 2, record.type);
  dns::store_u16(out, at + 4, dns::class_in);
  dns::store_u32(out, at + 6, std::min(record.ttl, blocked_ttl_s));
  dns::store_u16(out, at + 10, static_cast<std::uint16_t>(record.rdata.size()));
  std::memcpy(out.data() + at + record_head_size, record.rdata.data(), record.rdata.size());
  return at + record_head_size + record.rdata.size();
}

}  // namespace

std::size_t write_local(const AnswerHead& head, const Blocked& blocked,
                        const policy::RareRules& rules, const BlockAnswer& answer,
                        std::span<std::uint8_t> out) noexcept {
  const std::uint16_t qtype = dns::load_u16(head.question, head.question.size() - 4);
  const std::size_t room = std::min(head.size_max, out.size()) - edns_size_min(head);
  std::uint16_t wanted = qtype;
  std::uint16_t count = 0;
  bool is_cut = false;
  begin(head, dns::rcode_noerror, out);
  std::size_t at = dns::header_size + head.question.size();
  rules.for_each_local(blocked.verdict, [&](const policy::LocalRecord& record) {
    if (wanted == dns::type_any) wanted = record.type;
    if (record.type != wanted) return;
    const std::size_t end = put(out, at, room, record);
    is_cut = is_cut || end == 0;
    if (end == 0) return;
    at = end;
    ++count;
  });
  if (is_cut) return write_truncated(head, out);
  if (count == 0) {
    Blocked nodata = blocked;
    nodata.verdict.action = policy::Action::nodata;
    return write_blocked(head, nodata, answer, out);
  }
  dns::store_u16(out, 6, count);
  return append_reason(head, dns::rcode_noerror, blocked, answer, out, at);
}

std::size_t write_local_alias(const AnswerHead& head, const Blocked& blocked,
                              const LocalAlias& alias, const BlockAnswer& answer,
                              std::span<std::uint8_t> out) noexcept {
  const std::size_t room = std::min(head.size_max, out.size()) - edns_size_min(head);
  begin(head, dns::rcode_noerror, out);
  const std::size_t size =
      put(out, dns::header_size + head.question.size(), room,
          {.type = dns::type_cname, .ttl = alias.ttl_s, .rdata = alias.target});
  if (size == 0) return write_truncated(head, out);
  dns::store_u16(out, 6, 1);
  return append_reason(head, dns::rcode_noerror, blocked, answer, out, size);
}

std::size_t write_led(const AnswerHead& head, const Blocked& blocked, const Led& led,
                      const BlockAnswer& answer, std::span<std::uint8_t> out) noexcept {
  if ((dns::load_u16(led.message, 2) & dns::flag_tc) != 0) return write_truncated(head, out);
  const auto question = dns::parse_question(led.message);
  const auto rcode = static_cast<std::uint16_t>(dns::load_u16(led.message, 2) & 0x0F);
  const std::size_t room = std::min(head.size_max, out.size()) - edns_size_min(head);
  if (!question || question->qname.size() != led.alias.target.size()) {
    return write_error(head, dns::rcode_servfail, {}, out);
  }
  begin(head, rcode, out);
  const std::size_t cname_at = dns::header_size + head.question.size();
  const std::size_t records_at = dns::question_end(*question);
  const std::size_t to =
      put(out, cname_at, room,
          {.type = dns::type_cname, .ttl = led.alias.ttl_s, .rdata = led.alias.target});
  std::size_t records = 0;
  for (const std::size_t count_at : {6U, 8U, 10U}) records += dns::load_u16(led.message, count_at);
  const auto size = to == 0
                        ? std::nullopt
                        : dns::relocate_records(led.message, records,
                                                {.records_at = records_at,
                                                 .to = to,
                                                 .question_name_at = cname_at + record_head_size},
                                                out.first(room));
  const std::uint16_t answers = dns::load_u16(led.message, 6);
  if (!size || answers == std::numeric_limits<std::uint16_t>::max()) {
    return write_truncated(head, out);
  }
  dns::store_u16(out, 6, static_cast<std::uint16_t>(answers + 1));
  for (const std::size_t count_at : {8U, 10U}) {
    dns::store_u16(out, count_at, dns::load_u16(led.message, count_at));
  }
  if (led.entry != nullptr) {
    const auto age_s = static_cast<std::uint32_t>((led.now_ms - led.entry->stored_ms) / 1'000);
    for (std::size_t i = 0; i < led.entry->ttl_count; ++i) {
      const std::size_t at = led.entry->ttl_at(i) - records_at + to;
      const std::uint32_t ttl = dns::load_u32(out, at);
      dns::store_u32(out, at, led.stale ? stale_ttl_s : ttl > age_s ? ttl - age_s : 0);
    }
  }
  return append_reason(head, rcode, blocked, answer, out, *size);
}

}  // namespace khien::resolver
