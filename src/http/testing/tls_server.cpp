#include "http/testing/tls_server.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/assert.h"

namespace khien::http::testing {
namespace {

std::string loopback_url(std::uint16_t port, std::string_view path) {
  return "https://127.0.0.1:" + std::to_string(port) + std::string{path};
}

/// A socket that listens on a free port of loopback; sets `port`.
FileDescriptor listen_on_loopback(std::uint16_t& port) {
  FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  KHIEN_ASSERT(::bind(socket.get(), raw, size) == 0 && ::listen(socket.get(), 4) == 0 &&
               ::getsockname(socket.get(), raw, &size) == 0);
  port = ntohs(address.sin_port);
  return socket;
}

/// Reads up to the blank line, then says `answer`.
void converse(SSL* ssl, const std::string& answer) {
  if (SSL_accept(ssl) != 1) return;
  std::string head;
  std::array<char, 1'024> piece{};
  while (head.find("\r\n\r\n") == std::string::npos) {
    const int size = SSL_read(ssl, piece.data(), static_cast<int>(piece.size()));
    if (size <= 0) return;
    head.append(piece.data(), static_cast<std::size_t>(size));
  }
  (void)SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
  (void)SSL_shutdown(ssl);
}

}  // namespace

TlsServer::TlsServer(const Authority& authority, std::vector<Route> routes) {
  ServerOptions options;
  options.listen = {
      {.address = net::SocketAddress::parse("127.0.0.1:0").value(),
       .tls = TlsFiles{.certificate = authority.certificate(), .key = authority.key()}}};
  server_ =
      Server::start(std::move(options), Router::build(std::move(routes)).value(), clock_, metrics_)
          .value();
}

TlsServer::~TlsServer() { server_->stop(); }
std::uint16_t TlsServer::port() const { return server_->addresses().front().port; }
std::string TlsServer::url(std::string_view path) const { return loopback_url(port(), path); }

RawTlsPeer::RawTlsPeer(const Authority& authority, std::string answer)
    : listener_(listen_on_loopback(port_)),
      thread_([fd = listener_.get(), certificate = authority.certificate(), key = authority.key(),
               answer = std::move(answer)] {
        const FileDescriptor peer{::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC)};
        if (!peer.valid()) return;  // shut down before anybody came
        const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{SSL_CTX_new(TLS_server_method()),
                                                                   SSL_CTX_free};
        SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str());
        SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM);
        const std::unique_ptr<SSL, void (*)(SSL*)> ssl{SSL_new(context.get()), SSL_free};
        SSL_set_fd(ssl.get(), peer.get());
        converse(ssl.get(), answer);
      }) {}

RawTlsPeer::~RawTlsPeer() { ::shutdown(listener_.get(), SHUT_RDWR); }
std::string RawTlsPeer::url(std::string_view path) const { return loopback_url(port_, path); }

}  // namespace khien::http::testing
