// What the tests of real followers share: our primary with a certificate, changes, servers.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <thread>

#include "codec/base64.h"
#include "dns/rpz.h"
#include "net/testing/certificate.h"
#include "publish/catalog.h"
#include "publish/key_file.h"
#include "publish/primary.h"
#include "publish/test_servers.h"
#include "publish/testing.h"

namespace khien::publish {

constexpr std::int64_t follower_wait_max_ms = 30'000;

inline std::string port_text(const net::SocketAddress& address) {
  return std::to_string(address.port);
}

class ZoneFollowers : public testing::Test {
 protected:
  void SetUp() override {
    zones_ = open_zones(folder_.path() / "zones", clock_);
    key_ = *make_key("unit.key", rng_, dns::TsigAlgorithm::hmac_sha512);
    server_ = free_address();
    const auto any = *net::SocketAddress::parse("127.0.0.1:0");
    auto primary = Primary::start(
        {.listen = any,
         .tls = PrimaryOptions::Tls{.listen = any,
                                    .files = {.certificate = certificate_.certificate(),
                                              .key = certificate_.key()}}},
        *zones_, clock_, rng_, metrics_);
    ASSERT_TRUE(primary.has_value()) << primary.error().message;
    primary_ = std::move(*primary);
  }
  void TearDown() override {
    servers_.clear();
    if (!HasFailure()) return;
    for (const auto& file : std::filesystem::directory_iterator{folder_.path()}) {
      if (file.path().extension() != ".log") continue;
      std::ifstream log{file.path()};
      std::string line;
      while (std::getline(log, line))
        std::cout << "  " << file.path().stem() << ": " << line << "\n";
    }
  }

  /// Lets one follower in, as khiend does when its file changes: with the serial of its catalog.
  void allow(AccessRule rule) {
    Access access{.keys = {key_}, .rules = {std::move(rule)}};
    ASSERT_TRUE(assign_catalog_serials(access, folder_.path() / "catalogs.state",
                                       clock_.now_ms() / ms_per_second)
                    .has_value());
    auto set = primary_->set_access(std::move(access));
    ASSERT_TRUE(set.has_value()) << set.error().message;
  }

  void change(std::string_view zone, const std::string& name, ChangeKind kind = ChangeKind::add) {
    const std::vector<Change> changes{
        {.kind = kind, .zone = zone, .name = name, .source = "order:1", .scope = Scope::domain}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream{folder_.path() / name} << text;
    return (folder_.path() / name).string();
  }
  void start(const std::string& name, const std::vector<std::string>& command) {
    servers_.push_back(std::make_unique<TestProcess>(command, folder_.path() / (name + ".log")));
  }
  std::string folder(const std::string& name) {
    std::filesystem::create_directories(folder_.path() / name);
    return (folder_.path() / name).string();
  }

  /// The owner of the RPZ record for `name`, which a server that is asked as authority knows.
  static dns::Name owner(std::string_view zone, std::string_view name) {
    return *dns::make_rpz_owner(test_name(name), false, test_zone(zone).name);
  }
  static bool answers(const net::SocketAddress& server, const dns::Name& name, int rcode) {
    return time_until(server, name, rcode, follower_wait_max_ms) >= 0;
  }
  std::int64_t transfers(std::string_view kind) {
    return metrics_
        .counter("khien_primary_transfers_total", "", "kind=\"" + std::string{kind} + "\"")
        .value();
  }

  TemporaryFolder folder_;
  net::testing::CertificateFolder certificate_;
  net::testing::CertificateFolder client_{{.names = "DNS:client.test"}};
  SystemClock clock_;
  SystemRng rng_;
  Metrics metrics_;
  TestUpstream upstream_;
  dns::TsigKey key_;
  net::SocketAddress server_;
  std::unique_ptr<ZoneSet> zones_;
  std::unique_ptr<Primary> primary_;
  std::vector<std::unique_ptr<TestProcess>> servers_;
};

}  // namespace khien::publish
