#include "resolver/stream_edns.h"

#include <algorithm>

#include "dns/edns.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t option_tcp_keepalive = 11;
constexpr std::size_t option_head_size = 4;
constexpr std::size_t keepalive_size = option_head_size + 2;
constexpr std::int64_t keepalive_unit_ms = 100;

// Where the RDATA of the last record begins, if that is an OPT; 0 otherwise.
std::size_t opt_rdata_at(Bytes message) noexcept {
  auto reader = dns::MessageReader::open(message);
  if (!reader) return 0;
  std::size_t at = 0;
  while (true) {
    const auto record = reader->next();
    if (!record) return 0;
    if (!record->has_value()) return at;
    at = (*record)->type == dns::type_opt ? (*record)->rdata_at : 0;
  }
}

// Where the last of the options begins, if it is padding that has octets to give; 0 otherwise.
std::size_t padding_at(Bytes message, std::size_t rdata_at) noexcept {
  std::size_t last = 0;
  for (std::size_t at = rdata_at; message.size() - at >= option_head_size;) {
    last = at;
    at += option_head_size + dns::load_u16(message, at + 2);
    if (at > message.size()) return 0;
  }
  const bool gives = last != 0 && dns::load_u16(message, last) == dns::option_padding &&
                     dns::load_u16(message, last + 2) >= keepalive_size;
  return gives ? last : 0;
}

}  // namespace

bool wants_keepalive(Bytes query) noexcept {
  const auto edns = dns::find_edns(query);
  if (!edns || !edns->has_value()) return false;
  const auto keepalive = dns::find_option(**edns, option_tcp_keepalive);
  // A client may not send a timeout (RFC 7828 section 3.2.1): what it does is ignored.
  return keepalive && keepalive->data.empty();
}

std::size_t add_keepalive(std::int64_t idle_ms, std::span<std::uint8_t> out,
                          std::size_t size) noexcept {
  const Bytes message = Bytes{out}.first(size);
  const std::size_t rdata_at = opt_rdata_at(message);
  if (rdata_at == 0) return size;
  std::size_t at = size;
  if (const std::size_t padding = padding_at(message, rdata_at); padding != 0) {
    at -= keepalive_size;
    const std::size_t rest = dns::load_u16(message, padding + 2) - keepalive_size;
    dns::store_u16(out, padding + 2, static_cast<std::uint16_t>(rest));
  } else {
    if (std::min(out.size(), dns::message_size_max) - size < keepalive_size) return size;
    const std::size_t length = dns::load_u16(message, rdata_at - 2) + keepalive_size;
    dns::store_u16(out, rdata_at - 2, static_cast<std::uint16_t>(length));
  }
  const auto units = std::clamp<std::int64_t>(idle_ms / keepalive_unit_ms, 0, 0xFFFF);
  dns::store_u16(out, at, option_tcp_keepalive);
  dns::store_u16(out, at + 2, 2);
  dns::store_u16(out, at + option_head_size, static_cast<std::uint16_t>(units));
  return at + keepalive_size;
}

}  // namespace khien::resolver
