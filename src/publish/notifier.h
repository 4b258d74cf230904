// NOTIFY (RFC 1996): tells followers that a zone has a new serial, again and again until they have
// asked for it. An answer alone proves nothing: a server that is just starting answers NOTAUTH for
// a zone that it has not loaded yet, and would then wait for its refresh timer. What proves it is a
// SOA query, or a complete transfer, of that serial or a later one, by the follower's key and from
// its addresses; where a rule tells several servers, from the address of the one that was told.
// (Followers without a key that share an address cannot be told apart.)
//
// Runs on the primary's event loop and belongs to that thread. Changes within 50 ms of a NOTIFY
// wait for the next one, so that a burst of orders is one transfer and not a hundred.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "publish/access.h"
#include "publish/follower_progress.h"
#include "publish/primary_counters.h"
#include "publish/query.h"
#include "publish/zone_set.h"

namespace khien::publish {

constexpr std::int64_t notify_batch_ms = 50;
/// After 1, 2, 4, 8, 16 and 32 s; by then the refresh timer (refresh_s) has come round.
constexpr int notify_attempts_max = 7;
constexpr std::int64_t notify_first_retry_ms = 1'000;

struct NotifierParts {
  net::EventLoop& loop;
  net::UdpSocket& socket;
  ZoneSet& zones;
  const Clock& clock;
  Rng& rng;
  PrimaryCounters& counters;
  FollowerProgress& progress;
};

class Notifier {
 public:
  explicit Notifier(const NotifierParts& parts) : parts_(parts) {}
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  /// Whom to tell from now on. NOTIFYs under way to others are dropped.
  void set_access(std::shared_ptr<const Access> access);
  /// The zone has changed: at once, or with the next batch.
  void zone_changed(const ZoneFacts& zone);
  /// Somebody has learnt a zone's serial: ends what this confirms.
  void serial_seen(const SerialSeen& seen);
  /// A response that came in. True if it was one to a NOTIFY, and nothing else need look at it.
  bool take_response(Bytes message, const net::SocketAddress& peer);

  [[nodiscard]] std::size_t outstanding_count() const noexcept { return outstanding_.size(); }

 private:
  struct Key {
    const AccessRule* rule = nullptr;  // of access_
    net::SocketAddress target;
    const ZoneFacts* zone = nullptr;
    auto operator<=>(const Key&) const = default;
  };
  struct Outstanding {
    std::uint16_t id = 0;
    int attempts = 0;
    std::uint32_t serial = 0;  // what has to be asked for
    bool answered = false;
    net::TimerId timer = 0;
  };
  void tell_all(const ZoneFacts& zone);
  void tell(const Key& key);
  void forget(const Key& key);
  void give_up(const Key& key);
  [[nodiscard]] static bool is_from(const Key& key, const SerialSeen& seen);

  NotifierParts parts_;
  std::shared_ptr<const Access> access_;
  std::map<const ZoneFacts*, std::int64_t> told_at_ms_;  // steady
  std::map<const ZoneFacts*, net::TimerId> batched_;
  std::map<Key, Outstanding> outstanding_;
};

}  // namespace khien::publish
