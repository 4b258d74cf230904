#include "net/tls_peer.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "net/address.h"

namespace khien::net {
namespace {

int peer_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

const TlsPeer* peer_of(const SSL* ssl) {
  return static_cast<const TlsPeer*>(SSL_get_ex_data(ssl, peer_index()));
}

bool matches_pin(const X509* certificate, const std::vector<crypto::Sha256Digest>& pins) {
  const auto pin = pin_of(certificate);
  return pin && std::ranges::find(pins, *pin) != pins.end();
}

// Instead of the usual check of the chain.
int verify(X509_STORE_CTX* store, void*) {
  const auto* ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const TlsPeer* peer = peer_of(ssl);
  if (peer == nullptr || peer->pins.empty()) return X509_verify_cert(store);
  X509* certificate = X509_STORE_CTX_get0_cert(store);
  const bool good = certificate != nullptr && matches_pin(certificate, peer->pins);
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return good ? 1 : 0;
}

int new_session(SSL* ssl, SSL_SESSION* session) {
  const TlsPeer* peer = peer_of(ssl);
  if (peer == nullptr || peer->memory == nullptr) return 0;
  peer->memory->keep(session);
  return 1;
}

}  // namespace

std::optional<crypto::Sha256Digest> pin_of(const x509_st* certificate) {
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  if (size <= 0) return std::nullopt;
  const auto digest = crypto::sha256(Bytes{encoded, static_cast<std::size_t>(size)});
  OPENSSL_free(encoded);
  return digest;
}

void TlsSessionMemory::Free::operator()(ssl_session_st* session) const noexcept {
  SSL_SESSION_free(session);
}

TlsSessionMemory::TlsSessionMemory() noexcept = default;
TlsSessionMemory::TlsSessionMemory(TlsSessionMemory&&) noexcept = default;
TlsSessionMemory& TlsSessionMemory::operator=(TlsSessionMemory&&) noexcept = default;
TlsSessionMemory::~TlsSessionMemory() = default;

void TlsSessionMemory::keep(ssl_session_st* session) noexcept { session_.reset(session); }

void TlsSessionMemory::offer(ssl_st* ssl) noexcept {
  if (!session_) return;
  (void)SSL_set_session(ssl, session_.get());
  if (SSL_SESSION_get_protocol_version(session_.get()) >= TLS1_3_VERSION) session_.reset();
}

void prepare_client(ssl_ctx_st* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, new_session);
}

void remember_session(ssl_st* ssl, const TlsPeer& peer) {
  if (peer.memory == nullptr || SSL_version(ssl) >= TLS1_3_VERSION) return;
  SSL_SESSION* session = SSL_get1_session(ssl);
  if (session != nullptr) peer.memory->keep(session);
}

bool set_peer(ssl_st* ssl, const TlsPeer& peer) {
  if (peer.name.empty() && peer.pins.empty()) return false;
  // OpenSSL does not write to what it is given here.
  if (SSL_set_ex_data(ssl, peer_index(), const_cast<TlsPeer*>(&peer)) != 1) return false;  // NOLINT
  if (!peer.name.empty()) {
    if (IpAddress::parse(peer.name)) {
      if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), peer.name.c_str()) != 1) return false;
    } else {
      std::string name = peer.name;  // SSL_ctrl() wants what it could write to
      SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
      if (SSL_set1_host(ssl, name.c_str()) != 1 ||
          SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) !=
              1) {
        return false;
      }
    }
  }
  if (peer.memory != nullptr) peer.memory->offer(ssl);
  return true;
}

}  // namespace khien::net
