#include "net/stream_socket.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#include <array>
#include <cstdio>

#include "net/testing/certificate.h"

namespace khien::net {
namespace {

using testing::CertificateFolder;
using State = StreamSocket::State;

constexpr int rounds_max = 200;  // a bound on a failing test: each round moves something

struct TcpPair {
  TcpSocket client;
  TcpSocket server;
};

TcpPair connected() {
  auto listener =
      TcpListener::listen({.address = SocketAddress::parse("127.0.0.1:0").value()}).value();
  auto client = TcpSocket::start_connect(listener.local_address()).value();
  pollfd one{.fd = listener.fd(), .events = POLLIN, .revents = 0};
  (void)::poll(&one, 1, 5'000);
  return {.client = std::move(client), .server = std::move(*listener.accept())};
}

crypto::Sha256Digest pin_of(const CertificateFolder& folder) {
  std::FILE* file = std::fopen(folder.certificate().c_str(), "r");
  X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
  std::fclose(file);
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  const auto pin = crypto::sha256(Bytes{encoded, static_cast<std::size_t>(size)});
  OPENSSL_free(encoded);
  X509_free(certificate);
  return pin;
}

/// A client and a server over one TCP connection.
struct TlsPair {
  StreamSocket client;
  StreamSocket server;

  TlsPair(const TlsContext& ours, const TlsContext& theirs, TlsPeer peer) {
    TcpPair pair = connected();
    client = StreamSocket::client(std::move(pair.client), theirs, std::move(peer)).value();
    server = StreamSocket::server(std::move(pair.server), ours).value();
  }
  /// True once both are done.
  bool shake() {
    State a = State::would_block;
    State b = State::would_block;
    for (int i = 0; i < rounds_max; ++i) {
      if (a == State::would_block) a = client.handshake();
      if (b == State::would_block) b = server.handshake();
      if (a != State::would_block && b != State::would_block) break;
      if (a == State::closed || b == State::closed) {
        // The other side learns of it.
        if (a == State::closed) client.close();
        if (b == State::closed) server.close();
      }
    }
    return a == State::moved && b == State::moved;
  }
  std::string carry(std::string_view text) {
    (void)server.write_some(as_bytes(text));
    std::array<std::uint8_t, 256> buffer{};
    for (int i = 0; i < rounds_max; ++i) {
      const auto moved = client.read_some(buffer);
      if (moved.state == State::moved) return to_text(Bytes{buffer}.first(moved.size));
      if (moved.state == State::closed) return "closed";
    }
    return "nothing came";
  }
};

TlsContext server_context(const CertificateFolder& folder, std::vector<std::string> alpn = {},
                          TlsTicketKeys* tickets = nullptr) {
  return TlsContext::server({.certificate = folder.certificate(),
                             .key = folder.key(),
                             .alpn = std::move(alpn),
                             .tickets = tickets})
      .value();
}

TlsContext client_context(const CertificateFolder& folder, std::vector<std::string> alpn = {},
                          TlsVersion version_min = TlsVersion::v1_2) {
  return TlsContext::client({.authorities = folder.certificate(),
                             .alpn = std::move(alpn),
                             .version_min = version_min})
      .value();
}

TEST(StreamSocket, WithoutTlsIsTheTcpSocket) {
  TcpPair pair = connected();
  StreamSocket client{std::move(pair.client)};
  StreamSocket server{std::move(pair.server)};
  EXPECT_FALSE(server.is_encrypted());
  EXPECT_TRUE(server.is_established());
  EXPECT_EQ(client.write_some(as_bytes("hello")).size, 5U);
  pollfd one{.fd = server.fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(::poll(&one, 1, 5'000), 1);
  std::array<std::uint8_t, 8> buffer{};
  EXPECT_EQ(server.read_some(buffer).size, 5U);
  EXPECT_EQ(server.read_some(buffer).state, State::would_block);
  EXPECT_TRUE(server.waits_for().readable);
  EXPECT_TRUE(server.alpn().empty());
}

TEST(StreamSocket, CarriesOctetsBothWays) {
  const CertificateFolder folder;
  TlsPair pair{
      server_context(folder, {"dot"}), client_context(folder, {"dot"}), {.name = "server.test"}};
  // The handshake runs inside reading and writing.
  std::array<std::uint8_t, 64> buffer{};
  std::string got;
  bool sent = false;
  for (int i = 0; i < rounds_max && got.empty(); ++i) {
    if (!sent) sent = pair.client.write_some(as_bytes("question")).state == State::moved;
    const auto moved = pair.server.read_some(buffer);
    if (moved.state == State::moved) got = to_text(Bytes{buffer}.first(moved.size));
  }
  EXPECT_EQ(got, "question");
  EXPECT_TRUE(pair.server.is_established());
  EXPECT_TRUE(pair.server.is_encrypted());
  EXPECT_EQ(pair.server.alpn(), "dot");
  EXPECT_EQ(pair.client.alpn(), "dot");
  EXPECT_EQ(pair.server.server_name(), "server.test");
  EXPECT_EQ(pair.carry("answer"), "answer");
  pair.server.close();
  EXPECT_EQ(pair.carry(""), "closed");
  EXPECT_TRUE(pair.client.failure().empty());
}

TEST(StreamSocket, RefusesAClientThatSpeaksOtherProtocolsAlone) {
  const CertificateFolder folder;
  TlsPair pair{
      server_context(folder, {"dot"}), client_context(folder, {"h2"}), {.name = "server.test"}};
  EXPECT_FALSE(pair.shake());
  EXPECT_FALSE(pair.server.failure().empty());
}

TEST(StreamSocket, ServesAClientWithoutAlpn) {
  const CertificateFolder folder;
  TlsPair pair{server_context(folder, {"dot"}), client_context(folder), {.name = "server.test"}};
  EXPECT_TRUE(pair.shake());
  EXPECT_TRUE(pair.server.alpn().empty());
}

TEST(StreamSocket, RefusesACertificateForAnotherName) {
  const CertificateFolder folder;
  TlsPair pair{server_context(folder), client_context(folder), {.name = "other.test"}};
  EXPECT_FALSE(pair.shake());
  EXPECT_NE(pair.client.failure().find("mismatch"), std::string::npos) << pair.client.failure();
}

TEST(StreamSocket, RefusesACertificateOfAnUnknownAuthority) {
  const CertificateFolder folder;
  const CertificateFolder stranger;
  TlsPair pair{server_context(folder), client_context(stranger), {.name = "server.test"}};
  EXPECT_FALSE(pair.shake());
  EXPECT_NE(pair.client.failure().find("self-signed"), std::string::npos) << pair.client.failure();
}

TEST(StreamSocket, KnowsAServerByItsAddress) {
  const CertificateFolder folder;
  TlsPair right{server_context(folder), client_context(folder), {.name = "127.0.0.1"}};
  EXPECT_TRUE(right.shake());
  EXPECT_TRUE(right.server.server_name().empty());  // no SNI for addresses (RFC 6066 section 3)
  TlsPair wrong{server_context(folder), client_context(folder), {.name = "127.0.0.2"}};
  EXPECT_FALSE(wrong.shake());
}

TEST(StreamSocket, KnowsAServerByItsPinWhateverItsNameAndAuthority) {
  const CertificateFolder folder{{.names = "DNS:expired.test", .not_after_s = -30}};
  const CertificateFolder stranger;
  TlsPair right{server_context(folder),
                client_context(stranger),
                {.name = "server.test", .pins = {pin_of(stranger), pin_of(folder)}}};
  EXPECT_TRUE(right.shake()) << right.client.failure();
  EXPECT_EQ(right.server.server_name(), "server.test");
  TlsPair wrong{server_context(folder), client_context(folder), {.pins = {pin_of(stranger)}}};
  EXPECT_FALSE(wrong.shake());
  EXPECT_NE(wrong.client.failure().find("pins"), std::string::npos) << wrong.client.failure();
}

TEST(StreamSocket, AsksForSomeProofOfTheServer) {
  const CertificateFolder folder;
  const auto made = StreamSocket::client(std::move(connected().client), client_context(folder), {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
}

// RFC 9103 section 9.3.3: whose key it must be is not the handshake's to say.
TEST(StreamSocket, ShowsWhoseKeyAClientHas) {
  const CertificateFolder folder;
  const CertificateFolder own{{.names = "DNS:client.test", .not_after_s = -1}};
  const auto server = [&](ClientCertificates clients) {
    return TlsContext::server(
               {.certificate = folder.certificate(), .key = folder.key(), .clients = clients})
        .value();
  };
  const TlsPeer peer{.pins = {pin_of(folder)}};
  const auto with =
      TlsContext::client({.certificate = own.certificate(), .key = own.key()}).value();
  const auto without = TlsContext::client({}).value();
  const auto pin_seen = [&](const TlsContext& ours, const TlsContext& theirs) {
    TlsPair pair{ours, theirs, peer};
    EXPECT_FALSE(pair.server.peer_pin().has_value());
    EXPECT_TRUE(pair.shake());
    EXPECT_EQ(pair.client.peer_pin(), pin_of(folder));
    return pair.server.peer_pin();
  };
  EXPECT_EQ(pin_seen(server(ClientCertificates::asked), with), pin_of(own));
  EXPECT_FALSE(pin_seen(server(ClientCertificates::asked), without).has_value());
  EXPECT_FALSE(pin_seen(server(ClientCertificates::unasked), with).has_value());
}

TEST(StreamSocket, NoTicketOutlivesAClientsProof) {
  const CertificateFolder folder;
  SeededRng rng{1};
  TlsTicketKeys tickets{rng, 0};
  const auto refused = TlsContext::server({.certificate = folder.certificate(),
                                           .key = folder.key(),
                                           .tickets = &tickets,
                                           .clients = ClientCertificates::asked});
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
}

TEST(StreamSocket, RefusesAnOlderVersionThanTheLeast) {
  const CertificateFolder folder;
  auto ours = TlsContext::server({.certificate = folder.certificate(),
                                  .key = folder.key(),
                                  .version_min = TlsVersion::v1_3})
                  .value();
  auto theirs = client_context(folder);
  SSL_CTX_set_max_proto_version(theirs.get(), TLS1_2_VERSION);
  TlsPair pair{ours, theirs, {.name = "server.test"}};
  EXPECT_FALSE(pair.shake());
}

class Resumption : public ::testing::TestWithParam<int> {};

TEST_P(Resumption, LastsAsLongAsTheKeysAndACertificateMayChangeMeanwhile) {
  const CertificateFolder folder;
  SystemRng rng;
  TlsTicketKeys tickets{rng, 0};
  TlsSessionMemory memory;
  auto theirs = client_context(folder);
  SSL_CTX_set_max_proto_version(theirs.get(), GetParam());
  const auto visit = [&] {
    TlsPair pair{
        server_context(folder, {}, &tickets), theirs, {.name = "server.test", .memory = &memory}};
    EXPECT_TRUE(pair.shake());
    EXPECT_EQ(pair.carry("x"), "x");  // TLS 1.3 hands its ticket out behind the handshake
    EXPECT_EQ(pair.client.is_resumed(), pair.server.is_resumed());
    return pair.server.is_resumed();
  };
  EXPECT_FALSE(visit());
  EXPECT_TRUE(visit());  // each visit has a context of its own, as after a reload
  tickets.rotate(tls_ticket_life_s * 1'000);
  EXPECT_TRUE(visit());  // by the previous key, and renewed
  EXPECT_TRUE(visit());
  tickets.rotate(4 * tls_ticket_life_s * 1'000);
  EXPECT_FALSE(visit());
}

INSTANTIATE_TEST_SUITE_P(Versions, Resumption, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST(StreamSocket, DoesNotResumeWithoutTickets) {
  const CertificateFolder folder;
  TlsSessionMemory memory;
  const auto theirs = client_context(folder);
  for (int visit = 0; visit < 2; ++visit) {
    TlsPair pair{server_context(folder), theirs, {.name = "server.test", .memory = &memory}};
    ASSERT_TRUE(pair.shake());
    EXPECT_EQ(pair.carry("x"), "x");
    EXPECT_FALSE(pair.server.is_resumed());
  }
}

TEST(StreamSocket, SurvivesEveryCutOfAHandshake) {
  const CertificateFolder folder;
  const auto ours = server_context(folder);
  for (int steps = 0; steps < 4; ++steps) {
    TlsPair pair{ours, client_context(folder), {.name = "server.test"}};
    for (int i = 0; i < steps; ++i) {
      (void)pair.client.handshake();
      (void)pair.server.handshake();
    }
    pair.client.close();
    std::array<std::uint8_t, 64> buffer{};
    State state = State::would_block;
    for (int i = 0; i < rounds_max && state != State::closed; ++i) {
      state = pair.server.read_some(buffer).state;
    }
    EXPECT_EQ(state, State::closed);
    // Writing to who is gone neither kills the process nor succeeds for ever.
    for (int i = 0;
         i < rounds_max && pair.server.write_some(as_bytes("late")).state != State::closed; ++i) {
    }
  }
}

TEST(StreamSocket, RefusesOctetsThatAreNoTls) {
  const CertificateFolder folder;
  TcpPair pair = connected();
  auto server = StreamSocket::server(std::move(pair.server), server_context(folder)).value();
  (void)pair.client.write_some(as_bytes("GET / HTTP/1.1\r\n\r\n"));
  std::array<std::uint8_t, 64> buffer{};
  State state = State::would_block;
  for (int i = 0; i < rounds_max && state == State::would_block; ++i) {
    state = server.read_some(buffer).state;
  }
  EXPECT_EQ(state, State::closed);
  EXPECT_FALSE(server.failure().empty());
}

}  // namespace
}  // namespace khien::net
