// One connection's loop: read a head, find its route, take its body, run its handler, answer.
// Internal to http. Everything runs on the connection's strand, handlers on the worker pool.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/guarded.h"
#include "http/request_parser.h"
#include "http/server.h"
#include "http/transport.h"

namespace khien::http {

struct RouteCounters {
  Metric* by_class[5] = {};  // 1xx..5xx
};

/// What all sessions of a server share. Outlives them.
struct Core {
  Core(ServerOptions o, Router r, const Clock& c, Metrics& metrics);

  ServerOptions options;
  Router router;
  const Clock& clock;
  RateLimiter limiter;
  WorkerPool pool;
  std::atomic<bool> stopping{false};
  std::unordered_map<const Route*, RouteCounters> counters;  // nullptr: no route
  Metric& header_too_large;
  Metric& body_too_large;
  Metric& timed_out;
  Metric& malformed;
  Metric& queue_full;
  Metric& queue_waited;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Core& core, std::unique_ptr<Transport> transport, net::IpAddress peer);

  asio::awaitable<void> run();
  /// Any thread: closes the connection if it waits for a request.
  void drain();
  /// Any thread: closes it now.
  void abort();

 private:
  enum class Next { keep_alive, close, linger };
  struct Reading {
    bool complete = false;
    int error_status = 0;  // 0: the peer went away
  };

  asio::awaitable<Next> serve_one(bool last);
  asio::awaitable<Reading> read_head(RequestParser& parser);
  asio::awaitable<Reading> read_body(RequestParser& parser, Request& request);
  asio::awaitable<bool> read_more(RequestParser& parser, Deadline deadline, Reading& reading);
  asio::awaitable<Response> handle(Request& request, const Route& route);
  asio::awaitable<Next> serve_upload(RequestParser& parser, Request& request, const Route& route,
                                     bool keep_alive);
  asio::awaitable<Response> take_upload(RequestParser& parser, Request& request, const Route& route,
                                        bool& body_read);
  asio::awaitable<bool> continue_if_expected(const Request& request);

  asio::awaitable<bool> answer(const Request& request, const Route* route, Response response,
                               bool keep_alive);
  asio::awaitable<bool> send_file(FileBody& file);
  asio::awaitable<bool> send_events(EventSubscription& events);
  asio::awaitable<void> linger();

  [[nodiscard]] std::optional<Response> refuse_head(Request& request, const Match& match,
                                                    std::optional<std::uint64_t> length);
  [[nodiscard]] Response refusal(const Request& request, int status, ErrorCode code,
                                 std::string reason, std::string message) const;
  [[nodiscard]] Response reading_refusal(const Request& request, int status) const;
  void count(const Route* route, int status) const;

  Core& core_;
  std::unique_ptr<Transport> transport_;
  net::IpAddress peer_;
  std::string buffer_;  // unread octets from the peer
  bool idle_ = false;   // waits for the first octet of a request
  bool draining_ = false;
};

/// The status line and headers of `response`, ready for the wire. `size` nullopt: no
/// Content-Length.
[[nodiscard]] std::string head_text(const Response& response, std::optional<std::uint64_t> size,
                                    bool keep_alive, InstantMs now_ms);

}  // namespace khien::http
