// Server-sent events (WHATWG HTML section 9.2): one publisher side, many browsers that listen. An
// event says that something changed and where, never what: the browser asks for it with its rights.
//
// Lock order: the hub, then a subscription. Wake-ups are called without a lock.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/result.h"

namespace khien::http {

constexpr std::size_t event_subscribers_max = 256;      // at the limit subscribe() refuses: 503
constexpr std::size_t event_queue_max = 64;             // a slower listener is dropped, counted
constexpr std::size_t event_history_max = 256;          // events kept for Last-Event-ID
constexpr std::int64_t event_heartbeat_ms = 15'000;     // a comment line keeps proxies from closing
constexpr std::int64_t event_stream_life_ms = 900'000;  // then the browser comes back, rights anew

/// One listener's queue. The server's session reads it; nobody else touches it.
class EventSubscription {
 public:
  using Filter = std::function<bool(std::string_view event)>;
  explicit EventSubscription(Filter filter) : filter_(std::move(filter)) {}

  /// `wake` is called, from any thread, when take() has something or the stream is over.
  void on_wake(std::function<void()> wake);
  /// Everything queued, as text for the wire; empty if nothing is.
  [[nodiscard]] std::string take();
  /// The hub dropped it or closed: send what take() gives, then end.
  [[nodiscard]] bool is_over();
  /// The listener went away.
  void cancel();

 private:
  friend class EventHub;
  struct State {
    std::deque<std::string> queue;
    std::function<void()> wake;
    bool over = false;
  };
  enum class Offered { taken, unwanted, full, gone };
  [[nodiscard]] Offered offer(std::string_view event, const std::string& frame);
  [[nodiscard]] std::function<void()> wake_function();

  Filter filter_;
  Guarded<State> state_;
};

class EventHub {
 public:
  /// `metrics` is borrowed. Event ids start from the clock, so that ids of an earlier run are known
  /// to be old.
  EventHub(const Clock& clock, Metrics& metrics);
  ~EventHub();
  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  /// Tells all listeners. `event` is a word like "case-changed", `data` one line (JSON). Any
  /// thread.
  void publish(std::string_view event, std::string_view data);

  /// A new listener that gets what came after `last_event_id` (0: from now on), or an event "reset"
  /// where that is no longer known: then it must load everything anew. limit_exceeded.
  [[nodiscard]] Result<std::shared_ptr<EventSubscription>> subscribe(
      std::uint64_t last_event_id, EventSubscription::Filter filter = {});

  /// Ends all streams and refuses new ones. Any thread.
  void close();

 private:
  struct Sent {
    std::uint64_t id;
    std::string event;
    std::string frame;
  };
  struct State {
    std::vector<std::shared_ptr<EventSubscription>> listeners;
    std::deque<Sent> history;
    std::uint64_t next_id = 1;
    bool closed = false;
  };
  void drop_gone(State& state);

  Guarded<State> state_;
  Metric& published_;
  Metric& dropped_;
  Metric& refused_;
  Metric& listening_;
};

}  // namespace khien::http
