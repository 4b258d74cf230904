// What the primary does with one message: an answer, or the order to send a zone. No sockets.
//
// It answers SOA and NS of its zones, AXFR (RFC 5936) and IXFR (RFC 1995), to whom Access allows;
// everything else is REFUSED. A block list is not to be browsed name by name.
#pragma once

#include <optional>

#include "publish/access.h"
#include "publish/follower_record.h"
#include "publish/primary_counters.h"
#include "publish/zone_set.h"

namespace khien::publish {

constexpr std::size_t reply_size_max = 1'232;  // no answer of ours but transfers is larger

enum class Transport : std::uint8_t { udp, tcp };

/// A transfer to send on the connection that asked for it.
struct TransferOrder {
  const ZoneFacts* zone = nullptr;
  std::uint16_t id = 0;
  std::uint16_t qtype = 0;               ///< AXFR or IXFR
  std::uint32_t client_serial = 0;       ///< of IXFR
  std::optional<dns::TsigKey> key = {};  ///< to sign with
  Octets request_mac = {};
  std::string follower = {};  ///< name of the rule that lets it
};

/// Somebody knows now how far a zone is: by our SOA, or because a transfer of it is complete. Or
/// has told us how far it is itself (Learnt::claimed).
struct SerialSeen {
  const ZoneFacts* zone = nullptr;
  std::uint32_t serial = 0;
  net::IpAddress peer = {};
  std::optional<dns::Name> key = {};  ///< that signed the request
  Learnt how = Learnt::told;
  std::string follower = {};  ///< name of the rule that lets it
};

struct Answer {
  Octets reply = {};  ///< empty: say nothing
  std::optional<TransferOrder> transfer = {};
  std::optional<SerialSeen> seen = {};
  std::optional<SerialSeen> claimed = {};  ///< what an IXFR query says of its sender
};

struct QueryContext {
  ZoneSet& zones;
  const Access& access;
  PrimaryCounters& counters;
  std::int64_t now_s = 0;
};

struct Query {
  Bytes message;
  net::IpAddress peer;
  Transport transport = Transport::udp;
};

[[nodiscard]] Answer answer_query(const QueryContext& context, const Query& query);

}  // namespace khien::publish
