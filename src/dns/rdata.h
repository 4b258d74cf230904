// RDATA of the types that Khiên reads or writes itself: SOA, names, addresses, SVCB/HTTPS, and the
// presentation form that zone files use. All take and give uncompressed RDATA (expand_rdata()).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"

namespace khien::dns {

/// RFC 1035 section 3.3.13; times in seconds.
struct Soa {
  Name primary;
  Name mailbox;
  std::uint32_t serial = 0;
  std::uint32_t refresh_s = 0;
  std::uint32_t retry_s = 0;
  std::uint32_t expire_s = 0;
  std::uint32_t minimum_s = 0;  // also the TTL of negative answers (RFC 2308)
};

[[nodiscard]] Wire<Soa> parse_soa(Bytes rdata);
[[nodiscard]] Octets make_soa(const Soa& soa);
/// The serial alone, without allocation.
[[nodiscard]] Wire<std::uint32_t> parse_soa_serial(Bytes rdata) noexcept;
/// The one name that CNAME, NS, PTR or DNAME hold, borrowed.
[[nodiscard]] Wire<NameView> parse_name_rdata(Bytes rdata) noexcept;

constexpr std::uint16_t svcb_key_ipv4hint = 4;  // RFC 9460 section 14.3.2
constexpr std::uint16_t svcb_key_ipv6hint = 6;

/// SVCB or HTTPS (RFC 9460), as far as policy on answers reads it. Borrows the RDATA.
struct Svcb {
  std::uint16_t priority = 0;  // 0 is AliasMode
  NameView target;             // the root means the owner, or in AliasMode "no service"
  Bytes ipv4_hints = {};       // 4 octets each
  Bytes ipv6_hints = {};       // 16 octets each
};

/// bad_rdata if keys do not rise strictly or a hint is not whole addresses (section 2.2).
[[nodiscard]] Wire<Svcb> parse_svcb(Bytes rdata) noexcept;

/// "192.0.2.1" as 4 octets, "2001:db8::1" as 16; nullopt for anything else.
[[nodiscard]] std::optional<Octets> address_from_text(std::string_view text);
/// The text of 4 or 16 octets (RFC 5952); nullopt for another size.
[[nodiscard]] std::optional<std::string> address_to_text(Bytes address);

/// RDATA in presentation form: A, AAAA, NS, CNAME, PTR, DNAME, MX, SOA, TXT; other types and what
/// does not fit its type as `\# n hex` (RFC 3597 section 5).
[[nodiscard]] std::string rdata_to_text(std::uint16_t type, Bytes rdata);
/// The reverse. `tokens` are the fields as a zone file's reader splits them: without quotes, with
/// escapes still in them. Relative names get `origin` behind them; `@` is `origin` itself.
/// malformed, with the reason bad_rdata.
[[nodiscard]] Result<Octets> rdata_from_text(std::uint16_t type,
                                             std::span<const std::string_view> tokens,
                                             NameView origin);
/// A name as zone files write it: absolute with a last dot, else relative to `origin`; `@`.
[[nodiscard]] Result<Name> name_from_zone_text(std::string_view text, NameView origin);

}  // namespace khien::dns
