// A third party's zone over TLS (RFC 9103), from BIND as its primary: transferred from the server
// that the operator named, and from nobody else.
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <thread>

#include "net/testing/certificate.h"
#include "probe/judge.h"
#include "publish/test_servers.h"
#include "publish/testing.h"
#include "resolver/rpz_zones.h"
#include "resolver/service.h"

namespace khien {
namespace {

constexpr std::int64_t wait_max_ms = 30'000;

class RpzOverTls : public testing::Test {
 protected:
  void SetUp() override {
    const auto program = publish::find_program("named");
    if (!program) GTEST_SKIP() << "named is not installed (package bind9)";
    const std::string dir = folder_.path().string();
    std::ofstream{folder_.path() / "feed.zone"}
        << "$ORIGIN feed.rpz.\n@ 60 SOA ns.rpz. x.rpz. 1 60 10 86400 30\n@ 60 NS ns.rpz.\n"
           "xau.example 60 CNAME .\n";
    std::ofstream{folder_.path() / "named.conf"}
        << "tls own { cert-file \"" << certificate_.certificate().string() << "\"; key-file \""
        << certificate_.key().string() << "\"; };\noptions {\n  directory \"" << dir
        << "\"; pid-file none; lock-file none; session-keyfile none;\n  listen-on port "
        << primary_.port
        << " tls own { 127.0.0.1; }; listen-on-v6 { none; };\n"
           "  recursion no; notify no; allow-transfer { 127.0.0.1; };\n};\ncontrols { };\n"
           "zone \"feed.rpz\" { type primary; file \"feed.zone\"; };\n";
    process_ = std::make_unique<publish::TestProcess>(
        std::vector<std::string>{*program, "-g", "-n", "1", "-c", dir + "/named.conf"},
        folder_.path() / "named.log");
  }

  void TearDown() override {
    process_.reset();
    if (!HasFailure()) return;
    std::ifstream file{folder_.path() / "named.log"};
    std::string line;
    while (std::getline(file, line)) std::cout << "  named: " << line << "\n";
  }

  /// khien-dnsd follows the zone, with `tls` as the operator's file has it.
  void start(const std::string& tls) {
    auto zones = resolver::parse_rpz_zones(
        R"({"zones": [{"zone": "feed.rpz", "category": "malware", "primary": ")" +
        to_string(primary_) + R"(", "tls": )" + tls + "}]}");
    ASSERT_TRUE(zones.has_value()) << zones.error().message;
    auto service = resolver::Service::open({.listen = {*net::SocketAddress::parse("127.0.0.1:0")},
                                            .upstreams = {upstream_.address()},
                                            .rpz = std::move(*zones)},
                                           clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
  }

  /// Waits until /healthz holds `text`.
  bool health_says(const std::string& text) {
    const std::int64_t start_ms = clock_.steady_ms();
    while (service_->status_page("/healthz").body.find(text) == std::string::npos) {
      if (clock_.steady_ms() - start_ms > wait_max_ms) {
        ADD_FAILURE() << service_->status_page("/healthz").body;
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return true;
  }

  TemporaryFolder folder_;
  net::testing::CertificateFolder certificate_;
  SystemClock clock_;
  SystemRng rng_;
  net::SocketAddress primary_ = publish::free_address();
  publish::TestUpstream upstream_;
  std::unique_ptr<publish::TestProcess> process_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(RpzOverTls, TransfersFromTheServerThatWasNamed) {
  start(R"({"name": "server.test", "authorities": ")" + certificate_.certificate().string() +
        "\"}");
  ASSERT_TRUE(health_says("feed.rpz. serial 1"));
  const auto seen = probe::ask(
      {.resolver = service_->addresses().front(), .name = publish::test_name("xau.example")},
      clock_, rng_);
  ASSERT_TRUE(seen.has_value());
  EXPECT_EQ(seen->rcode, dns::rcode_nxdomain);
  EXPECT_EQ(seen->extended_error, 15);
}

TEST_F(RpzOverTls, RefusesAnotherServer) {
  start(R"({"name": "other.test", "authorities": ")" + certificate_.certificate().string() + "\"}");
  EXPECT_TRUE(health_says("TLS with the primary"));
  service_.reset();
  start(R"({"pins": ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]})");
  EXPECT_TRUE(health_says("TLS with the primary"));
  EXPECT_EQ(service_->status_page("/healthz").code, 503);
}

}  // namespace
}  // namespace khien
