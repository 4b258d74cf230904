#include "net/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/bytes.h"
#include "net/tls_error.h"
#include "net/tls_peer.h"

namespace khien::net {
namespace {

// Forward secrecy and AEAD only, which is also what HTTP/2 asks of TLS 1.2 (RFC 9113
// section 9.2.2).
constexpr const char* ciphers_v1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* groups = "X25519:P-256:P-384";
constexpr std::size_t alpn_size_max = 255;

tl::unexpected<Error> file_error(ErrorCode code, std::string_view what,
                                 const std::filesystem::path& path, std::string_view why,
                                 std::string_view advice) {
  return fail(code, std::string{what} + " " + path.string() + ": " + std::string{why} + "; " +
                        std::string{advice});
}

// OpenSSL folds "not there" and "not PEM" into one failure: ask the system first.
Result<void> check_readable(std::string_view what, const std::filesystem::path& path) {
  if (path.empty()) return fail(ErrorCode::invalid_argument, "no " + std::string{what} + " given");
  if (::access(path.c_str(), R_OK) == 0) return {};
  if (errno == EACCES) {
    return file_error(ErrorCode::denied, what, path, "not readable",
                      "give the user that runs this program the right to read it");
  }
  return file_error(ErrorCode::not_found, what, path, std::strerror(errno), "check the path");
}

// A key with a pass phrase must fail, not wait at a terminal.
int refuse_passphrase(char*, int, int, void*) { return -1; }

// RFC 7301 section 3.1: each name with its length in front.
Result<Octets> alpn_wire(const std::vector<std::string>& protocols) {
  Octets wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > alpn_size_max) {
      return fail(ErrorCode::invalid_argument, "an ALPN name has 1..255 octets");
    }
    wire.push_back(static_cast<std::uint8_t>(protocol.size()));
    wire.insert(wire.end(), protocol.begin(), protocol.end());
  }
  return wire;
}

// What a server's context carries with it; freed with the context.
struct ServerState {
  Octets alpn;
  TlsTicketKeys* tickets = nullptr;
};

void free_server_state(void*, void* state, CRYPTO_EX_DATA*, int, long, void*) {
  const std::unique_ptr<ServerState> owned{static_cast<ServerState*>(state)};
}

int server_state_index() {
  static const int index =
      SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_server_state);
  return index;
}

ServerState& server_state(const SSL* ssl) {
  return *static_cast<ServerState*>(
      SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), server_state_index()));
}

int select_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned offered_size, void*) {
  const Octets& ours = server_state(ssl).alpn;
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(
      &chosen, out_size, ours.data(), static_cast<unsigned>(ours.size()), offered, offered_size);
  if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

bool start_ticket_ciphers(const TlsTicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, bool encrypts) {
  std::string digest = "SHA256";
  TlsTicketKey copy = key;  // OSSL_PARAM wants what it could write to
  const std::array<OSSL_PARAM, 3> parameters{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, copy.mac.data(), copy.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  const bool good = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv,
                                      encrypts ? 1 : 0) == 1 &&
                    EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  OPENSSL_cleanse(&copy, sizeof copy);
  return good;
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 is an error, 0 an unknown key, 1 good, 2 good but
// shall be made anew.
int ticket_key(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
               EVP_MAC_CTX* mac, int encrypts) {
  TlsTicketKeys& keys = *server_state(ssl).tickets;
  if (encrypts != 0) {
    const TlsTicketKey key = keys.current();
    std::ranges::copy(key.name, name);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    return start_ticket_ciphers(key, iv, cipher, mac, true) ? 1 : -1;
  }
  std::array<std::uint8_t, 16> wanted{};
  std::copy_n(name, wanted.size(), wanted.begin());
  const auto found = keys.find(wanted);
  if (!found) return 0;
  if (!start_ticket_ciphers(found->key, iv, cipher, mac, false)) return -1;
  // A ticket of TLS 1.3 is used once (RFC 8446 appendix C.4), so its user needs the next one.
  return found->is_current && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
}

using ContextPointer = std::shared_ptr<SSL_CTX>;

ContextPointer make_context(const SSL_METHOD* method, TlsVersion version_min) {
  ContextPointer context{SSL_CTX_new(method), SSL_CTX_free};
  if (!context) return context;
  SSL_CTX* raw = context.get();
  const int version = version_min == TlsVersion::v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // An idle connection keeps no buffers; what was not written may be offered again from elsewhere.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One system call a record instead of two.
  SSL_CTX_set_read_ahead(raw, 1);
  if (SSL_CTX_set_min_proto_version(raw, version) != 1 ||
      SSL_CTX_set_cipher_list(raw, ciphers_v1_2) != 1 ||
      SSL_CTX_set1_groups_list(raw, groups) != 1) {
    return nullptr;
  }
  return context;
}

struct PairFiles {
  const std::filesystem::path& certificate;
  const std::filesystem::path& key;
};

Result<void> load_pair(SSL_CTX* context, const PairFiles& options) {
  constexpr std::string_view certificate = "TLS certificate";
  constexpr std::string_view key = "TLS key";
  if (auto there = check_readable(certificate, options.certificate); !there) return there;
  if (auto there = check_readable(key, options.key); !there) return there;
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1) {
    return file_error(ErrorCode::malformed, certificate, options.certificate, take_tls_error(),
                      "it must be PEM, the server's own certificate first");
  }
  if (SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    // OpenSSL compares with the certificate at once.
    const std::string why = take_tls_error();
    if (why.find("mismatch") != std::string::npos) {
      return file_error(ErrorCode::conflict, key, options.key, why,
                        "it does not belong to " + options.certificate.string());
    }
    return file_error(ErrorCode::malformed, key, options.key, why,
                      "it must be a private key in PEM without a pass phrase");
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return file_error(ErrorCode::conflict, key, options.key, take_tls_error(),
                      "it does not belong to " + options.certificate.string());
  }
  return {};
}

std::int64_t end_of(const X509* certificate) noexcept {
  std::tm time{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) {
    return 0;
  }
  return ::timegm(&time);
}

// Instead of a check of the chain: possession of the key is proven by the handshake itself, and
// whose key it must be is the caller's to say.
int accept_any(X509_STORE_CTX* store, void*) {
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
}

void use_tickets(SSL_CTX* context, const TlsTicketKeys* tickets) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // the client keeps the state
  if (tickets == nullptr) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
    return;
  }
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_timeout(context, tls_ticket_life_s);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key);
}

}  // namespace

