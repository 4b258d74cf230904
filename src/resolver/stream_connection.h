// One client's connection: the PROXY header, if the peer speaks for others, then the TLS handshake,
// if there is one, then octets between socket and framing. It decides nothing: StreamServer admits,
// answers and closes. One thread.
#pragma once

#include <memory>

#include "net/proxy_header.h"
#include "net/stream_socket.h"
#include "policy/entry_point.h"
#include "resolver/stream_framing.h"

namespace khien::resolver {

enum class StreamKind : std::uint8_t { plain, dot, doh };

class StreamConnection {
 public:
  enum class Phase : std::uint8_t { proxy, handshake, open };
  enum class Step : std::uint8_t { wait, done, failed };

  /// In phase `proxy`; who expects no header calls secure() or open() at once.
  StreamConnection(net::TcpSocket socket, StreamKind kind, std::int64_t now_ms);

  /// Reads up to the end of the PROXY header and not beyond. `done`: source() is the client.
  [[nodiscard]] Step read_proxy();
  /// Begins TLS; false if there is no memory for it.
  [[nodiscard]] bool secure(const net::TlsContext& context);
  /// `done` once TLS stands.
  [[nodiscard]] Step shake();
  void open(std::unique_ptr<StreamFraming> framing);

  /// Reads what is there into the framing, at most `reads_max` pieces. `wait`: all was read;
  /// `done`: more may lie here; `failed`: send what is unsent, and close.
  [[nodiscard]] Step read(std::span<std::uint8_t> buffer, QueryTaker& taker);
  /// Goes on with the queries that a limit kept back. False like `failed`.
  [[nodiscard]] bool resume(QueryTaker& taker);
  /// Sends what can be sent now. False if the peer is gone or does not read.
  [[nodiscard]] bool flush();

  /// What the descriptor shall be watched for.
  [[nodiscard]] net::Readiness interest() const noexcept;
  [[nodiscard]] int fd() const noexcept { return raw_.valid() ? raw_.fd() : stream_.fd(); }
  [[nodiscard]] StreamKind kind() const noexcept { return kind_; }
  [[nodiscard]] Phase phase() const noexcept { return phase_; }
  /// The client: of the PROXY header, or the peer.
  [[nodiscard]] const net::SocketAddress& source() const noexcept { return source_; }
  [[nodiscard]] const net::StreamSocket& socket() const noexcept { return stream_; }
  [[nodiscard]] StreamFraming* framing() noexcept { return framing_.get(); }

  // What StreamServer notes of it.
  policy::EntryPoint listener = policy::no_entry_point;
  policy::EntryPoint server_name = policy::no_entry_point;
  std::int64_t active_at_ms;        ///< begun, or the last whole query or answer
  bool admitted = false;            ///< counted by PrefixLimits
  bool dirty = false;               ///< waits for a flush
  net::Readiness watched_for = {};  ///< as the event loop knows

 private:
  net::TcpSocket raw_;  // until TLS or the framing takes it
  net::StreamSocket stream_;
  StreamKind kind_;
  Phase phase_ = Phase::proxy;
  net::SocketAddress source_;
  Octets proxy_;
  std::unique_ptr<StreamFraming> framing_;
};

}  // namespace khien::resolver
