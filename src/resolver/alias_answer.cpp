#include "resolver/alias_answer.h"

#include <algorithm>

#include "dns/writer.h"
#include "resolver/packet_cache.h"

namespace khien::resolver {

std::size_t write_alias(const AnswerHead& head, const AliasAnswer& answer,
                        std::span<std::uint8_t> out) noexcept {
  constexpr std::size_t type_and_class = 4;
  auto reader = dns::MessageReader::open(answer.message);
  if (!reader) return 0;
  const auto target = dns::NameView::checked(answer.target);
  const auto qname =
      dns::NameView::checked(head.question.first(head.question.size() - type_and_class));
  const std::uint16_t qtype = dns::load_u16(head.question, head.question.size() - type_and_class);

  dns::MessageWriter writer{out, std::min(head.size_max, out.size())};
  writer.reserve(edns_size_min(head));
  writer.begin(head.id,
               static_cast<std::uint16_t>(dns::flag_qr | dns::flag_ra |
                                          (head.query_flags & (dns::flag_rd | dns::flag_cd)) |
                                          (reader->header().rcode() & 0x0F)));
  if (!writer.add_question(qname, qtype, dns::class_in) ||
      !writer.add_record(dns::Section::answer, qname, {.type = dns::type_cname, .ttl = alias_ttl_s},
                         answer.target)) {
    return 0;
  }
  while (true) {
    const auto record = reader->next();
    if (!record) return 0;
    if (!record->has_value() || (*record)->section != dns::Section::answer) break;
    const dns::RecordView& view = **record;
    if (view.type != qtype) continue;  // a chain behind the target is left out
    const std::uint32_t ttl = view.ttl > answer.age_s ? view.ttl - answer.age_s : 0;
    const dns::RecordHead kept{.type = qtype, .ttl = answer.stale ? stale_ttl_s : ttl};
    if (!writer.add_record(dns::Section::answer, target, kept, view.rdata)) return 0;
  }
  return writer.size();
}

}  // namespace khien::resolver
