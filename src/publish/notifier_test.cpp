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
                                                         .counters = counters_,
                                                         .progress = progress_});
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
  void change(std::string_view name) {
    const std::vector<Change> changes{{.zone = test_zone().id, .name = name, .source = "order:1"}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  /// The follower has learnt of the zone as it is now.
  SerialSeen seen() {
    return {.zone = &test_zone(),
            .serial = zones_->serial(test_zone()).value_or(0),
            .peer = *net::IpAddress::parse("127.0.0.1")};
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
  FollowerProgress progress_{clock_};
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

// A server that is starting answers NOTAUTH for a zone that it has not loaded yet.
TEST_F(NotifierTest, AnAnswerDoesNotEndIt) {
  notifier_->zone_changed(test_zone());
  ASSERT_EQ(arrived(), 1);
  Octets answer = last_;
  answer[2] |= 0x80;
  answer[3] |= dns::rcode_notauth;
  const auto stranger = *net::SocketAddress::parse("192.0.2.1:53");
  EXPECT_TRUE(notifier_->take_response(answer, stranger));
  Octets other_id = answer;
  other_id[0] ^= 1;
  EXPECT_TRUE(notifier_->take_response(other_id, theirs_->local_address()));
  EXPECT_EQ(counters_.notify_acknowledged.value(), 0);
  EXPECT_TRUE(notifier_->take_response(answer, theirs_->local_address()));
  EXPECT_TRUE(notifier_->take_response(answer, theirs_->local_address()));
  EXPECT_EQ(counters_.notify_acknowledged.value(), 1);
  EXPECT_FALSE(notifier_->take_response(last_, theirs_->local_address()));  // a query is none
  EXPECT_EQ(notifier_->outstanding_count(), 1U);
  pass(notify_first_retry_ms);
  EXPECT_EQ(arrived(), 1);
}

TEST_F(NotifierTest, EndsWhenTheFollowerHasAskedForTheSerial) {
  change("cu.example");
  const SerialSeen before = seen();
  change("moi.example");
  notifier_->zone_changed(test_zone());
  ASSERT_EQ(arrived(), 1);
  notifier_->serial_seen(before);  // a transfer that had begun earlier
  EXPECT_EQ(notifier_->outstanding_count(), 1U);
  notifier_->serial_seen(seen());
  EXPECT_EQ(notifier_->outstanding_count(), 0U);
  EXPECT_EQ(counters_.notify_confirmed.value(), 1);
  pass(notify_first_retry_ms << notify_attempts_max);
  EXPECT_EQ(arrived(), 0);
  EXPECT_EQ(counters_.notify_given_up.value(), 0);
}

// The serial behind 2^32 - 1 is 1: a follower at 1 has what it was told of, one at 2^32 - 1 has
// not.
TEST_F(NotifierTest, ComparesSerialsOnTheirCircle) {
  TemporaryFolder folder;
  zones_ = nullptr;
  auto zones = ZoneSet::open({.folder = folder.path(), .serial_floor = 0xFFFF'FFFF}, clock_, rng_);
  ASSERT_TRUE(zones.has_value());
  zones_ = std::move(*zones);
  auto notifier = Notifier{{.loop = *loop_,
                            .socket = *ours_,
                            .zones = *zones_,
                            .clock = clock_,
                            .rng = rng_,
                            .counters = counters_,
                            .progress = progress_}};
  auto access = std::make_shared<Access>();
  access->rules.push_back({.name = "told",
                           .addresses = {*net::Prefix::parse("127.0.0.1")},
                           .notify = {theirs_->local_address()}});
  notifier.set_access(std::move(access));
  const SerialSeen before = seen();
  EXPECT_EQ(before.serial, 0xFFFF'FFFFU);
  change("vong.example");
  EXPECT_EQ(seen().serial, 1U);
  notifier.zone_changed(test_zone());
  notifier.serial_seen(before);
  EXPECT_EQ(notifier.outstanding_count(), 1U);
  notifier.serial_seen(seen());
  EXPECT_EQ(notifier.outstanding_count(), 0U);
}

TEST_F(NotifierTest, NobodyElseConfirmsForAFollower) {
  notifier_->zone_changed(test_zone());
  SerialSeen other_zone = seen();
  other_zone.zone = &test_zone("orders-fraud");
  SerialSeen other_address = seen();
  other_address.peer = *net::IpAddress::parse("192.0.2.1");
  SerialSeen other_key = seen();
  other_key.key = test_name("isp-b");
  for (const auto& one : {other_zone, other_address, other_key}) notifier_->serial_seen(one);
  EXPECT_EQ(notifier_->outstanding_count(), 1U);
}

TEST_F(NotifierTest, EachServerOfAGroupConfirmsForItself) {
  auto access = std::make_shared<Access>();
  access->keys.push_back({.name = test_name("group"), .secret = Octets(32, 7)});
  access->rules.push_back(
      {.name = "group",
       .key = test_name("group"),
       .notify = {theirs_->local_address(), *net::SocketAddress::parse("127.0.0.2:5353")}});
  notifier_->set_access(std::move(access));
  notifier_->zone_changed(test_zone());
  ASSERT_EQ(notifier_->outstanding_count(), 2U);
  SerialSeen one = seen();
  notifier_->serial_seen(one);  // not signed
  EXPECT_EQ(notifier_->outstanding_count(), 2U);
  one.key = test_name("group");
  notifier_->serial_seen(one);
  EXPECT_EQ(notifier_->outstanding_count(), 1U);
  one.peer = *net::IpAddress::parse("127.0.0.2");
  notifier_->serial_seen(one);
  EXPECT_EQ(notifier_->outstanding_count(), 0U);
}

}  // namespace
}  // namespace khien::publish
