// For tests: our own server over TLS on loopback, with a certificate made for the test, and a peer
// that says exactly the octets it is given, for what no proper server does.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/metrics.h"
#include "http/router.h"
#include "http/server.h"
#include "net/testing/certificate.h"

namespace khien::http::testing {

/// A folder of its own with a certificate that our servers show.
using Authority = net::testing::CertificateFolder;

class TlsServer {
 public:
  TlsServer(const Authority& authority, std::vector<Route> routes);
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer();
  [[nodiscard]] std::uint16_t port() const;
  /// https://127.0.0.1:PORT + path
  [[nodiscard]] std::string url(std::string_view path) const;

 private:
  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<Server> server_;
};

/// Takes one connection, reads a request head, writes `answer` and closes.
class RawTlsPeer {
 public:
  RawTlsPeer(const Authority& authority, std::string answer);
  RawTlsPeer(const RawTlsPeer&) = delete;
  RawTlsPeer& operator=(const RawTlsPeer&) = delete;
  ~RawTlsPeer();
  [[nodiscard]] std::string url(std::string_view path) const;

 private:
  std::uint16_t port_ = 0;  // before the listener, which sets it
  FileDescriptor listener_;
  std::jthread thread_;
};

}  // namespace khien::http::testing
