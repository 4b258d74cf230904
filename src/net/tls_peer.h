// How a TLS client knows that it speaks with the right server, and what it keeps to come back
// sooner.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "crypto/hash.h"

struct ssl_ctx_st;
struct ssl_st;
struct ssl_session_st;
struct x509_st;

namespace khien::net {

/// The last session with one server, for resumption. One thread; used by one connection at a time.
class TlsSessionMemory {
 public:
  TlsSessionMemory() noexcept;
  TlsSessionMemory(TlsSessionMemory&&) noexcept;
  TlsSessionMemory& operator=(TlsSessionMemory&&) noexcept;
  ~TlsSessionMemory();

  void keep(ssl_session_st* session) noexcept;  // takes ownership
  /// Gives the session to `ssl`, if there is one. Those of TLS 1.3 are used once (RFC 8446
  /// appendix C.4).
  void offer(ssl_st* ssl) noexcept;

 private:
  struct Free {
    void operator()(ssl_session_st* session) const noexcept;
  };
  std::unique_ptr<ssl_session_st, Free> session_;
};

/// The server that a client wants. Either kind of proof must be given.
struct TlsPeer {
  /// Host name or address literal. A name is sent as SNI. Without pins the certificate must be
  /// issued for it by an authority of the context.
  std::string name = {};
  /// SHA-256 of the SubjectPublicKeyInfo of the server's own certificate (RFC 7858 section 4.2):
  /// with pins, one of them must match, and names, dates and authorities do not count.
  std::vector<crypto::Sha256Digest> pins = {};
  /// Borrowed; outlives the connection. Null: nothing is resumed.
  TlsSessionMemory* memory = nullptr;
};

/// SHA-256 of the certificate's SubjectPublicKeyInfo; nullopt if memory is out. Internal to net.
[[nodiscard]] std::optional<crypto::Sha256Digest> pin_of(const x509_st* certificate);

/// Internal to net: what every client context needs, and what `peer` asks of one connection. `peer`
/// is borrowed while the handshake lasts. False if the name cannot be used.
void prepare_client(ssl_ctx_st* context);
[[nodiscard]] bool set_peer(ssl_st* ssl, const TlsPeer& peer);
/// After the handshake. TLS 1.3 hands its tickets out later, by a callback; what TLS 1.2 renews
/// while it resumes no callback tells.
void remember_session(ssl_st* ssl, const TlsPeer& peer);

}  // namespace khien::net
