// The addresses that an RPZ trigger of the kinds RPZ-IP, RPZ-CLIENT-IP and RPZ-NSIP names
// (draft-vixie-dnsop-dns-rpz-00 section 4.2): `24.0.2.0.192` is 192.0.2.0/24 and `32.zz.db8.2001`
// is 2001:db8::/32, least significant part first, `zz` for the one run of zero words.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>

#include "dns/name.h"

namespace khien::dns {

struct RpzPrefix {
  bool is_v6 = false;
  std::uint8_t length = 0;                 // 0..32 or 0..128
  std::array<std::uint8_t, 16> base = {};  // IPv4 in the first four, the rest zero

  [[nodiscard]] std::size_t size() const noexcept { return is_v6 ? 16U : 4U; }
  friend auto operator<=>(const RpzPrefix&, const RpzPrefix&) = default;
};

/// Reads the labels of `name` that stand in front of the label rpz-ip and its like. nullopt for
/// anything but a whole address of either family, or with bits set beyond the length.
[[nodiscard]] std::optional<RpzPrefix> parse_rpz_prefix(NameView name);

/// The labels that parse_rpz_prefix() reads, with dots between them; IPv6 words written in full.
[[nodiscard]] std::string rpz_prefix_labels(const RpzPrefix& prefix);

}  // namespace khien::dns
