#include "dns/edns.h"

#include <algorithm>

namespace khien::dns {
namespace {

constexpr std::size_t option_head_size = 4;
constexpr std::uint32_t flag_dnssec_ok = 0x8000;

}  // namespace

Wire<Edns> parse_edns(const RecordView& record) noexcept {
  if (record.type != type_opt || !record.owner.view().is_root()) {
    return tl::unexpected(WireError::bad_opt);
  }
  for (Bytes rest = record.rdata; !rest.empty();) {
    if (option_head_size > rest.size()) return tl::unexpected(WireError::bad_opt);
    const std::size_t size = load_u16(rest, 2);
    if (size > rest.size() - option_head_size) return tl::unexpected(WireError::bad_opt);
    rest = rest.subspan(option_head_size + size);
  }
  return Edns{.payload_size = std::max<std::uint16_t>(record.rclass, 512),
              .rcode_high = static_cast<std::uint8_t>(record.ttl >> 24),
              .version = static_cast<std::uint8_t>(record.ttl >> 16),
              .dnssec_ok = (record.ttl & flag_dnssec_ok) != 0,
              .options = record.rdata};
}

std::optional<EdnsOption> find_option(const Edns& edns, std::uint16_t code) noexcept {
  for (Bytes rest = edns.options; option_head_size <= rest.size();) {
    const std::size_t size = load_u16(rest, 2);
    if (size > rest.size() - option_head_size) break;
    if (load_u16(rest, 0) == code) {
      return EdnsOption{.code = code, .data = rest.subspan(option_head_size, size)};
    }
    rest = rest.subspan(option_head_size + size);
  }
  return std::nullopt;
}

Wire<std::optional<Edns>> find_edns(Bytes message) noexcept {
  auto reader = MessageReader::open(message);
  if (!reader) return tl::unexpected(reader.error());
  std::optional<Edns> found;
  while (true) {
    const auto record = reader->next();
    if (!record) return tl::unexpected(record.error());
    if (!record->has_value()) return found;
    if ((*record)->type != type_opt) continue;
    if ((*record)->section != Section::additional || found) {
      return tl::unexpected(WireError::bad_opt);
    }
    const auto edns = parse_edns(**record);
    if (!edns) return tl::unexpected(edns.error());
    found = *edns;
  }
}

bool add_edns(MessageWriter& writer, const EdnsReply& reply) noexcept {
  std::array<std::uint8_t, edns_options_size_max> rdata;
  std::size_t size = 0;
  for (const EdnsOption& option : reply.options) {
    if (option_head_size > rdata.size() - size) return false;
    if (option.data.size() > rdata.size() - size - option_head_size) return false;
    store_u16(rdata, size, option.code);
    store_u16(rdata, size + 2, static_cast<std::uint16_t>(option.data.size()));
    size += option_head_size;
    std::copy(option.data.begin(), option.data.end(),
              rdata.begin() + static_cast<std::ptrdiff_t>(size));
    size += option.data.size();
  }
  const std::uint32_t rcode_high = (std::uint32_t{reply.rcode} >> 4) & 0xFF;
  const RecordHead head{.type = type_opt,
                        .rclass = reply.payload_size,
                        .ttl = (rcode_high << 24) | (reply.dnssec_ok ? flag_dnssec_ok : 0)};
  return writer.add_record(Section::additional, NameView{}, head, Bytes{rdata}.first(size));
}

std::optional<ExtendedError> parse_extended_error(const EdnsOption& option) noexcept {
  if (option.code != option_extended_error || option.data.size() < 2) return std::nullopt;
  return ExtendedError{.info_code = load_u16(option.data, 0),
                       .text = as_text(option.data.subspan(2))};
}

EdnsOption make_extended_error(const ExtendedError& error, std::span<std::uint8_t> out) noexcept {
  KHIEN_ASSERT(out.size() >= 2);
  store_u16(out, 0, error.info_code);
  std::size_t size = std::min(error.text.size(), out.size() - 2);
  if (size < error.text.size()) {
    // Octets 10xxxxxx continue a UTF-8 character: step back to where one starts.
    while (size > 0 && (static_cast<unsigned char>(error.text[size]) & 0xC0) == 0x80) --size;
  }
  std::copy_n(error.text.begin(), size, out.begin() + 2);
  return EdnsOption{.code = option_extended_error, .data = Bytes{out}.first(2 + size)};
}

}  // namespace khien::dns
