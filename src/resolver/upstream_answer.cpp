#include "resolver/upstream_answer.h"

#include <algorithm>
#include <cstring>

#include "text/utf8.h"

namespace khien::resolver {
namespace {

constexpr std::size_t ttl_before_rdata = 6;      // TTL and RDLENGTH
constexpr std::size_t soa_numbers_size = 5 * 4;  // the minimum is the last

// Fit for a client's log or screen.
bool is_clean(std::string_view words) noexcept {
  for (const char c : words) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  }
  return text::is_valid_utf8(words);
}

}  // namespace

void UpstreamAnswer::read_opt(const dns::RecordView& record) noexcept {
  rcode_ = static_cast<std::uint16_t>((record.ttl >> 24 << 4) | (rcode_ & 0x0F));
  if (record.rdata.empty() || extended_size_ != 0) return;
  const auto edns = dns::parse_edns(record);
  if (!edns) return;  // options that cannot be read are options that are not passed on
  const auto option = dns::find_option(*edns, dns::option_extended_error);
  const auto error = option ? dns::parse_extended_error(*option) : std::nullopt;
  if (!error) return;
  const bool keeps_text = option->data.size() <= relayed_extended_size_max && is_clean(error->text);
  const Bytes kept = keeps_text ? option->data : option->data.first(2);
  std::ranges::copy(kept, extended_.begin());
  extended_size_ = kept.size();
}

bool UpstreamAnswer::add_target(dns::NameView name) noexcept {
  if (name.is_root()) return true;  // "the owner itself" or "no service"
  const Bytes wire = name.wire();
  if (wire.size() > targets_.size() - targets_size_) return false;
  std::memcpy(targets_.data() + targets_size_, wire.data(), wire.size());
  targets_size_ += wire.size();
  return true;
}

bool UpstreamAnswer::read_record(Bytes message, const dns::RecordView& record,
                                 std::uint16_t qtype) noexcept {
  if (ttl_count_ == ttl_at_.size()) return false;
  ttl_at_[ttl_count_++] = static_cast<std::uint16_t>(record.rdata_at - ttl_before_rdata);
  // RFC 2181 section 8: a TTL with the top bit set counts as zero.
  const std::uint32_t ttl = record.ttl >= 0x8000'0000 ? 0 : record.ttl;
  if (record.section == dns::Section::authority && record.type == dns::type_soa) {
    if (record.rdata.size() < 2 + soa_numbers_size) return false;
    has_soa_ = true;
    negative_ttl_s_ = std::min(ttl, dns::load_u32(record.rdata, record.rdata.size() - 4));
  }
  if (record.section != dns::Section::answer) return true;
  answer_ttl_s_ = std::min(answer_ttl_s_, ttl);
  if (record.type == qtype || qtype == dns::type_any) has_answer_ = true;
  // Whatever could lead a client somewhere must be readable, or policy would not see it.
  switch (record.type) {
    case dns::type_a: return record.rdata.size() == 4;
    case dns::type_aaaa: return record.rdata.size() == 16;
    case dns::type_svcb:
    case dns::type_https: {
      const auto svcb = dns::parse_svcb(record.rdata);
      return svcb && add_target(svcb->target);
    }
    case dns::type_cname:
    case dns::type_dname: {
      const auto target = dns::read_name(message, record.rdata_at);
      // The name may not reach beyond its RDATA.
      return target && target->end <= record.rdata_at + record.rdata.size() &&
             add_target(target->name);
    }
    default: return true;
  }
}

bool UpstreamAnswer::read(std::span<std::uint8_t> message) noexcept {
  message_ = message;
  ttl_count_ = 0;
  targets_size_ = 0;
  extended_size_ = 0;
  ttl_s_ = 0;
  answer_ttl_s_ = positive_ttl_max_s;
  negative_ttl_s_ = 0;
  has_answer_ = false;
  has_soa_ = false;
  auto reader = dns::MessageReader::open(message);
  if (!reader || !reader->question()) return false;
  rcode_ = reader->header().rcode();
  truncated_ = reader->header().has(dns::flag_tc);
  if (truncated_) return true;

  // Behind the first OPT nothing is kept: pointers go backwards only, so the rest stays whole.
  std::size_t keep_size = message.size();
  std::uint16_t additional_count = 0;
  while (true) {
    const auto record = reader->next();
    if (!record) return false;
    if (!record->has_value()) break;
    const auto& view = **record;
    if (view.type == dns::type_opt) {
      if (view.section != dns::Section::additional) return false;
      keep_size = std::min(keep_size, view.at);
      read_opt(view);
      continue;
    }
    if (keep_size != message.size()) continue;
    if (!read_record(message, view, reader->question()->qtype)) return false;
    if (view.section == dns::Section::additional) ++additional_count;
  }
  message_ = message.first(keep_size);
  dns::store_u16(message_, 10, additional_count);
  // An rcode that stands in OPT alone is no client's to see: what remains of it would say NOERROR.
  if (rcode_ > 0x0F) {
    dns::store_u16(message_, 2, (dns::load_u16(message_, 2) & 0xFFF0) | dns::rcode_servfail);
  }

  if (rcode_ == dns::rcode_nxdomain || (rcode_ == dns::rcode_noerror && !has_answer_)) {
    // RFC 2308 section 5: without SOA a negative answer is not kept.
    if (has_soa_) ttl_s_ = std::min({negative_ttl_s_, answer_ttl_s_, negative_ttl_max_s});
  } else if (rcode_ == dns::rcode_noerror) {
    ttl_s_ = answer_ttl_s_;
  }
  return true;
}

}  // namespace khien::resolver
