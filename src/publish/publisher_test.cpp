#include "publish/publisher.h"

#include <gtest/gtest.h>

#include "publish/control.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

/// A database that can be away.
class FakeSource final : public PublicationSource {
 public:
  Result<std::vector<PublicationRow>> after(std::int64_t sequence, int limit) override {
    if (away) return fail(ErrorCode::unavailable, "database away");
    std::vector<PublicationRow> found;
    for (const auto& row : rows) {
      if (row.sequence > sequence && found.size() < static_cast<std::size_t>(limit)) {
        found.push_back(row);
      }
    }
    return found;
  }
  Result<void> record(std::span<const PublishedRow> published) override {
    if (away || record_fails) return fail(ErrorCode::unavailable, "database away");
    recorded.insert(recorded.end(), published.begin(), published.end());
    return {};
  }
  void wait(std::int64_t) override {
    woken.lock().wait_for(std::chrono::milliseconds{10}, [](bool w) { return w; });
  }
  void wake() override {
    *woken.lock() = true;
    woken.notify_all();
  }

  void add(PublicationRow row) {
    row.sequence = static_cast<std::int64_t>(rows.size()) + 1;
    if (row.source.empty()) row.source = "order:" + std::to_string(row.sequence);
    rows.push_back(std::move(row));
  }

  bool away = false;
  bool record_fails = false;
  std::vector<PublicationRow> rows;
  std::vector<PublishedRow> recorded;
  Guarded<bool> woken{false};
};

class PublisherTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    turn_.reset();
    zones_.reset();
    zones_ = open_zones(folder_.path(), clock_);
    turn_.emplace(parts());
  }
  Publisher::Parts parts() {
    return {.zones = *zones_,
            .source = source_,
            .clock = clock_,
            .folder = folder_.path(),
            .metrics = metrics_};
  }
  bool is_blocked(std::string_view name, std::string_view zone = "orders-phishing") {
    return zones_->shown(test_zone(zone), test_name(name)).name;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  FakeSource source_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublisherTurn> turn_;
};

TEST_F(PublisherTest, AppliesInOrderAndReportsTheSerial) {
  source_.add({.name = "xau.example"});
  source_.add({.basis = Basis::emergency, .category = Category::fraud, .name = "gap.example"});
  EXPECT_FALSE(turn_->run());
  EXPECT_TRUE(is_blocked("xau.example"));
  EXPECT_TRUE(is_blocked("gap.example", "emergency"));
  ASSERT_EQ(source_.recorded.size(), 2U);
  EXPECT_EQ(source_.recorded[0].zone, "orders-phishing.rpz.khien.");
  EXPECT_EQ(source_.recorded[0].serial, 2U);
  EXPECT_EQ(source_.recorded[1].sequence, 2);

  source_.add({.kind = ChangeKind::remove, .source = "order:1", .name = "xau.example"});
  turn_->run();
  EXPECT_FALSE(is_blocked("xau.example"));
  EXPECT_EQ(source_.recorded.back().serial, 3U);
}

TEST_F(PublisherTest, WhatWasAppliedButNotReportedIsReportedLater) {
  source_.add({.name = "xau.example"});
  source_.record_fails = true;
  turn_->run();
  EXPECT_TRUE(is_blocked("xau.example"));
  source_.record_fails = false;
  open();  // killed in between
  turn_->run();
  ASSERT_EQ(source_.recorded.size(), 1U);
  EXPECT_EQ(source_.recorded[0].sequence, 1);
  EXPECT_EQ(zones_->serial(test_zone()), 2U);  // applied once
}

TEST_F(PublisherTest, OneRefusedRowHoldsUpNobodyAndIsNotReported) {
  source_.add({.name = "vn"});
  source_.add({.basis = Basis::orders, .category = Category::choice_ads, .name = "qc.example"});
  source_.add({.name = "xau.example"});
  turn_->run();
  EXPECT_TRUE(is_blocked("xau.example"));
  ASSERT_EQ(source_.recorded.size(), 1U);
  EXPECT_EQ(source_.recorded[0].sequence, 3);
}

TEST_F(PublisherTest, OrdersLapseWithTheDatabaseAway) {
  source_.add({.name = "xau.example", .until_ms = clock_.now_ms() + 5'000});
  turn_->run();
  source_.away = true;
  clock_.advance(4'500);
  EXPECT_EQ(turn_->wait_ms(), 500);
  turn_->run();
  EXPECT_TRUE(is_blocked("xau.example"));
  clock_.advance(500);
  turn_->run();
  EXPECT_FALSE(is_blocked("xau.example"));
}

TEST_F(PublisherTest, TheStopSwitchHoldsPublicationsBackAndNotLapses) {
  source_.add({.name = "xau.example", .until_ms = clock_.now_ms() + 5'000});
  turn_->run();
  ASSERT_TRUE(set_stopped(folder_.path(), true).has_value());
  source_.add({.name = "te.example"});
  clock_.advance(5'000);
  turn_->run();
  EXPECT_FALSE(is_blocked("te.example"));
  EXPECT_FALSE(is_blocked("xau.example"));
  ASSERT_TRUE(set_stopped(folder_.path(), false).has_value());
  turn_->run();
  EXPECT_TRUE(is_blocked("te.example"));
}

TEST_F(PublisherTest, RollsBackOnRequestWhileItRuns) {
  source_.add({.name = "xau.example"});
  turn_->run();
  source_.add({.name = "nham.example"});
  turn_->run();
  SystemClock clock;
  const Publisher publisher{parts()};
  const auto answer =
      roll_back({.folder = folder_.path(), .zone = "orders-phishing", .serial = 2}, clock);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_FALSE(is_blocked("nham.example"));
  EXPECT_TRUE(is_blocked("xau.example"));
  EXPECT_TRUE(is_stopped(folder_.path()));
  const auto refused =
      roll_back({.folder = folder_.path(), .zone = "orders-phishing", .serial = 99}, clock);
  EXPECT_EQ(refused.error().code, ErrorCode::conflict);
}

TEST_F(PublisherTest, RollsBackWithNoPublisherRunning) {
  source_.add({.name = "xau.example"});
  turn_->run();
  turn_.reset();
  zones_.reset();
  const auto answer =
      roll_back({.folder = folder_.path(), .zone = "orders-phishing", .serial = 1}, clock_);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(
      roll_back({.folder = folder_.path(), .zone = "opinions", .serial = 1}, clock_).error().code,
      ErrorCode::not_found);
  open();
  EXPECT_FALSE(is_blocked("xau.example"));
}

TEST_F(PublisherTest, ManyRowsTakeSeveralTurns) {
  for (int i = 0; i < publications_a_turn + 1; ++i) {
    source_.add({.name = "n" + std::to_string(i) + ".example"});
  }
  EXPECT_TRUE(turn_->run());
  EXPECT_FALSE(turn_->run());
  EXPECT_EQ(zones_->applied_sequence(), publications_a_turn + 1);
  EXPECT_EQ(source_.recorded.size(), static_cast<std::size_t>(publications_a_turn + 1));
}

}  // namespace
}  // namespace khien::publish
