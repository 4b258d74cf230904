// Response Policy Zones (draft-vixie-dnsop-dns-rpz-00 and the behaviour of BIND and Unbound): what
// an owner name triggers on, and what its records make the resolver do.
#pragma once

#include <optional>

#include "dns/message.h"
#include "dns/rpz_prefix.h"

namespace khien::dns {

enum class RpzTriggerKind : std::uint8_t { qname, client_ip, ip, nsdname, nsip };

struct RpzTrigger {
  RpzTriggerKind kind = RpzTriggerKind::qname;
  Name name;              // of qname and nsdname: absolute, without `*`; else the root
  bool wildcard = false;  // covers what lies below `name`, and not `name` itself
  std::optional<RpzPrefix> prefix = {};  // of the address kinds; nullopt: it cannot be read
};

/// What `owner` triggers on in `zone`. nullopt if it is the apex, does not lie below the zone, or
/// is
/// `*.zone`, which would match every name there is.
[[nodiscard]] std::optional<RpzTrigger> parse_rpz_owner(NameView owner, NameView zone);

/// The owner in `zone` that triggers on `name` (or with `wildcard` on all below it).
/// bad_label for the root; name_too_long if they do not fit together.
[[nodiscard]] Wire<Name> make_rpz_owner(NameView name, bool wildcard, NameView zone);

enum class RpzAction : std::uint8_t {
  nxdomain,     ///< CNAME .
  nodata,       ///< CNAME *.
  passthru,     ///< CNAME rpz-passthru. (or, the old way, a CNAME to the trigger itself)
  drop,         ///< CNAME rpz-drop.
  tcp_only,     ///< CNAME rpz-tcp-only.
  redirect,     ///< CNAME to another name
  local_data,   ///< other records, given in place of the answer
  unsupported,  ///< CNAME to another name under a top label that begins with rpz-
};

/// What a record at a trigger means. `record_type` and uncompressed `rdata` as in the zone;
/// bad_rdata for a CNAME that is not one name.
[[nodiscard]] Wire<RpzAction> rpz_action(const RpzTrigger& trigger, std::uint16_t record_type,
                                         Bytes rdata) noexcept;

/// The CNAME target that says `action`; the root for nxdomain. Not for redirect and local_data.
[[nodiscard]] Name rpz_action_target(RpzAction action);

}  // namespace khien::dns