Result<TlsContext> TlsContext::server(const TlsServerOptions& options) {
  ContextPointer context = make_context(TLS_server_method(), options.version_min);
  if (!context) return fail(ErrorCode::internal, "set up TLS: " + take_tls_error());
  if (options.clients == ClientCertificates::asked) {
    if (options.tickets != nullptr) {
      return fail(ErrorCode::invalid_argument, "tickets would outlive what a client proved");
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), accept_any, nullptr);
  }
  const PairFiles pair{.certificate = options.certificate, .key = options.key};
  if (auto loaded = load_pair(context.get(), pair); !loaded) {
    return tl::unexpected(std::move(loaded).error());
  }
  auto alpn = alpn_wire(options.alpn);
  if (!alpn) return tl::unexpected(std::move(alpn).error());
  auto state = std::make_unique<ServerState>(
      ServerState{.alpn = std::move(*alpn), .tickets = options.tickets});
  if (!state->alpn.empty()) SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
  if (SSL_CTX_set_ex_data(context.get(), server_state_index(), state.get()) != 1) {
    return fail(ErrorCode::internal, "set up TLS: " + take_tls_error());
  }
  (void)state.release();
  use_tickets(context.get(), options.tickets);
  TlsContext made{std::move(context), true};
  made.not_after_s_ = end_of(SSL_CTX_get0_certificate(made.get()));
  return made;
}

Result<TlsContext> TlsContext::client(const TlsClientOptions& options) {
  ContextPointer context = make_context(TLS_client_method(), options.version_min);
  if (!context) return fail(ErrorCode::internal, "set up TLS: " + take_tls_error());
  if (options.authorities.empty()) {
    (void)SSL_CTX_set_default_verify_paths(context.get());  // none installed: nobody is trusted
  } else {
    constexpr std::string_view what = "TLS authorities";
    if (auto there = check_readable(what, options.authorities); !there) {
      return tl::unexpected(std::move(there).error());
    }
    ERR_clear_error();
    if (SSL_CTX_load_verify_file(context.get(), options.authorities.c_str()) != 1) {
      return file_error(ErrorCode::malformed, what, options.authorities, take_tls_error(),
                        "it must hold certificates in PEM");
    }
  }
  auto alpn = alpn_wire(options.alpn);
  if (!alpn) return tl::unexpected(std::move(alpn).error());
  if (!alpn->empty() && SSL_CTX_set_alpn_protos(context.get(), alpn->data(),
                                                static_cast<unsigned>(alpn->size())) != 0) {
    return fail(ErrorCode::internal, "set up TLS: " + take_tls_error());
  }
  if (!options.certificate.empty() || !options.key.empty()) {
    const PairFiles pair{.certificate = options.certificate, .key = options.key};
    if (auto loaded = load_pair(context.get(), pair); !loaded) {
      return tl::unexpected(std::move(loaded).error());
    }
  }
  prepare_client(context.get());
  return TlsContext{std::move(context), false};
}

}  // namespace khien::net
