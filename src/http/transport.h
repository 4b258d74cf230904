// One accepted connection, plain or TLS, read and written with deadlines by coroutines. Internal to
// http. All calls run on the connection's strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>

namespace boost::asio::ssl {
class context;
}

namespace khien::http {

namespace asio = boost::asio;
using Deadline = std::chrono::steady_clock::time_point;

class Transport {
 public:
  virtual ~Transport() = default;

  enum class Outcome { moved, timed_out, closed };
  struct Moved {
    Outcome outcome = Outcome::closed;
    std::size_t size = 0;
  };
  /// Nothing to do for a plain connection.
  virtual asio::awaitable<bool> handshake(Deadline deadline) = 0;
  virtual asio::awaitable<Moved> read_some(std::span<char> buffer, Deadline deadline) = 0;
  /// False if not everything went out in time.
  virtual asio::awaitable<bool> write_all(std::string_view data, Deadline deadline) = 0;
  /// Says that nothing more will come: TLS close_notify, then FIN.
  virtual asio::awaitable<void> finish_writing(Deadline deadline) = 0;
  virtual void close() noexcept = 0;
  [[nodiscard]] virtual asio::any_io_executor executor() = 0;
  [[nodiscard]] virtual bool secure() const noexcept = 0;
};

/// `tls` null: plain. Borrowed while the connection lives.
[[nodiscard]] std::unique_ptr<Transport> make_transport(asio::ip::tcp::socket socket,
                                                        asio::ssl::context* tls);

}  // namespace khien::http
