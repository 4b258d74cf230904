// A secondary of khiend's primary and of third parties': keeps a list of zones current by IXFR,
// falls back to AXFR, proves each transfer by TSIG where there is a key, applies it to the rule
// store and keeps the snapshot. One thread a primary, so that a slow one holds up no other's zones;
// the rule store is theirs in turns. Workers only hand NOTIFY messages over.
//
// One primary may stand at several addresses: two publishers with the same zones (ADR 0306). The
// one that has told of a change is asked first, the others where it does not answer, and all of
// them when the zone's refresh is due.
//
// What a transfer changes is in the journal before it takes effect; the snapshot follows in quiet
// times. A bad transfer changes nothing, is counted, and leaves the last good rules in force. When
// the primary is away the rules stay as they are; only the emergency zone and third parties' lapse
// with their SOA EXPIRE.
#pragma once

#include <memory>
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
constexpr std::int64_t silent_pause_ms = 30'000;  // an address that does not answer waits, likewise
constexpr std::int64_t save_quiet_ms = 10'000;    // the snapshot waits for this much quiet

/// Where zones come from.
struct ZonePrimary {
  net::SocketAddress address = {};
  std::vector<net::SocketAddress> others = {};  ///< where the same zones are served, too
  std::optional<dns::TsigKey> key = {};
  std::filesystem::path key_file = {};  ///< where reload_keys() reads it again; empty: nowhere
  std::optional<TransferTls> tls = {};
};

struct ZoneSubscription {
  dns::Name name = {};
  policy::Source source = {};
  std::optional<ZonePrimary> primary = {};  ///< of a third party's zone
};

struct SecondaryOptions {
  net::SocketAddress primary = {};  ///< of the zones that have none of their own
  std::vector<net::SocketAddress> other_primaries = {};  ///< ZonePrimary's others
  std::optional<dns::TsigKey> key = {};
  std::filesystem::path key_file = {};  ///< as ZonePrimary's
  std::vector<ZoneSubscription> zones = {};
};

class Secondary {
 public:
  /// Everything is borrowed. `ready` is set once rules are there: from the snapshot, or when every
  /// zone was asked for and one at least came; a third party's zone whose primary is away counts as
  /// asked for.
  Secondary(SecondaryOptions options, RuleStore& store, std::atomic<bool>& ready,
            const Clock& clock, Rng& rng, Metrics& metrics);

  /// How many primaries there are: one thread each must run().
  [[nodiscard]] std::size_t primary_count() const noexcept { return links_.size(); }
  /// Serves the zones of one primary until `stop`. The first one keeps the snapshot, and saves it
  /// at the end.
  void run(std::size_t primary, const std::stop_token& stop);

  /// Any thread: a NOTIFY (RFC 1996). Answers it, and refreshes the zone if it comes from the
  /// address of that zone's primary or is signed with its key; otherwise REFUSED.
  std::size_t notified(Bytes message, const net::IpAddress& from, std::span<std::uint8_t> out);

  [[nodiscard]] bool has_key_files() const noexcept;
  /// Any thread: reads the key files again, all or none of them. True: keys have changed, and every
  /// zone is asked for with them at once. An error: the keys stay as they were.
  Result<bool> reload_keys();

  struct ZoneStatus {
    std::string name;
    bool loaded = false;
    std::uint32_t serial = 0;
    std::string error = {};  // why the last refresh failed; empty if it did not
    bool attempted = false;
  };
  /// Any thread.
  [[nodiscard]] std::vector<ZoneStatus> status();

 private:
  /// One primary, and the thread that serves it.
  struct Link {
    Link(ZonePrimary from, int stop_fd)
        : primary(std::move(from)), key(std::move(primary.key)), connection(stop_fd) {
      addresses.push_back(primary.address);
      addresses.insert(addresses.end(), primary.others.begin(), primary.others.end());
      silent_until_ms.resize(addresses.size());
    }
    ZonePrimary primary;  // without its key
    std::vector<net::SocketAddress> addresses;
    std::atomic<std::size_t> told_by = 0;       // of addresses: who sent the last NOTIFY
    std::size_t asked = 0;                      // of addresses: where the connection goes
    std::vector<std::int64_t> silent_until_ms;  // steady, of each address: not asked before
    Guarded<std::optional<dns::TsigKey>> key;
    TransferConnection connection;
  };
  struct Zone {
    ZoneSubscription subscription;
    std::string name;
    std::size_t link = 0;
    std::int64_t due_ms = 0;
    std::int64_t refreshed_at_ms = -refresh_min_ms;
    int failures = 0;
    bool was_notified = false;
  };
  struct Inbox {
    std::vector<std::size_t> notified;  // indices of zones, without repetition
  };

  [[nodiscard]] std::size_t make_link(const ZonePrimary& primary);
  [[nodiscard]] Link& link_of(const Zone& zone) { return *links_[zone.link]; }
  [[nodiscard]] std::optional<std::uint32_t> serial_of(const Zone& zone);
  Result<void> connect(Link& link);
  void refresh(Zone& zone);
  Result<void> ask(Zone& zone, std::size_t address);
  Result<void> transfer(Zone& zone, bool whole);
  Result<void> receive(Zone& zone, bool whole, class ZoneTransfer& transfer);
  Result<void> apply(const Zone& zone, const class ZoneTransfer& transfer);
  void schedule(Zone& zone, const Result<void>& result);
  [[nodiscard]] std::vector<std::size_t> wait_for_work(std::size_t link,
                                                       const std::stop_token& stop);
  void save_at_end();
  void check_expiry();
  void save_when_quiet();
  void update_ready();
  [[nodiscard]] std::int64_t next_due_ms(std::size_t link) const;
  [[nodiscard]] bool signed_by(Link& link, Bytes message) const;

  SecondaryOptions options_;
  Guarded<RuleStore*> store_;  // held while a transfer is applied or the snapshot written
  std::atomic<bool>& ready_;
  const Clock& clock_;
  Rng& rng_;
  FileDescriptor stop_event_;
  std::vector<std::unique_ptr<Link>> links_;
  std::vector<Zone> zones_;  // each belongs to its link's thread
  Guarded<Inbox> inbox_;
  Guarded<std::vector<ZoneStatus>> status_;
  std::atomic<std::int64_t> changed_at_ms_ = 0;
  std::int64_t save_after_ms_ = 0;  // of the first thread
  Metric& transfers_whole_;
  Metric& transfers_changes_;
  Metric& transfers_current_;
  Metric& transfers_failed_;
  Metric& notifies_refused_;
  Metric& saves_failed_;
  Metric& zones_loaded_;
  Metric& rules_;
};

}  // namespace khien::resolver
