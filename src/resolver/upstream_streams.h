// Questions over TCP and TLS (RFC 7766, 7858): a few connections to each upstream, opened when they
// are needed, kept while they are used, with many questions under way on each. No connection is
// opened to an upstream that just refused one before a pause that grows.
//
// It does no waiting: the owner watches descriptors and says when one is ready, when a batch is
// over and what time it is. One thread, but for trouble(). Memory is taken when a connection opens,
// none for a question.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "net/event_loop.h"
#include "net/stream_socket.h"
#include "resolver/upstream.h"

namespace khien::resolver {

constexpr std::size_t streams_an_upstream_max = 2;     // of one worker
constexpr std::size_t stream_pipelined_max = 256;      // questions under way on one connection
constexpr std::size_t stream_unsent_max = 65'536;      // octets; then questions are refused
constexpr std::int64_t stream_connect_max_ms = 3'000;  // handshakes included
constexpr std::int64_t stream_silent_max_ms = 3'000;   // with questions under way
constexpr std::int64_t stream_idle_ms = 10'000;        // without
constexpr std::int64_t stream_pause_first_ms = 200;
constexpr std::int64_t stream_pause_max_ms = 10'000;

class UpstreamStreams {
 public:
  /// What its owner does for it. `port` is the number of a connection, as ask() gave it.
  struct Hooks {
    /// Readiness of `fd` that ready() wants to hear of, for the first time or anew.
    std::function<void(int fd, std::uint16_t port, net::Readiness interest, bool first)> watch;
    std::function<void(int fd)> unwatch;  // before it is closed
    std::function<void(std::uint16_t port, std::span<std::uint8_t> message)> answered;
    std::function<void(std::uint16_t port, UpstreamFailure failure)> failed;
  };

  /// `context` for those over TLS; without one they cannot be asked.
  UpstreamStreams(std::vector<Upstream> upstreams, std::optional<net::TlsContext> context,
                  Hooks hooks);
  ~UpstreamStreams();
  UpstreamStreams(const UpstreamStreams&) = delete;
  UpstreamStreams& operator=(const UpstreamStreams&) = delete;

  /// Takes a question; the connection that it will go by, or nullopt: no room, a pause, no network.
  /// Calls no hook but watch().
  [[nodiscard]] std::optional<std::uint16_t> ask(std::uint16_t upstream, Bytes query,
                                                 std::int64_t now_ms);
  /// Sends what ask() took. Call it when a batch is over; it may call any hook.
  void flush(std::int64_t now_ms);
  [[nodiscard]] bool has_unsent() const noexcept { return dirty_; }
  void ready(std::uint16_t port, std::int64_t now_ms);
  /// Closes what is idle, silent or does not get anywhere. Call it about once a second.
  void tick(std::int64_t now_ms);

  /// Why `upstream` cannot be reached; empty if it can, or nobody tried. Any thread.
  [[nodiscard]] std::string trouble(std::size_t upstream) const;
  [[nodiscard]] std::size_t open_count() const noexcept;

 private:
  struct Connection;
  struct Place {
    std::int64_t pause_ms = stream_pause_first_ms;
    std::int64_t closed_until_ms = 0;
  };
  [[nodiscard]] Connection* open(std::uint16_t upstream, std::int64_t now_ms);
  [[nodiscard]] Connection* best_of(std::uint16_t upstream, std::int64_t now_ms);
  [[nodiscard]] bool establish(Connection& connection, std::int64_t now_ms);
  [[nodiscard]] bool write(Connection& connection);
  [[nodiscard]] bool read(Connection& connection, std::int64_t now_ms);
  [[nodiscard]] bool take_messages(Connection& connection);
  void update_watch(Connection& connection);
  void end(Connection& connection, std::string why, std::int64_t now_ms);
  void set_trouble(std::size_t upstream, std::string why);
  [[nodiscard]] std::span<Connection> connections_of(std::uint16_t upstream) noexcept;

  std::vector<Upstream> upstreams_;
  std::optional<net::TlsContext> context_;
  Hooks hooks_;
  std::vector<Connection> connections_;  // streams_an_upstream_max for each upstream
  std::vector<Place> places_;
  std::vector<std::string> troubles_seen_;  // by this thread, to lock only when one changes
  mutable Guarded<std::vector<std::string>> troubles_;
  bool dirty_ = false;
};

}  // namespace khien::resolver
