// What TLS connections of one kind share: certificates or authorities, protocol versions, ALPN,
// tickets. TLS 1.2 and 1.3 by OpenSSL 3; no renegotiation, no compression, no early data. A context
// is a cheap copy of a reference and never changes: a new certificate is a new context, and
// connections keep the one they began with. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls_tickets.h"

struct ssl_ctx_st;

namespace khien::net {

enum class TlsVersion { v1_2, v1_3 };

/// Whether a server asks its clients for a certificate. One that is asked for may be anybody's: it
/// proves that the client has its key, and whoever looks at StreamSocket::peer_pin() says whose key
/// that must be. A client without one is served as well.
enum class ClientCertificates { unasked, asked };

struct TlsServerOptions {
  std::filesystem::path certificate;  ///< PEM: the server's own first, then the intermediate ones
  std::filesystem::path key;          ///< PEM, without a pass phrase
  /// Protocols we speak, the best first (RFC 7301). A client that offers others alone is refused;
  /// one that offers none is served, and alpn() is empty.
  std::vector<std::string> alpn = {};
  TlsVersion version_min = TlsVersion::v1_2;
  /// Borrowed by every connection. Without it nothing is resumed. Not with client certificates.
  TlsTicketKeys* tickets = nullptr;
  ClientCertificates clients = ClientCertificates::unasked;
};

struct TlsClientOptions {
  std::filesystem::path authorities = {};  ///< PEM bundle; empty for the system's
  std::vector<std::string> alpn = {};
  TlsVersion version_min = TlsVersion::v1_2;
  std::filesystem::path certificate = {};  ///< what we show a server that asks; PEM; empty: nothing
  std::filesystem::path key = {};          ///< its key
};

class TlsContext {
 public:
  /// Errors name the file and say what to do. not_found, denied, malformed; conflict if key and
  /// certificate do not belong together; invalid_argument for tickets with client certificates.
  [[nodiscard]] static Result<TlsContext> server(const TlsServerOptions& options);
  [[nodiscard]] static Result<TlsContext> client(const TlsClientOptions& options);

  [[nodiscard]] ssl_ctx_st* get() const noexcept { return context_.get(); }
  [[nodiscard]] bool is_server() const noexcept { return is_server_; }
  /// The end of the server's certificate, seconds since 1970; 0 for a client.
  [[nodiscard]] std::int64_t not_after_s() const noexcept { return not_after_s_; }

 private:
  TlsContext(std::shared_ptr<ssl_ctx_st> context, bool is_server) noexcept
      : context_(std::move(context)), is_server_(is_server) {}
  std::shared_ptr<ssl_ctx_st> context_;
  std::int64_t not_after_s_ = 0;
  bool is_server_ = false;
};

}  // namespace khien::net
