// khien-dnsd with a policy document: over real sockets, refused and replaced while it runs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "probe/judge.h"
#include "resolver/service.h"

namespace khien {
namespace {

const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");

class DnsdPolicies : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path{testing::TempDir()} / ("dnsd-policies-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    write("ads.txt", "ads.example\n");
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove_all(folder_);
  }
  void write(const char* name, std::string_view text) {
    std::ofstream{folder_ / "new"} << text;
    std::filesystem::rename(folder_ / "new", folder_ / name);
  }
  // Clients on `prefix` have the choice; nobody else.
  void write_policies(std::string_view prefix, std::string_view choice = "choice-ads") {
    write("policies.json", R"({"version": 1, "default": "others", "policies": {"others": {}, "p": {
        "choices": [")" + std::string{choice} +
                               R"("]}}, "networks": [{"name": "n", "policy": "p",
        "prefixes": [")" + std::string{prefix} +
                               "\"]}]}");
  }
  Result<void> start() {
    resolver::ServiceOptions options{.listen = {loopback}, .upstreams = {loopback}};
    options.lists.push_back({.source = *policy::source_of(Basis::choice, Category::choice_ads),
                             .path = folder_ / "ads.txt"});
    options.policies = folder_ / "policies.json";
    auto service = resolver::Service::open(std::move(options), clock_, rng_);
    if (!service) return tl::unexpected(std::move(service).error());
    service_ = std::move(*service);
    service_->start();
    return {};
  }
  bool blocked(probe::Transport transport = probe::Transport::udp) {
    const auto seen = probe::ask({.resolver = service_->addresses().front(),
                                  .name = *dns::Name::from_text("ads.example"),
                                  .transport = transport},
                                 clock_, rng_);
    return seen && probe::says_blocked(*seen);
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  SystemRng rng_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(DnsdPolicies, ABadDocumentRefusesTheStartWithPlaceAndReason) {
  write_policies("127.0.0.1/8");
  const auto started = start();
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().message.find("policies.json: /networks/0/prefixes/0: bits beyond"),
            std::string::npos)
      << started.error().message;
}

TEST_F(DnsdPolicies, TheClientsAddressDecidesOverUdpAndTcp) {
  write_policies("127.0.0.0/8");
  ASSERT_TRUE(start().has_value());
  EXPECT_TRUE(blocked());
  EXPECT_TRUE(blocked(probe::Transport::tcp));
  write_policies("192.0.2.0/24");
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_FALSE(blocked());
  EXPECT_FALSE(blocked(probe::Transport::tcp));
}

TEST_F(DnsdPolicies, ABadDocumentLaterLeavesTheLastOneAndSaysSo) {
  write_policies("127.0.0.0/8");
  ASSERT_TRUE(start().has_value());
  write_policies("127.0.0.0/8", "choice-politics");
  EXPECT_EQ(service_->reload(), 1U);
  EXPECT_TRUE(blocked());
  const auto health = service_->status_page("/healthz");
  EXPECT_EQ(health.code, 200);
  EXPECT_NE(health.body.find("degraded: policies "), std::string::npos) << health.body;
  EXPECT_NE(health.body.find("there is no network choice"), std::string::npos) << health.body;
  EXPECT_NE(service_->status_page("/metrics").body.find("khien_dnsd_policies_degraded 1"),
            std::string::npos);
}

}  // namespace
}  // namespace khien
