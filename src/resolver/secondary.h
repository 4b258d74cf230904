// A secondary of khiend's primary (or any other): keeps a list of zones current by IXFR, falls back
// to AXFR, proves each transfer by TSIG where there is a key, applies it to the rule store and
// keeps the snapshot. One thread; workers only hand it NOTIFY messages.
//
// What a transfer changes is in the journal before it takes effect; the snapshot follows in quiet
// times. A bad transfer changes nothing, is counted, and leaves the last good rules in force. When
// the primary is away the rules stay as they are; only the emergency zone lapses with its SOA
// EXPIRE.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "dns/tsig.h"
#include "net/address.h"
#include "resolver/rule_store.h"
#include "resolver/transfer_connection.h"

namespace khien::resolver {

constexpr std::int64_t refresh_min_ms =
    10;  // between two refreshes of a zone, however often notified
constexpr std::int64_t retry_first_ms = 500;  // while the primary is away; doubles
constexpr std::int64_t retry_max_ms = 15'000;
constexpr std::int64_t save_quiet_ms = 10'000;  // the snapshot waits for this much quiet
constexpr int transfer_timeout_ms = 10'000;     // for connecting, and between two octets

struct ZoneSubscription {
  dns::Name name;
  policy::Source source;
};

struct SecondaryOptions {
  net::SocketAddress primary = {};
  std::optional<dns::TsigKey> key = {};
  std::vector<ZoneSubscription> zones = {};
};

class Secondary {
 public:
  /// Everything is borrowed. `ready` is set once rules are there: from the snapshot, or when every
  /// zone was asked for and one at least came.
  Secondary(SecondaryOptions options, RuleStore& store, std::atomic<bool>& ready,
            const Clock& clock, Rng& rng, Metrics& metrics);

  /// Serves until `stop`, then saves the snapshot.
  void run(const std::stop_token& stop);

  /// Any thread: a NOTIFY (RFC 1996). Answers it, and refreshes the zone if it comes from the
  /// primary's address or is signed with the key; otherwise REFUSED.
  std::size_t notified(Bytes message, const net::IpAddress& from, std::span<std::uint8_t> out);

  struct ZoneStatus {
    std::string name;
    bool loaded = false;
    std::uint32_t serial = 0;
    std::string error = {};  // why the last refresh failed; empty if it did not
  };
  /// Any thread.
  [[nodiscard]] std::vector<ZoneStatus> status();

 private:
  struct Zone {
    ZoneSubscription subscription;
    std::string name;
    std::int64_t due_ms = 0;
    std::int64_t refreshed_at_ms = -refresh_min_ms;
    int failures = 0;
    bool attempted = false;
  };
  struct Inbox {
    std::vector<std::size_t> notified;  // indices of zones, without repetition
  };

  void refresh(Zone& zone);
  Result<void> transfer(Zone& zone, bool whole);
  Result<void> receive(Zone& zone, bool whole, class ZoneTransfer& transfer);
  Result<void> apply(const Zone& zone, const class ZoneTransfer& transfer);
  void schedule(Zone& zone, const Result<void>& result);
  void check_expiry();
  void save_when_quiet();
  void update_ready();
  [[nodiscard]] std::int64_t next_due_ms() const;
  [[nodiscard]] bool signed_by_key(Bytes message) const;

  SecondaryOptions options_;
  RuleStore& store_;
  std::atomic<bool>& ready_;
  const Clock& clock_;
  Rng& rng_;
  FileDescriptor stop_event_;
  TransferConnection connection_;
  std::vector<Zone> zones_;
  Guarded<Inbox> inbox_;
  Guarded<std::vector<ZoneStatus>> status_;
  std::int64_t changed_at_ms_ = 0;
  std::int64_t save_after_ms_ = 0;
  Metric& transfers_whole_;
  Metric& transfers_changes_;
  Metric& transfers_current_;
  Metric& transfers_failed_;
  Metric& notifies_refused_;
  Metric& records_skipped_;
  Metric& saves_failed_;
  Metric& zones_loaded_;
  Metric& rules_;
};

}  // namespace khien::resolver
