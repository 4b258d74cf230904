#include "exchange/bgp_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/rfc3339.h"

namespace khien::exchange {
namespace {

constexpr std::array<std::string_view, 4> words{"bird-rtbh", "bird-flowspec", "exabgp-rtbh",
                                                "exabgp-flowspec"};

/// Routers want the length of one address, too.
std::string with_length(const text::IpPrefix& prefix) {
  return fmt::format("{}/{}", text::to_string(prefix.base), prefix.length);
}

// 65535:666 is BLACKHOLE (RFC 7999 section 5), 65535:65281 NO_EXPORT (RFC 1997), which RFC 7999
// section 3.2 asks for. 0x8006 is traffic-rate in bytes (RFC 8955 section 7.1); a rate of 0
// discards.
std::string line_of(const text::IpPrefix& prefix, BgpText kind) {
  const auto text = with_length(prefix);
  const char family = prefix.base.is_v6 ? '6' : '4';
  switch (kind) {
    case BgpText::bird_rtbh:
      return fmt::format(
          "route {} blackhole {{ bgp_community.add((65535, 666)); "
          "bgp_community.add((65535, 65281)); }};\n",
          text);
    case BgpText::bird_flowspec:
      return fmt::format(
          "route flow{} {{ dst {}; }} "
          "{{ bgp_ext_community.add((generic, 0x80060000, 0x0)); }};\n",
          family, text);
    case BgpText::exabgp_rtbh:
      return fmt::format("announce route {} next-hop self community [65535:666 65535:65281]\n",
                         text);
    case BgpText::exabgp_flowspec:
      return fmt::format(
          "announce flow route {{ match {{ destination {}; }} then {{ discard; }} }}\n", text);
  }
  return {};
}

}  // namespace

std::optional<BgpText> parse_bgp_text(std::string_view word) noexcept {
  const auto* const found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<BgpText>(found - words.begin());
}

std::string bgp_text(const AddressList& list, BgpText kind, std::string_view title,
                     InstantMs expires_at_ms) {
  auto out = fmt::format("# {}: withdraw it at {} unless it was renewed\n", title,
                         codec::write_rfc3339(expires_at_ms));
  for (const auto* part : {&list.addresses4, &list.prefixes4, &list.addresses6, &list.prefixes6}) {
    for (const auto& prefix : *part) out += line_of(prefix, kind);
  }
  return out;
}

}  // namespace khien::exchange
