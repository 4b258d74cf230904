#include "http/transport.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <type_traits>

namespace khien::http {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using PlainStream = tcp::socket;
using TlsStream = asio::ssl::stream<tcp::socket>;

/// Cancels the socket's operations when a deadline passes. Unlike Beast's tcp_stream it leaves the
/// socket open, so that a slow client can still be told what it did (408).
class Watchdog {
 public:
  explicit Watchdog(tcp::socket& socket)
      : socket_(socket), timer_(socket.get_executor()), state_(std::make_shared<State>()) {}

  void arm(Deadline deadline) {
    state_->fired = false;
    const std::uint64_t round = ++state_->round;
    timer_.expires_at(deadline);
    // The handler may run after the operation, or after this object, is gone: the round tells.
    timer_.async_wait([state = state_, round, socket = &socket_](error_code error) {
      if (error || state->round != round) return;
      state->fired = true;
      socket->cancel(error);
    });
  }
  /// True if the deadline passed since arm().
  bool disarm() {
    ++state_->round;
    timer_.cancel();
    return state_->fired;
  }
  ~Watchdog() { ++state_->round; }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  struct State {
    std::uint64_t round = 0;
    bool fired = false;
  };
  tcp::socket& socket_;
  asio::steady_timer timer_;
  std::shared_ptr<State> state_;
};

template <typename Stream>
class StreamTransport final : public Transport {
 public:
  template <typename... Arguments>
  explicit StreamTransport(Arguments&&... arguments)
      : stream_(std::forward<Arguments>(arguments)...), watchdog_(socket()) {}

  asio::awaitable<bool> handshake(Deadline deadline) override {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      error_code error;
      watchdog_.arm(deadline);
      co_await stream_.async_handshake(asio::ssl::stream_base::server,
                                       asio::redirect_error(asio::use_awaitable, error));
      watchdog_.disarm();
      ready_ = !error;
      co_return ready_;
    } else {
      static_cast<void>(deadline);
      ready_ = true;
      co_return true;
    }
  }

  asio::awaitable<Moved> read_some(std::span<char> buffer, Deadline deadline) override {
    error_code error;
    watchdog_.arm(deadline);
    const std::size_t size =
        co_await stream_.async_read_some(asio::mutable_buffer{buffer.data(), buffer.size()},
                                         asio::redirect_error(asio::use_awaitable, error));
    const bool late = watchdog_.disarm();
    Moved moved;
    moved.size = size;
    moved.outcome = !error ? Outcome::moved : late ? Outcome::timed_out : Outcome::closed;
    co_return moved;
  }

  asio::awaitable<bool> write_all(std::string_view data, Deadline deadline) override {
    error_code error;
    watchdog_.arm(deadline);
    co_await asio::async_write(stream_, asio::const_buffer{data.data(), data.size()},
                               asio::redirect_error(asio::use_awaitable, error));
    watchdog_.disarm();
    co_return !error;
  }

  asio::awaitable<void> finish_writing(Deadline deadline) override {
    error_code error;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      if (ready_) {
        watchdog_.arm(deadline);
        co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
        watchdog_.disarm();
      }
    } else {
      static_cast<void>(deadline);
    }
    socket().shutdown(tcp::socket::shutdown_send, error);
    co_return;
  }

  void close() noexcept override {
    error_code ignored;
    socket().close(ignored);
  }
  asio::any_io_executor executor() override { return stream_.get_executor(); }
  [[nodiscard]] bool secure() const noexcept override { return std::is_same_v<Stream, TlsStream>; }

 private:
  tcp::socket& socket() noexcept {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }
  Stream stream_;
  Watchdog watchdog_;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Transport> make_transport(tcp::socket socket, asio::ssl::context* tls) {
  if (tls == nullptr) return std::make_unique<StreamTransport<PlainStream>>(std::move(socket));
  return std::make_unique<StreamTransport<TlsStream>>(std::move(socket), *tls);
}

}  // namespace khien::http
