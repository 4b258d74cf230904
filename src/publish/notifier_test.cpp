#include "publish/notifier.h"

#include <gtest/gtest.h>

#include "publish/testing.h"

namespace khien::publish {
namespace {

class NotifierTest : public testing::Test {
 protected:
  void SetUp() override {
    zones_ = open_zones(folder_.path(), clock_);
    const auto any = *net::SocketAddress::parse("127.0.0.1:0");
    loop_ = std::move(*net::EventLoop::open(clock_));
    ours_ = std::move(*net::UdpSocket::bind({.address = any}));
    theirs_ = std::move(*net::UdpSocket::bind({.address = any}));
    notifier_ = std::make_unique<Notifier>(NotifierParts{.loop = *loop_,
                                                         .socket = *ours_,
                                                         .zones = *zones_,
                                                         .clock = clock_,
                                                         .rng = rng_,
                                                         .counters = counters_});
    auto access = std::make_shared<Access>();
    access->rules.push_back({.name = "told",
                             .addresses = {*net::Prefix::parse("127.0.0.1")},
                             .notify = {theirs_->local_address()}});
    notifier_->set_access(std::move(access));
  }

  /// How many NOTIFYs have arrived; the last stays in last_.
  int arrived() {
    std::array<std::uint8_t, 1'232> buffer;
    int count = 0;
    while (const auto received = theirs_->receive(buffer)) {
      last_ = to_octets(Bytes{buffer}.first(received->size));
      ++count;
    }
    return count;
  }
  void pass(std::int64_t ms) {
    clock_.advance(ms);
    loop_->run_once(0);
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  SeededRng rng_{5};
  Metrics metrics_;
  PrimaryCounters counters_{metrics_};
  std::unique_ptr<ZoneSet> zones_;
  std::unique_ptr<net::EventLoop> loop_;
  std::optional<net::UdpSocket> ours_;
  std::optional<net::UdpSocket> theirs_;
  std::unique_ptr<Notifier> notifier_;
  Octets last_;
};

TEST_F(NotifierTest, TellsAtOnceAndThenInBatches) {
  notifier_->zone_changed(test_zone());
  EXPECT_EQ(arrived(), 1);
  for (int i = 0; i < 10; ++i) notifier_->zone_changed(test_zone());
  EXPECT_EQ(arrived(), 0);
  pass(notify_batch_ms - 1);
  EXPECT_EQ(arrived(), 0);
  pass(1);
  EXPECT_EQ(arrived(), 1);
  pass(notify_batch_ms);
  EXPECT_EQ(arrived(), 0);
}

TEST_F(NotifierTest, TriesAgainEverSlowerAndGivesUp) {
  notifier_->zone_changed(test_zone());
  EXPECT_EQ(arrived(), 1);
  for (int attempt = 0; attempt < notify_attempts_max - 1; ++attempt) {
    pass((notify_first_retry_ms << attempt) - 1);
    EXPECT_EQ(arrived(), 0) << attempt;
    pass(1);
    EXPECT_EQ(arrived(), 1) << attempt;
  }
  pass(notify_first_retry_ms << notify_attempts_max);
  EXPECT_EQ(arrived(), 0);
  EXPECT_EQ(counters_.notify_given_up.value(), 1);
  EXPECT_EQ(notifier_->outstanding_count(), 0U);
}

TEST_F(NotifierTest, AnAnswerFromTheRightPlaceEndsIt) {
  notifier_->zone_changed(test_zone());
  ASSERT_EQ(arrived(), 1);
  Octets answer = last_;
  answer[2] |= 0x80;
  const auto stranger = *net::SocketAddress::parse("192.0.2.1:53");
  EXPECT_TRUE(notifier_->take_response(answer, stranger));
  EXPECT_EQ(notifier_->outstanding_count(), 1U);
  Octets other_id = answer;
  other_id[0] ^= 1;
  EXPECT_TRUE(notifier_->take_response(other_id, theirs_->local_address()));
  EXPECT_EQ(notifier_->outstanding_count(), 1U);
  EXPECT_TRUE(notifier_->take_response(answer, theirs_->local_address()));
  EXPECT_EQ(notifier_->outstanding_count(), 0U);
  EXPECT_FALSE(notifier_->take_response(last_, theirs_->local_address()));  // a query is none
}

}  // namespace
}  // namespace khien::publish
