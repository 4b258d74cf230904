#include "net/stream_socket.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "net/tls_bio.h"
#include "net/tls_error.h"

namespace khien::net {

void StreamSocket::Free::operator()(ssl_st* tls) const noexcept { SSL_free(tls); }

StreamSocket::StreamSocket() noexcept = default;
StreamSocket::StreamSocket(TcpSocket socket) noexcept
    : socket_(std::move(socket)), established_(true) {}
StreamSocket::StreamSocket(StreamSocket&&) noexcept = default;
StreamSocket& StreamSocket::operator=(StreamSocket&&) noexcept = default;
StreamSocket::~StreamSocket() { close(); }

Result<StreamSocket> StreamSocket::server(TcpSocket socket, const TlsContext& context) {
  StreamSocket stream;
  stream.socket_ = std::move(socket);
  stream.tls_.reset(SSL_new(context.get()));
  BIO* bio = stream.tls_ ? make_socket_bio(stream.fd()) : nullptr;
  if (bio == nullptr) return fail(ErrorCode::unavailable, "start TLS: " + take_tls_error());
  SSL_set_bio(stream.tls_.get(), bio, bio);
  SSL_set_accept_state(stream.tls_.get());
  return stream;
}

Result<StreamSocket> StreamSocket::client(TcpSocket socket, const TlsContext& context,
                                          TlsPeer peer) {
  StreamSocket stream;
  stream.socket_ = std::move(socket);
  stream.peer_ = std::make_unique<TlsPeer>(std::move(peer));
  stream.tls_.reset(SSL_new(context.get()));
  BIO* bio = stream.tls_ ? make_socket_bio(stream.fd()) : nullptr;
  if (bio == nullptr) return fail(ErrorCode::unavailable, "start TLS: " + take_tls_error());
  SSL_set_bio(stream.tls_.get(), bio, bio);
  SSL_set_connect_state(stream.tls_.get());
  if (!set_peer(stream.tls_.get(), *stream.peer_)) {
    return fail(ErrorCode::invalid_argument,
                "a TLS server is known by a host name, an address or a pin: cannot use \"" +
                    stream.peer_->name + "\"");
  }
  return stream;
}

StreamSocket::State StreamSocket::failed(int result) noexcept {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ: waits_for_ = {.readable = true}; return State::would_block;
    case SSL_ERROR_WANT_WRITE: waits_for_ = {.writable = true}; return State::would_block;
    case SSL_ERROR_ZERO_RETURN: return State::closed;
    case SSL_ERROR_SYSCALL:
      broken_ = true;
      ERR_clear_error();
      return State::closed;
    default: break;
  }
  broken_ = true;
  const long verified = SSL_get_verify_result(tls_.get());
  failure_ = take_tls_error();
  if (!SSL_is_server(tls_.get()) && verified == X509_V_ERR_APPLICATION_VERIFICATION) {
    failure_ += ": the server's key has none of the pins";
  } else if (!SSL_is_server(tls_.get()) && verified != X509_V_OK) {
    failure_ += std::string{": "} + X509_verify_cert_error_string(verified);
  }
  return State::closed;
}

StreamSocket::State StreamSocket::handshake() noexcept {
  if (established_) return State::moved;
  if (tls_ == nullptr || broken_) return State::closed;
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  if (result != 1) return failed(result);
  established_ = true;
  if (peer_) remember_session(tls_.get(), *peer_);
  return State::moved;
}

StreamSocket::Moved StreamSocket::read_some(std::span<std::uint8_t> buffer) noexcept {
  if (tls_ == nullptr) {
    waits_for_ = {.readable = true};
    return socket_.read_some(buffer);
  }
  if (const State state = handshake(); state != State::moved) return {.state = state};
  std::size_t size = 0;
  ERR_clear_error();
  const int result = SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &size);
  if (result == 1) return {.state = State::moved, .size = size};
  return {.state = failed(result)};
}

StreamSocket::Moved StreamSocket::write_some(Bytes data) noexcept {
  if (tls_ == nullptr) {
    waits_for_ = {.writable = true};
    return socket_.write_some(data);
  }
  if (const State state = handshake(); state != State::moved) return {.state = state};
  std::size_t size = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(tls_.get(), data.data(), data.size(), &size);
  if (result == 1) return {.state = State::moved, .size = size};
  return {.state = failed(result)};
}

bool StreamSocket::has_pending() const noexcept {
  return tls_ != nullptr && SSL_has_pending(tls_.get()) == 1;
}

std::string_view StreamSocket::alpn() const noexcept {
  if (tls_ == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_.get(), &name, &size);
  return name == nullptr ? std::string_view{} : as_text({name, size});
}

std::string_view StreamSocket::server_name() const noexcept {
  const char* name =
      tls_ == nullptr ? nullptr : SSL_get_servername(tls_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? std::string_view{} : std::string_view{name};
}

bool StreamSocket::is_resumed() const noexcept {
  return tls_ != nullptr && SSL_session_reused(tls_.get()) == 1;
}

std::optional<crypto::Sha256Digest> StreamSocket::peer_pin() const {
  if (tls_ == nullptr || !established_) return std::nullopt;
  const X509* certificate = SSL_get0_peer_certificate(tls_.get());
  return certificate == nullptr ? std::nullopt : pin_of(certificate);
}

void StreamSocket::close() noexcept {
  if (tls_ != nullptr && established_ && !broken_ && socket_.valid()) {
    ERR_clear_error();
    (void)SSL_shutdown(tls_.get());
    ERR_clear_error();
  }
  established_ = false;
  tls_.reset();
  socket_.close();
}

}  // namespace khien::net
