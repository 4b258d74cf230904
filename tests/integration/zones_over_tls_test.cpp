// Zone transfer over TLS (RFC 9103) from our primary: who is let in, and real secondaries.
#include "probe/judge.h"
#include "resolver/service.h"
#include "resolver/transfer_connection.h"
#include "zone_followers.h"

namespace khien::publish {
namespace {

constexpr int reply_wait_ms = 10'000;

class ZonesOverTls : public ZoneFollowers {
 protected:
  /// A client's connection, with a certificate of its own or without one.
  Result<void> connect(net::TlsClientOptions options) {
    auto context = net::TlsContext::client(options);
    if (!context) return tl::unexpected<Error>{std::move(context).error()};
    tls_ = resolver::TransferTls{
        .context = std::move(*context),
        .peer = {.name = {}, .pins = {net::testing::pin_of_file(certificate_.certificate())}}};
    return connection_.connect(*primary_->tls_address(), &*tls_, reply_wait_ms);
  }
  [[nodiscard]] net::TlsClientOptions anonymous() const {
    return {.alpn = {"dot"}, .version_min = net::TlsVersion::v1_3};
  }
  [[nodiscard]] net::TlsClientOptions with_certificate() const {
    auto options = anonymous();
    options.certificate = client_.certificate();
    options.key = client_.key();
    return options;
  }
  static Octets query(std::string_view zone, std::uint16_t qtype, std::uint16_t id = 7) {
    Octets buffer(512);
    dns::MessageWriter writer{buffer, buffer.size()};
    writer.begin(id, 0);
    KHIEN_ASSERT(writer.add_question(find_served_zone(zone)->name, qtype, dns::class_in));
    return to_octets(writer.message());
  }
  /// The whole answer in one message (these zones are small); nullopt if the connection ends.
  std::optional<dns::Message> receive() {
    const auto message = connection_.receive(reply_wait_ms);
    if (!message) return std::nullopt;
    auto parsed = dns::parse_message(*message);
    return parsed ? std::optional{std::move(*parsed)} : std::nullopt;
  }
  std::optional<dns::Message> ask(std::string_view zone, std::uint16_t qtype) {
    if (!connection_.send(query(zone, qtype), reply_wait_ms)) return std::nullopt;
    return receive();
  }
  AccessRule by_pin() {
    return {.name = "mutual",
            .pins = {net::testing::pin_of_file(client_.certificate())},
            .zones = {"orders-child-abuse", "orders-fraud"}};
  }

