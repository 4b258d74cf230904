// khien-dnsd's service while it runs: what SIGHUP reads again, and its signs of life.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "probe/judge.h"
#include "resolver/service.h"

namespace khien {
namespace {

const auto loopback = *net::SocketAddress::parse("127.0.0.1:0");

class DnsdReload : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::path{testing::TempDir()} / ("dnsd-reload-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    write("xau.example\n");
    resolver::ServiceOptions options{.listen = {loopback}, .upstreams = {loopback}};
    options.lists.push_back(
        {.source = *policy::source_of(Basis::feeds, Category::phishing), .path = list()});
    auto service = resolver::Service::open(std::move(options), clock_, rng_);
    ASSERT_TRUE(service.has_value()) << service.error().message;
    service_ = std::move(*service);
    service_->start();
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path list() const { return folder_ / "phishing.txt"; }
  /// As a careful updater does: beside it, then renamed over it.
  void write(std::string_view text) {
    const auto beside = folder_ / "new";
    std::ofstream{beside} << text;
    std::filesystem::rename(beside, list());
  }
  bool blocked(std::string_view name) {
    const auto seen = probe::ask({.resolver = service_->addresses().front(),
                                  .name = *dns::Name::from_text(name),
                                  .transport = probe::Transport::udp},
                                 clock_, rng_);
    return seen && probe::says_blocked(*seen);
  }

  std::filesystem::path folder_;
  SystemClock clock_;
  SystemRng rng_;
  std::unique_ptr<resolver::Service> service_;
};

TEST_F(DnsdReload, TakesAListThatChanged) {
  EXPECT_TRUE(blocked("xau.example"));
  EXPECT_EQ(service_->reload(), 0U);  // the same file: nothing happens
  write("moi.example\nmoi-hon.example\n");
  EXPECT_EQ(service_->reload(), 0U);
  EXPECT_TRUE(blocked("moi.example"));
  EXPECT_FALSE(blocked("xau.example"));
  const std::string metrics = service_->status_page("/metrics").body;
  for (const auto* const line :
       {"part=\"lists\",outcome=\"changed\"} 1", "part=\"lists\",outcome=\"same\"} 1"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
}

TEST_F(DnsdReload, AListThatIsGoneLeavesTheLastOne) {
  std::filesystem::remove(list());
  EXPECT_EQ(service_->reload(), 1U);
  EXPECT_TRUE(blocked("xau.example"));
  EXPECT_NE(service_->status_page("/metrics").body.find("part=\"lists\",outcome=\"failed\"} 1"),
            std::string::npos);
}

// Bounded, not timed: the threads go round several times a second, so this ends at once.
TEST_F(DnsdReload, ShowsSignsOfLife) {
  int tries = 0;
  while (!service_->alive() && ++tries < 1'000) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_TRUE(tries < 1'000);
  service_->stop();
  (void)service_->alive();
  EXPECT_FALSE(service_->alive());
}

}  // namespace
}  // namespace khien
