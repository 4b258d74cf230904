// Who may take which zones from our primary, and who is told of changes. A value: read from the
// operator's configuration, replaced whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "dns/tsig.h"
#include "net/address.h"
#include "publish/zone_names.h"

namespace khien::publish {

constexpr std::size_t access_rules_max = 256;
constexpr std::size_t notify_targets_max = 32;  // of one rule
constexpr std::size_t pins_max = 8;             // of one rule

/// One secondary, or a group that is treated alike.
struct AccessRule {
  std::string name;                         ///< for logs: "khien-dnsd", "isp-a"
  std::optional<dns::Name> key = {};        ///< the request must be signed with this key
  std::vector<net::Prefix> addresses = {};  ///< and come from here; empty: from anywhere
  /// And over TLS from a client that proves to have the key of one of these (SHA-256 of its
  /// SubjectPublicKeyInfo); empty: from any client, with or without TLS.
  std::vector<crypto::Sha256Digest> pins = {};
  std::vector<std::string> zones = {};  ///< ids; empty: all
  /// Which trial zones it may take beside them: of a category of which it takes any zone.
  Ring ring = Ring::all;
  std::vector<net::SocketAddress> notify = {};  ///< who is told
  /// Of the catalog that lists its zones (catalog.h); 0: it gets none.
  std::uint32_t catalog_serial = 0;
};

/// Who sends a request. Borrows its key.
struct Requester {
  net::IpAddress address = {};
  const dns::Name* key = nullptr;                ///< name of the key that signed the request
  std::optional<crypto::Sha256Digest> pin = {};  ///< of the key that the TLS client proved to have
};

struct Access {
  std::vector<dns::TsigKey> keys;
  std::vector<AccessRule> rules;

  /// The rule that lets `requester` take `zone`: its own (speaks_for()) before one that would let
  /// it in as well. Zones that are keys_only are never given to addresses alone.
  [[nodiscard]] const AccessRule* find(const ZoneFacts& zone, const Requester& requester) const;
  [[nodiscard]] const dns::TsigKey* find_key(const dns::Name& name) const;
  /// True if any rule could let somebody from there in: a handshake with anybody else is in vain.
  [[nodiscard]] bool may_come_from(const net::IpAddress& address) const;
};

/// True if the rule speaks of the zone at all.
[[nodiscard]] bool covers(const AccessRule& rule, const ZoneFacts& zone);

/// True if the request is one of the rule's own follower: stricter than what find() lets in, for
/// which a rule without a key takes signed requests as well.
[[nodiscard]] bool speaks_for(const AccessRule& rule, const Requester& requester);

/// invalid_argument, with a sentence for the operator: a rule with neither key, address nor pin, a
/// key or zone that is not there, two keys of one name, more than the maxima.
[[nodiscard]] Result<void> check(const Access& access);

}  // namespace khien::publish
