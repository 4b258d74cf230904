#include "resolver/dnstap.h"

#include <string_view>

#include "dns/edns.h"

namespace khien::resolver {
namespace {

constexpr std::string_view content_type = "protobuf:dnstap.Dnstap";

bool is_response(TapKind kind) noexcept {
  return kind == TapKind::client_response || kind == TapKind::forwarder_response;
}

// Protocol Buffers: a field is a varint of number and wire type, then its value.
void append_varint(Octets& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<std::uint8_t>(value | 0x80));
  out.push_back(static_cast<std::uint8_t>(value));
}
void append_number(Octets& out, unsigned field, std::uint64_t value) {
  append_varint(out, std::uint64_t{field} << 3);
  append_varint(out, value);
}
void append_octets(Octets& out, unsigned field, Bytes value) {
  append_varint(out, (std::uint64_t{field} << 3) | 2);
  append_varint(out, value.size());
  out.insert(out.end(), value.begin(), value.end());
}

void append_u32(Octets& out, std::size_t value) {
  dns::append_u16(out, static_cast<std::uint16_t>(value >> 16));
  dns::append_u16(out, static_cast<std::uint16_t>(value));
}

std::uint64_t protocol_of(Transport transport) noexcept {
  switch (transport) {
    case Transport::udp: return 1;
    case Transport::tcp: return 2;
    case Transport::dot: return 3;
    default: return 4;
  }
}

struct Walk {
  std::size_t end = 0;  // behind what is kept of the records
  std::optional<dns::RecordView> opt;
  std::uint16_t additional_count = 0;  // of those before OPT
};

// The records up to OPT, or nullopt if the message is broken.
std::optional<Walk> walk(dns::MessageReader reader, std::size_t begin) {
  Walk walk{.end = begin, .opt = {}};
  while (true) {
    const auto record = reader.next();
    if (!record) return std::nullopt;
    if (!*record) return walk;
    if (walk.opt) continue;  // left out, but must be whole
    if ((*record)->type == dns::type_opt) {
      if ((*record)->section != dns::Section::additional) return std::nullopt;
      walk.opt = **record;
      continue;
    }
    if ((*record)->section == dns::Section::additional) ++walk.additional_count;
    walk.end = (*record)->rdata_at + (*record)->rdata.size();
  }
}

void append_opt(TapKind kind, const dns::RecordView& opt, Octets& out) {
  out.push_back(0);
  dns::append_u16(out, dns::type_opt);
  dns::append_u16(out, opt.rclass);
  append_u32(out, opt.ttl);
  const std::size_t size_at = out.size();
  dns::append_u16(out, 0);
  const auto edns = dns::parse_edns(opt);
  if (!edns || !is_response(kind)) return;
  for (Bytes rest = edns->options; rest.size() >= 4;) {
    const std::size_t size = 4 + std::size_t{dns::load_u16(rest, 2)};
    if (dns::load_u16(rest, 0) == dns::option_extended_error) {
      out.insert(out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(size));
    }
    rest = rest.subspan(size);
  }
  dns::store_u16(out, size_at, static_cast<std::uint16_t>(out.size() - size_at - 2));
}

}  // namespace

bool append_tapped_message(TapKind kind, Bytes message, Octets& out) {
  const auto reader = dns::MessageReader::open(message);
  if (!reader || reader->header().opcode() != dns::opcode_query ||
      reader->header().is_response() != is_response(kind)) {
    return false;
  }
  const std::size_t begin =
      reader->question() ? dns::question_end(*reader->question()) : dns::header_size;
  const auto found = walk(*reader, begin);
  if (!found) return false;
  const bool keeps_records = is_response(kind);
  const std::size_t end = keeps_records ? found->end : begin;
  const std::size_t at = out.size();
  out.insert(out.end(), message.begin(), message.begin() + static_cast<std::ptrdiff_t>(end));
  const std::span copy = std::span{out}.subspan(at);
  dns::store_u16(copy, 0, 0);
  if (!keeps_records) {
    dns::store_u16(copy, 6, 0);
    dns::store_u16(copy, 8, 0);
  }
  dns::store_u16(copy, 10,
                 static_cast<std::uint16_t>((keeps_records ? found->additional_count : 0) +
                                            (found->opt ? 1 : 0)));
  if (reader->question()) {
    for (std::uint8_t& octet : copy.subspan(dns::header_size, begin - dns::header_size - 4)) {
      if (octet >= 'A' && octet <= 'Z') octet |= 0x20;  // lengths are below 'A'
    }
  }
  if (found->opt) append_opt(kind, *found->opt, out);
  return true;
}

void append_tap_frame(const TapRecord& record, std::int64_t time_s, Octets& out) {
  const bool response = is_response(record.kind);
  Octets inner;
  append_number(inner, 1, static_cast<std::uint64_t>(record.kind));
  append_number(inner, 3, protocol_of(record.transport));
  append_number(inner, response ? 12 : 8, static_cast<std::uint64_t>(time_s));
  append_octets(inner, response ? 14 : 10, record.message);
  Octets outer;
  append_octets(outer, 2, as_bytes(std::string_view{"khien-dnsd"}));
  append_octets(outer, 14, inner);
  append_number(outer, 15, 1);  // a message
  append_u32(out, outer.size());
  out.insert(out.end(), outer.begin(), outer.end());
}

// A control frame: an empty data frame, its size, its type, and fields.
void append_tap_start(Octets& out) {
  constexpr std::size_t control_start = 2;
  constexpr std::size_t field_content_type = 1;
  append_u32(out, 0);
  append_u32(out, 12 + content_type.size());
  append_u32(out, control_start);
  append_u32(out, field_content_type);
  append_u32(out, content_type.size());
  out.insert(out.end(), content_type.begin(), content_type.end());
}

void append_tap_stop(Octets& out) {
  constexpr std::size_t control_stop = 3;
  append_u32(out, 0);
  append_u32(out, 4);
  append_u32(out, control_stop);
}

}  // namespace khien::resolver
