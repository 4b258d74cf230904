// How a session writes what is more than text: heads, files and event streams.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <ctime>

#include "http/event_hub.h"
#include "http/session.h"

namespace khien::http {
namespace {

constexpr std::size_t file_piece_size = 64UL * 1024;  // octets read and sent at once

Deadline after_ms(std::int64_t ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds{ms};
}

/// RFC 9110 section 5.6.7.
std::string http_date(InstantMs now_ms) {
  const std::time_t seconds = now_ms / ms_per_second;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", utc);
}

}  // namespace

std::string head_text(const Response& response, std::optional<std::uint64_t> size, bool keep_alive,
                      InstantMs now_ms) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                                 reason_phrase(response.status), http_date(now_ms));
  for (const auto& [name, value] : response.headers.all()) {
    text += fmt::format("{}: {}\r\n", name, value);
  }
  if (size) text += fmt::format("Content-Length: {}\r\n", *size);
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  return text;
}

/// Reads on the connection's thread: our files lie on a local disk and mostly in its cache.
asio::awaitable<bool> Session::send_file(FileBody& file) {
  std::string piece;
  std::uint64_t at = 0;
  while (at < file.size) {
    piece.resize(
        static_cast<std::size_t>(std::min<std::uint64_t>(file_piece_size, file.size - at)));
    const ssize_t got =
        ::pread(file.file.get(), piece.data(), piece.size(), static_cast<off_t>(file.offset + at));
    if (got < 0 && errno == EINTR) continue;
    // The length is promised already, so a file that shrank can only end the connection.
    if (got <= 0) co_return false;
    const std::string_view read{piece.data(), static_cast<std::size_t>(got)};
    const bool sent =
        co_await transport_->write_all(read, after_ms(core_.options.limits.write_timeout_ms));
    if (!sent) co_return false;
    at += read.size();
  }
  co_return true;
}

asio::awaitable<bool> Session::send_events(EventSubscription& events) {
  // Shared with wake-ups, which may still be under way when this stream has ended.
  struct Wake {
    explicit Wake(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    bool pending = false;
  };
  const auto executor = transport_->executor();
  const auto wake = std::make_shared<Wake>(executor);
  events.on_wake([wake, executor] {
    asio::post(executor, [wake] {
      wake->pending = true;
      wake->timer.cancel();
    });
  });
  const Deadline end = after_ms(event_stream_life_ms);
  std::string text = ": listening\n\n";
  while (true) {
    if (!text.empty()) {
      const bool sent =
          co_await transport_->write_all(text, after_ms(core_.options.limits.write_timeout_ms));
      if (!sent) break;
    }
    const bool over = events.is_over();  // before take(): nothing is queued after it
    text = events.take();
    if (!text.empty()) continue;
    if (over || draining_ || std::chrono::steady_clock::now() >= end) break;
    if (!wake->pending) {
      boost::system::error_code ignored;
      wake->timer.expires_after(std::chrono::milliseconds{event_heartbeat_ms});
      co_await wake->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!wake->pending) text = ": still here\n\n";
    wake->pending = false;
  }
  events.cancel();
  co_return false;  // no length was promised: the end of the stream is the end of the connection
}

}  // namespace khien::http
