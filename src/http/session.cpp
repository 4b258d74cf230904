#include "http/session.h"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

#include "base/log.h"
#include "http/forwarded.h"
#include "http/security.h"
#include "http/target.h"
#include "http/work.h"

namespace khien::http {
namespace {

constexpr std::size_t read_size = 16UL * 1024;        // octets asked of the socket at once
constexpr std::size_t buffer_size_max = 64UL * 1024;  // octets kept unread: head, trailer, pipeline
constexpr std::size_t linger_size_max = 256UL * 1024;  // of a refused body, read and thrown away
constexpr std::int64_t linger_timeout_ms = 2'000;      // so that the client sees our answer

Deadline after_ms(std::int64_t ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds{ms};
}

bool may_have_body(int status) noexcept { return status != 204 && status != 304 && status >= 200; }

}  // namespace

Session::Session(Core& core, std::unique_ptr<Transport> transport, net::IpAddress peer)
    : core_(core), transport_(std::move(transport)), peer_(peer) {}

void Session::drain() {
  asio::post(transport_->executor(), [self = shared_from_this()] {
    self->draining_ = true;
    if (self->idle_) self->transport_->close();
  });
}

void Session::abort() {
  asio::post(transport_->executor(), [self = shared_from_this()] { self->transport_->close(); });
}

asio::awaitable<void> Session::run() {
  const bool ready =
      co_await transport_->handshake(after_ms(core_.options.limits.header_timeout_ms));
  if (!ready) {
    transport_->close();
    co_return;
  }
  const std::size_t count_max = core_.options.limits.requests_per_connection_max;
  Next next = Next::close;
  for (std::size_t count = 1; count <= count_max && !draining_ && !core_.stopping.load(); ++count) {
    next = co_await serve_one(count == count_max);
    if (next != Next::keep_alive) break;
  }
  if (next != Next::close) {
    co_await transport_->finish_writing(after_ms(linger_timeout_ms));
    if (next == Next::linger) co_await linger();
  }
  transport_->close();
}

/// Closing a socket that still receives makes the kernel send RST, and the client may lose the
/// answer that explains why. So what it sends is read for a moment, within limits.
asio::awaitable<void> Session::linger() {
  const Deadline deadline = after_ms(linger_timeout_ms);
  buffer_.resize(read_size);
  std::size_t left = linger_size_max;
  while (left > 0) {
    const auto moved = co_await transport_->read_some({buffer_.data(), buffer_.size()}, deadline);
    if (moved.outcome != Transport::Outcome::moved) co_return;
    left -= std::min(left, moved.size);
  }
}

asio::awaitable<Session::Next> Session::serve_one(bool last) {
  const auto& limits = core_.options.limits;
  RequestParser parser{limits.header_size_max, limits.header_count_max};
  Request request;
  request.client = peer_;
  request.secure = transport_->secure();

  const Reading head = co_await read_head(parser);
  if (!head.complete) {
    if (head.error_status == 0) co_return Next::close;
    co_await answer(request, nullptr, reading_refusal(request, head.error_status), false);
    co_return Next::linger;
  }
  const auto length = parser.content_length();
  RawHead raw = parser.take_head();
  request.method = raw.method;
  request.headers = std::move(raw.headers);
  const auto origin =
      origin_of(peer_, request.secure, request.headers, core_.options.trusted_proxies);
  request.client = origin.client;
  request.secure = origin.secure;
  auto target = parse_target(raw.target);
  if (!target) {
    core_.malformed.add();
    co_await answer(
        request, nullptr,
        refusal(request, 400, target.error().code, target.error().reason, target.error().message),
        false);
    co_return Next::linger;
  }
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  for (const auto& [name, value] : request.headers.all()) {
    if (!same_name(name, "Cookie")) continue;
    for (auto& cookie : parse_cookies(value)) request.cookies.push_back(std::move(cookie));
  }

  Match match = core_.router.match(request.method, request.path);
  const bool body_less = length.has_value() && *length == 0;
  bool keep_alive = parser.keep_alive() && !last && !core_.stopping.load() && !draining_;
  std::optional<Response> refused = refuse_head(request, match, length);
  if (refused) {
    // An unread body would be taken for the next request.
    const bool sent =
        co_await answer(request, match.route, std::move(*refused), keep_alive && body_less);
    co_return !sent ? Next::close
    : !body_less    ? Next::linger
    : keep_alive    ? Next::keep_alive
                    : Next::linger;
  }
  request.parameters = std::move(match.parameters);
  if (match.route->upload) {
    co_return co_await serve_upload(parser, request, *match.route, keep_alive);
  }
  parser.set_body_size_max(match.route->body_size_max);
  if (!body_less) {
    const bool go_on = co_await continue_if_expected(request);
    if (!go_on) co_return Next::close;
    const Reading body = co_await read_body(parser, request);
    if (!body.complete) {
      if (body.error_status == 0) co_return Next::close;
      co_await answer(request, match.route, reading_refusal(request, body.error_status), false);
      co_return Next::linger;
    }
  }
  Response response = co_await handle(request, *match.route);
  keep_alive = keep_alive && !core_.stopping.load() && !draining_;
  const bool streams = response.events != nullptr;
  const bool sent = co_await answer(request, match.route, std::move(response), keep_alive);
  if (!sent) co_return Next::close;
  co_return keep_alive && !streams ? Next::keep_alive : Next::linger;
}

/// What can be refused from the head alone, cheapest first.
std::optional<Response> Session::refuse_head(Request& request, const Match& match,
                                             std::optional<std::uint64_t> length) {
  if (match.route == nullptr && match.allowed.empty()) {
    return refusal(request, 404, ErrorCode::not_found, "no_such_page", "nothing is here");
  }
  if (match.route == nullptr) {
    auto response = refusal(request, 405, ErrorCode::invalid_argument, "method_not_allowed",
                            "this cannot be done here");
    response.headers.set("Allow", match.allowed);
    return response;
  }
  if (const auto wait_s = core_.limiter.admit(match.route->rate_class, request.client)) {
    auto response = refusal(request, 429, ErrorCode::limit_exceeded, "too_many_requests",
                            "too many requests; wait a moment");
    response.headers.set("Retry-After", std::to_string(*wait_s));
    return response;
  }
  if (length && *length > match.route->body_size_max) {
    return reading_refusal(request, 413);
  }
  if (const auto expect = request.headers.find("Expect");
      expect && !same_name(*expect, "100-continue")) {
    return refusal(request, 417, ErrorCode::invalid_argument, "expectation", "unknown expectation");
  }
  return std::nullopt;
}

asio::awaitable<bool> Session::continue_if_expected(const Request& request) {
  if (!request.headers.find("Expect") || !buffer_.empty()) co_return true;
  co_return co_await transport_->write_all("HTTP/1.1 100 Continue\r\n\r\n",
                                           after_ms(core_.options.limits.write_timeout_ms));
}

/// One read into the buffer; on failure `reading` says what to answer.
asio::awaitable<bool> Session::read_more(RequestParser& parser, Deadline deadline,
                                         Reading& reading) {
  static_cast<void>(parser);
  const std::size_t had = buffer_.size();
  if (had >= buffer_size_max) {
    reading.error_status = 400;  // a chunk header or trailer without end
    co_return false;
  }
  buffer_.resize(had + read_size);
  const auto moved = co_await transport_->read_some({buffer_.data() + had, read_size}, deadline);
  buffer_.resize(had + moved.size);
  if (moved.outcome == Transport::Outcome::timed_out) reading.error_status = 408;
  co_return moved.outcome == Transport::Outcome::moved;
}

asio::awaitable<Session::Reading> Session::read_head(RequestParser& parser) {
  const auto& limits = core_.options.limits;
  Reading reading;
  if (buffer_.empty()) {
    idle_ = true;
    const bool more = co_await read_more(parser, after_ms(limits.idle_timeout_ms), reading);
    idle_ = false;
    if (!more) {
      reading.error_status = 0;  // nothing was asked, so there is nothing to answer
      co_return reading;
    }
  }
  // From here the clock runs for the whole head: dripping one octet at a time gains nothing.
  const Deadline deadline = after_ms(limits.header_timeout_ms);
  while (true) {
    const auto step = parser.feed(as_bytes(buffer_));
    buffer_.erase(0, step.used);
    if (step.status == RequestParser::Status::head_done) {
      reading.complete = true;
      co_return reading;
    }
    if (step.status == RequestParser::Status::failed) {
      reading.error_status = parser.error_status();
      co_return reading;
    }
    const bool more = co_await read_more(parser, deadline, reading);
    if (!more) co_return reading;
  }
}

asio::awaitable<Session::Reading> Session::read_body(RequestParser& parser, Request& request) {
  const Deadline deadline = after_ms(core_.options.limits.body_timeout_ms);
  Reading reading;
  while (true) {
    const auto step = parser.feed(as_bytes(buffer_));
    buffer_.erase(0, step.used);
    if (step.status == RequestParser::Status::failed) {
      reading.error_status = parser.error_status();
      co_return reading;
    }
    if (step.status == RequestParser::Status::done) {
      request.body = parser.take_body();
      reading.complete = true;
      co_return reading;
    }
    if (step.used > 0 && !buffer_.empty()) continue;  // the parser stops after each chunk's header
    const bool more = co_await read_more(parser, deadline, reading);
    if (!more) co_return reading;
  }
}

/// The handler's answer, from a worker; 503 if none is free in time.
asio::awaitable<Response> Session::handle(Request& request, const Route& route) {
  const std::int64_t queued_at_ms = core_.clock.steady_ms();
  std::function<Response()> work = [this, &request, &route, queued_at_ms]() -> Response {
    if (core_.clock.steady_ms() - queued_at_ms > core_.options.limits.queue_timeout_ms) {
      core_.queue_waited.add();
      return busy_response();
    }
    if (core_.options.gate) {
      if (auto refused = core_.options.gate(request, route)) return std::move(*refused);
    }
    return route.handler(request);
  };
  std::optional<Response> response =
      co_await run_on_pool<Response>(core_.pool, transport_->executor(), std::move(work));
  if (response) co_return std::move(*response);
  core_.queue_full.add();
  co_return busy_response();
}

asio::awaitable<Session::Next> Session::serve_upload(RequestParser& parser, Request& request,
                                                     const Route& route, bool keep_alive) {
  bool body_read = false;
  Response response = co_await take_upload(parser, request, route, body_read);
  if (response.status == 0) co_return Next::close;  // the peer went away
  keep_alive = keep_alive && body_read && !core_.stopping.load() && !draining_;
  const bool sent = co_await answer(request, &route, std::move(response), keep_alive);
  if (!sent) co_return Next::close;
  co_return keep_alive ? Next::keep_alive : Next::linger;
}

/// Hands the body to the route's Upload piece by piece, waiting for each, so that a fast client
/// cannot fill our memory. Status 0: the peer went away.
asio::awaitable<Response> Session::take_upload(RequestParser& parser, Request& request,
                                               const Route& route, bool& body_read) {
  using Opened = std::variant<Response, std::unique_ptr<Upload>>;
  Response gone;
  gone.status = 0;
  std::function<Opened()> open = [this, &request, &route]() -> Opened {
    if (core_.options.gate) {
      if (auto refused = core_.options.gate(request, route)) return std::move(*refused);
    }
    return route.upload(request);
  };
  std::optional<Opened> opened =
      co_await run_on_pool<Opened>(core_.pool, transport_->executor(), std::move(open));
  if (!opened) {
    core_.queue_full.add();
    co_return busy_response();
  }
  if (std::holds_alternative<Response>(*opened)) co_return std::move(std::get<Response>(*opened));
  const std::unique_ptr<Upload> upload = std::move(std::get<std::unique_ptr<Upload>>(*opened));

  const bool go_on = co_await continue_if_expected(request);
  if (!go_on) co_return gone;
  parser.set_body_size_max(route.body_size_max);
  const Deadline deadline = after_ms(core_.options.limits.upload_timeout_ms);
  Reading reading;
  while (!body_read) {
    const auto step = parser.feed(as_bytes(buffer_));
    buffer_.erase(0, step.used);
    if (step.status == RequestParser::Status::failed) {
      co_return reading_refusal(request, parser.error_status());
    }
    body_read = step.status == RequestParser::Status::done;
    if (parser.body_waiting() > 0) {
      const std::string piece = parser.take_body();
      std::function<Result<void>()> write = [&upload, &piece] {
        return upload->write(as_bytes(piece));
      };
      std::optional<Result<void>> written =
          co_await run_on_pool<Result<void>>(core_.pool, transport_->executor(), std::move(write));
      if (!written) core_.queue_full.add();
      if (!written) co_return busy_response();
      if (!*written) {
        body_read = false;
        const Error& error = written->error();
        co_return refusal(request,
                          error.code == ErrorCode::limit_exceeded ? 413 : http_status(error.code),
                          error.code, error.reason, error.message);
      }
    }
    if (body_read || (step.used > 0 && !buffer_.empty())) continue;
    const bool more = co_await read_more(parser, deadline, reading);
    if (!more && reading.error_status == 0) co_return gone;
    if (!more) co_return reading_refusal(request, reading.error_status);
  }
  std::function<Response()> finish = [&upload] { return upload->finish(); };
  std::optional<Response> response =
      co_await run_on_pool<Response>(core_.pool, transport_->executor(), std::move(finish));
  if (!response) core_.queue_full.add();
  if (!response) co_return busy_response();
  co_return std::move(*response);
}

Response Session::refusal(const Request& request, int status, ErrorCode code, std::string reason,
                          std::string message) const {
  const Error error{.code = code, .message = std::move(message), .reason = std::move(reason)};
  if (core_.options.error_page) return core_.options.error_page(request, error, status);
  return problem(error, status);
}

Response Session::reading_refusal(const Request& request, int status) const {
  switch (status) {
    case 408:
      core_.timed_out.add();
      return refusal(request, status, ErrorCode::timeout, "request_timeout",
                     "the request took too long to arrive");
    case 413:
      core_.body_too_large.add();
      return refusal(request, status, ErrorCode::limit_exceeded, "body_too_large",
                     "the body is larger than allowed here");
    case 431:
      core_.header_too_large.add();
      return refusal(request, status, ErrorCode::limit_exceeded, "header_too_large",
                     "the headers are larger than allowed");
    default:
      core_.malformed.add();
      return refusal(request, status, ErrorCode::malformed, "bad_request",
                     "this is not a request that we understand");
  }
}

void Session::count(const Route* route, int status) const {
  const auto found = core_.counters.find(route);
  const int status_class = status / 100;
  if (found == core_.counters.end() || status_class < 1 || status_class > 5) return;
  found->second.by_class[static_cast<std::size_t>(status_class - 1)]->add();
}

asio::awaitable<bool> Session::answer(const Request& request, const Route* route, Response response,
                                      bool keep_alive) {
  add_security_headers(response, request.secure);
  for (const auto& [name, value] : response.headers.all()) {
    if (is_writable_header(name, value)) continue;
    // A bug of ours: a header made of somebody's input. Nothing of it goes out.
    KHIEN_LOG(error, "unwritable_header", {"path", request.path});
    response = problem({.code = ErrorCode::internal, .message = "unwritable header"});
    add_security_headers(response, request.secure);
    break;
  }
  count(route, response.status);
  const bool bodyless = request.method == Method::head || !may_have_body(response.status);
  std::optional<std::uint64_t> size;
  if (may_have_body(response.status) && !response.events) {
    size = response.file ? response.file->size : response.body.size();
  }
  if (response.events) {
    response.headers.set("Content-Type", "text/event-stream");
    keep_alive = false;
  }
  std::string text = head_text(response, size, keep_alive, core_.clock.now_ms());
  if (!bodyless && !response.file && !response.events) text += response.body;

  std::string_view left = text;
  while (!left.empty()) {
    const std::string_view piece = left.substr(0, buffer_size_max);
    const bool sent =
        co_await transport_->write_all(piece, after_ms(core_.options.limits.write_timeout_ms));
    if (!sent) co_return false;
    left.remove_prefix(piece.size());
  }
  if (bodyless) co_return true;
  if (response.file) co_return co_await send_file(*response.file);
  if (response.events) co_return co_await send_events(*response.events);
  co_return true;
}

}  // namespace khien::http