  resolver::TransferConnection connection_{-1};
  std::optional<resolver::TransferTls> tls_;
};

// Names of abused children go to a key, never to an address: here it is the client's TLS key.
TEST_F(ZonesOverTls, OpensAZoneToWhoProvesToHaveItsKey) {
  change("orders-child-abuse", "xau.example");
  allow(by_pin());
  ASSERT_TRUE(connect(with_certificate()).has_value());
  const auto zone = ask("orders-child-abuse", dns::type_axfr);
  ASSERT_TRUE(zone.has_value());
  EXPECT_EQ(zone->header.rcode(), dns::rcode_noerror);
  EXPECT_EQ(zone->answers.size(), 5U);  // SOA, NS, the name, what lies below it, SOA
  // The same connection serves the next one.
  const auto serial = ask("orders-fraud", dns::type_soa);
  ASSERT_TRUE(serial.has_value());
  EXPECT_EQ(serial->header.rcode(), dns::rcode_noerror);

  ASSERT_TRUE(connect(anonymous()).has_value());
  EXPECT_EQ(ask("orders-child-abuse", dns::type_axfr)->header.rcode(), dns::rcode_refused);
  auto other = anonymous();
  other.certificate = certificate_.certificate();  // somebody's, but not the follower's
  other.key = certificate_.key();
  ASSERT_TRUE(connect(other).has_value());
  EXPECT_EQ(ask("orders-child-abuse", dns::type_axfr)->header.rcode(), dns::rcode_refused);
  for (const auto& follower : primary_->progress().record().followers) {
    EXPECT_EQ(follower.name, "mutual");
  }
}

// RFC 9103 section 6.2: queries may come before the last transfer is over; each is answered.
TEST_F(ZonesOverTls, AnswersQueriesThatCameBehindATransfer) {
  change("orders-fraud", "xau.example");
  allow(by_pin());
  ASSERT_TRUE(connect(with_certificate()).has_value());
  constexpr std::uint16_t count = 20;
  for (std::uint16_t id = 0; id < count; ++id) {
    const auto qtype = id % 2 == 0 ? dns::type_axfr : dns::type_soa;
    ASSERT_TRUE(connection_.send(query("orders-fraud", qtype, id), reply_wait_ms).has_value());
  }
  for (std::uint16_t id = 0; id < count; ++id) {
    const auto reply = receive();
    ASSERT_TRUE(reply.has_value()) << id;
    EXPECT_EQ(reply->header.id, id);
    EXPECT_EQ(reply->answers.size(), id % 2 == 0 ? 5U : 1U);
  }
}

TEST_F(ZonesOverTls, SpeaksNothingButDnsOverTls13) {
  allow(by_pin());
  auto web = anonymous();
  web.alpn = {"h2"};
  EXPECT_FALSE(connect(web).has_value());
  const auto program = find_program("openssl");
  ASSERT_TRUE(program.has_value());
  const auto old = run_command({*program, "s_client", "-connect",
                                to_string(*primary_->tls_address()), "-tls1_2", "-alpn", "dot"},
                               folder_.path());
  EXPECT_FALSE(old.good) << old.text;
  EXPECT_GT(metrics_.counter("khien_primary_tls_handshakes_failed_total", "").value(), 0);
}

TEST_F(ZonesOverTls, BeginsNoHandshakeWithWhoCannotBeLetIn) {
  allow({.name = "elsewhere", .addresses = {*net::Prefix::parse("192.0.2.0/24")}});
  EXPECT_FALSE(connect(anonymous()).has_value());
  EXPECT_EQ(metrics_.counter("khien_primary_connections_refused_total", "").value(), 1);
}

TEST_F(ZonesOverTls, ShowsANewCertificateWithoutARestartAndKeepsTheLastGoodOne) {
  allow(by_pin());
  const auto before = net::testing::pin_of_file(certificate_.certificate());
  std::ofstream{certificate_.key()} << "no key\n";
  primary_->identity()->poll();
  EXPECT_NE(primary_->identity()->problem().find("last good"), std::string::npos);
  ASSERT_TRUE(connect(with_certificate()).has_value());  // proves the old key
  net::testing::write_certificate(certificate_.path());
  primary_->identity()->poll();
  EXPECT_EQ(primary_->identity()->problem(), "");
  ASSERT_NE(net::testing::pin_of_file(certificate_.certificate()), before);
  EXPECT_TRUE(connect(with_certificate()).has_value());  // and now the new one
}

TEST_F(ZonesOverTls, KdigTransfersWithAKeyOfSha512) {
  const auto program = find_program("kdig");
  if (!program) GTEST_SKIP() << "kdig is not installed (package knot-dnsutils)";
  allow({.name = "kdig", .key = key_.name});
  change("orders-fraud", "xau.example");
  const auto before = *zones_->serial(test_zone("orders-fraud"));
  change("orders-fraud", "moi.example");
  const auto transfer = [&](const std::string& type, const std::string& algorithm) {
    return run_command(
        {*program, "@127.0.0.1", "-p", port_text(*primary_->tls_address()), "+tls", "-y",
         algorithm + ":unit.key:" + codec::base64(key_.secret), "orders-fraud.rpz.khien", type},
        folder_.path());
  };
  const auto whole = transfer("AXFR", "hmac-sha512");
  EXPECT_TRUE(whole.good) << whole.text;
  EXPECT_NE(whole.text.find("7 records"), std::string::npos) << whole.text;
  const auto changes = transfer("IXFR=" + std::to_string(before), "hmac-sha512");
  EXPECT_NE(changes.text.find("moi.example"), std::string::npos) << changes.text;
  EXPECT_EQ(changes.text.find("xau.example"), std::string::npos) << changes.text;
  const auto wrong = transfer("AXFR", "hmac-sha256");
  EXPECT_NE(wrong.text.find("BADKEY"), std::string::npos) << wrong.text;
}

TEST_F(ZonesOverTls, BindFollowsWithItsOwnCertificate) {
  const auto program = find_program("named");
  if (!program) GTEST_SKIP() << "named is not installed (package bind9)";
  auto rule = by_pin();
  rule.notify = {server_};
  allow(rule);
  change("orders-child-abuse", "xau.example");
  const std::string zone = test_zone("orders-child-abuse").name.to_text();
  const std::string dir = folder("named");
  const auto config = write(
      "named.conf",
      "tls khien { ca-file \"" + certificate_.certificate().string() +
          "\"; remote-hostname \"server.test\"; cert-file \"" + client_.certificate().string() +
          "\"; key-file \"" + client_.key().string() + "\"; };\noptions {\n  directory \"" + dir +
          "\"; pid-file none; lock-file none; session-keyfile none;\n  listen-on port " +
          port_text(server_) +
          " { 127.0.0.1; }; listen-on-v6 { none; };\n  dnssec-validation no; recursion yes;"
          " allow-recursion { any; };\n  forward only; forwarders { 127.0.0.1 port " +
          port_text(upstream_.address()) + "; };\n  response-policy { zone \"" + zone +
          "\"; } min-update-interval 0 qname-wait-recurse no;\n};\ncontrols { };\nzone \"" + zone +
          "\" { type secondary; file \"rpz.db\"; masterfile-format text;\n  primaries { 127.0.0.1"
          " port " +
          port_text(*primary_->tls_address()) +
          " tls khien; };\n  allow-notify { 127.0.0.1; }; allow-query { none; }; };\n");
  start("named", {*program, "-g", "-n", "1", "-c", config});
  EXPECT_TRUE(answers(server_, test_name("xau.example"), dns::rcode_nxdomain));
  change("orders-child-abuse", "moi.example");
  EXPECT_TRUE(answers(server_, test_name("moi.example"), dns::rcode_nxdomain));
  change("orders-child-abuse", "moi.example", ChangeKind::remove);
  EXPECT_TRUE(answers(server_, test_name("moi.example"), dns::rcode_noerror));
  EXPECT_GT(transfers("ixfr"), 0);
}

TEST_F(ZonesOverTls, KhienDnsdFollowsWithItsOwnCertificate) {
  allow(by_pin());
  change("orders-fraud", "xau.example");
  auto context = net::TlsContext::client(with_certificate());
  ASSERT_TRUE(context.has_value());
  const resolver::ZonePrimary from{
      .address = *primary_->tls_address(),
      .tls = resolver::TransferTls{
          .context = std::move(*context),
          .peer = {.name = {}, .pins = {net::testing::pin_of_file(certificate_.certificate())}}}};
  const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");
  auto service = resolver::Service::open(
      {.listen = {loopback},
       .upstreams = {upstream_.address()},
       .secondary =
           resolver::SecondaryOptions{.primary = from.address,
                                      .zones = {{.name = test_zone("orders-fraud").name,
                                                 .source = *policy::parse_source("orders-fraud"),
                                                 .primary = from}}}},
      clock_, rng_);
  ASSERT_TRUE(service.has_value()) << service.error().message;
  (*service)->start();
  const auto dnsd = (*service)->addresses().front();
  auto rule = by_pin();
  rule.notify = {dnsd};
  allow(rule);
  const auto is_blocked = [&](std::string_view name, bool wanted) {
    const std::int64_t start_ms = clock_.steady_ms();
    while (clock_.steady_ms() - start_ms < follower_wait_max_ms) {
      const auto seen = probe::ask({.resolver = dnsd, .name = test_name(name)}, clock_, rng_);
      const bool is_ready = seen && seen->extended_error != resolver::ede_not_ready;
      if (is_ready && probe::says_blocked(*seen) == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return false;
  };
  EXPECT_TRUE(is_blocked("xau.example", true));
  change("orders-fraud", "moi.example");
  EXPECT_TRUE(is_blocked("moi.example", true));
  change("orders-fraud", "moi.example", ChangeKind::remove);
  EXPECT_TRUE(is_blocked("moi.example", false));
  EXPECT_GT(transfers("ixfr"), 0);
}

TEST_F(ZonesOverTls, UnboundFollowsByAddress) {
  const auto program = find_program("unbound");
  if (!program) GTEST_SKIP() << "unbound is not installed (package unbound)";
  allow({.name = "unbound",
         .addresses = {*net::Prefix::parse("127.0.0.1")},
         .zones = {"orders-fraud"},
         .notify = {server_}});
  change("orders-fraud", "xau.example");
  const auto config = write(
      "unbound.conf",
      "server:\n  directory: \"" + folder_.path().string() +
          "\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n"
          "  logfile: \"\"\n  do-daemonize: no\n  interface: 127.0.0.1@" +
          port_text(server_) +
          "\n  num-threads: 1\n  do-not-query-localhost: no\n  module-config: \"respip iterator\"\n"
          "  access-control: 127.0.0.0/8 allow\n  tls-cert-bundle: \"" +
          certificate_.certificate().string() +
          "\"\nremote-control:\n  control-enable: no\nforward-zone:\n  name: \".\"\n"
          "  forward-addr: 127.0.0.1@" +
          port_text(upstream_.address()) +
          "\nrpz:\n  name: \"orders-fraud.rpz.khien.\"\n  primary: 127.0.0.1@" +
          port_text(*primary_->tls_address()) + "#server.test\n  allow-notify: 127.0.0.1\n");
  start("unbound", {*program, "-d", "-c", config});
  EXPECT_TRUE(answers(server_, test_name("xau.example"), dns::rcode_nxdomain));
  change("orders-fraud", "moi.example");
  EXPECT_TRUE(answers(server_, test_name("moi.example"), dns::rcode_nxdomain));
}

}  // namespace
}  // namespace khien::publish
