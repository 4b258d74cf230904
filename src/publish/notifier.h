// NOTIFY (RFC 1996): tells secondaries that a zone has a new serial, again until they answer. Runs
// on the primary's event loop and belongs to that thread. Changes within 50 ms of a NOTIFY wait for
// the next one, so that a burst of orders is one transfer and not a hundred.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "net/event_loop.h"
#include "net/socket.h"
#include "publish/access.h"
#include "publish/primary_counters.h"
#include "publish/query.h"
#include "publish/zone_set.h"

namespace khien::publish {

constexpr std::int64_t notify_batch_ms = 50;
constexpr int notify_attempts_max = 6;  // after 1, 2, 4, 8, 16 s; then the refresh timer
constexpr std::int64_t notify_first_retry_ms = 1'000;

struct NotifierParts {
  net::EventLoop& loop;
  net::UdpSocket& socket;
  ZoneSet& zones;
  const Clock& clock;
  Rng& rng;
  PrimaryCounters& counters;
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
  /// A response that came in. True if it was one to a NOTIFY of ours.
  bool take_response(Bytes message, const net::SocketAddress& peer);

  [[nodiscard]] std::size_t outstanding_count() const noexcept { return outstanding_.size(); }

 private:
  struct Key {
    net::SocketAddress target;
    const ZoneFacts* zone = nullptr;
    auto operator<=>(const Key&) const = default;
  };
  struct Outstanding {
    std::uint16_t id = 0;
    int attempts = 0;
    std::optional<dns::Name> key = {};
    net::TimerId timer = 0;
  };
  void tell_all(const ZoneFacts& zone);
  void tell(const Key& key);
  void forget(const Key& key);

  NotifierParts parts_;
  std::shared_ptr<const Access> access_;
  std::map<const ZoneFacts*, std::int64_t> told_at_ms_;  // steady
  std::map<const ZoneFacts*, net::TimerId> batched_;
  std::map<Key, Outstanding> outstanding_;
};

}  // namespace khien::publish
