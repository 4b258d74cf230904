#include "http/testing/tls_server.h"

#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

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

void write_certificate(const std::filesystem::path& folder) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3'600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("server.test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen((folder / "cert.pem").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen((folder / "key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_EXTENSION_free(names);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

Authority::Authority() {
  std::string name = (std::filesystem::temp_directory_path() / "khien-tls-XXXXXX").string();
  KHIEN_ASSERT(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
  write_certificate(folder_);
}

Authority::~Authority() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

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
