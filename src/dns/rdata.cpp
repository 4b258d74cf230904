#include "dns/rdata.h"

namespace khien::dns {
namespace {

constexpr std::size_t soa_numbers_size = 20;

void append_name(Octets& out, NameView name) {
  out.insert(out.end(), name.wire().begin(), name.wire().end());
}

/// Takes one parameter off `rest`; the key must be above `previous`.
Wire<void> take_parameter(Bytes& rest, int& previous, Svcb& svcb) noexcept {
  constexpr std::size_t head_size = 4;
  if (head_size > rest.size()) return tl::unexpected(WireError::bad_rdata);
  const std::uint16_t key = load_u16(rest, 0);
  const std::size_t size = load_u16(rest, 2);
  if (size > rest.size() - head_size || key <= previous) {
    return tl::unexpected(WireError::bad_rdata);
  }
  const Bytes value = rest.subspan(head_size, size);
  if (key == svcb_key_ipv4hint) {
    if (value.empty() || value.size() % 4 != 0) return tl::unexpected(WireError::bad_rdata);
    svcb.ipv4_hints = value;
  }
  if (key == svcb_key_ipv6hint) {
    if (value.empty() || value.size() % 16 != 0) return tl::unexpected(WireError::bad_rdata);
    svcb.ipv6_hints = value;
  }
  previous = key;
  rest = rest.subspan(head_size + size);
  return {};
}

}  // namespace

Wire<Soa> parse_soa(Bytes rdata) {
  const auto primary = NameView::parse_prefix(rdata);
  if (!primary) return tl::unexpected(WireError::bad_rdata);
  const auto mailbox = NameView::parse_prefix(rdata.subspan(primary->size()));
  if (!mailbox) return tl::unexpected(WireError::bad_rdata);
  const Bytes numbers = rdata.subspan(primary->size() + mailbox->size());
  if (numbers.size() != soa_numbers_size) return tl::unexpected(WireError::bad_rdata);
  return Soa{.primary = Name{*primary},
             .mailbox = Name{*mailbox},
             .serial = load_u32(numbers, 0),
             .refresh_s = load_u32(numbers, 4),
             .retry_s = load_u32(numbers, 8),
             .expire_s = load_u32(numbers, 12),
             .minimum_s = load_u32(numbers, 16)};
}

Octets make_soa(const Soa& soa) {
  Octets out;
  out.reserve(soa.primary.size() + soa.mailbox.size() + soa_numbers_size);
  append_name(out, soa.primary);
  append_name(out, soa.mailbox);
  for (const std::uint32_t number :
       {soa.serial, soa.refresh_s, soa.retry_s, soa.expire_s, soa.minimum_s}) {
    append_u32(out, number);
  }
  return out;
}

Wire<std::uint32_t> parse_soa_serial(Bytes rdata) noexcept {
  for (int name_count = 0; name_count < 2; ++name_count) {
    const auto name = NameView::parse_prefix(rdata);
    if (!name) return tl::unexpected(WireError::bad_rdata);
    rdata = rdata.subspan(name->size());
  }
  if (rdata.size() != soa_numbers_size) return tl::unexpected(WireError::bad_rdata);
  return load_u32(rdata, 0);
}

Wire<NameView> parse_name_rdata(Bytes rdata) noexcept {
  const auto name = NameView::parse(rdata);
  if (!name) return tl::unexpected(WireError::bad_rdata);
  return *name;
}

Wire<Svcb> parse_svcb(Bytes rdata) noexcept {
  if (2 > rdata.size()) return tl::unexpected(WireError::bad_rdata);
  const auto target = NameView::parse_prefix(rdata.subspan(2));
  if (!target) return tl::unexpected(WireError::bad_rdata);
  Svcb svcb{.priority = load_u16(rdata, 0), .target = *target};
  int previous = -1;
  for (Bytes rest = rdata.subspan(2 + target->size()); !rest.empty();) {
    if (const auto taken = take_parameter(rest, previous, svcb); !taken) {
      return tl::unexpected(taken.error());
    }
  }
  return svcb;
}

}  // namespace khien::dns
