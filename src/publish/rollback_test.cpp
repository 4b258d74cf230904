// Rollback withdraws what came after a serial, by holder, and brings nothing back.
#include <gtest/gtest.h>

#include "codec/frame_file.h"
#include "publish/publication_control.h"
#include "publish/rule_history.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

class RollbackTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    zones_.reset();
    gate_.reset();
    gate_ = std::move(*Gate::open({.folder = folder_.path()}, clock_));
    SystemRng rng;
    zones_ =
        std::move(*ZoneSet::open({.folder = folder_.path(), .gate = gate_.get()}, clock_, rng));
  }
  static Change block(std::string_view name, std::string_view source) {
    return {.zone = "orders-phishing", .name = name, .source = source};
  }
  static Change lift(std::string_view name, std::string_view source) {
    return {.kind = ChangeKind::remove, .zone = "orders-phishing", .name = name, .source = source};
  }
  void apply(const std::vector<Change>& changes) {
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  Shown shown(std::string_view name) { return zones_->shown(test_zone(), test_name(name)); }
  std::uint32_t serial() { return zones_->serial(test_zone()).value(); }

  TemporaryFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
};

TEST_F(RollbackTest, WithdrawsWhatCameAndBringsNothingBack) {
  Change short_order = block("ngan.example", "order:9");
  short_order.until_ms = clock_.now_ms() + 1'000;
  apply({block("giu.example", "order:1"), block("mat.example", "order:2"), short_order});
  const std::uint32_t good = serial();
  apply({block("nham.example", "order:4"), lift("mat.example", "order:2")});
  apply({block("giu.example", "order:3"), block("roi.example", "order:5")});
  apply({lift("roi.example", "order:5")});
  clock_.advance(1'000);
  ASSERT_TRUE(zones_->lapse().has_value());
  const std::uint32_t before = serial();

  const auto done = zones_->rollback("orders-phishing.rpz.khien.", good, "nhầm");
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->serial, before + 1);
  EXPECT_EQ(serial(), before + 1);
  std::vector<std::string> withdrawn;
  for (const auto& rule : done->rules) withdrawn.push_back(rule.name + " " + rule.source);
  EXPECT_EQ(withdrawn, (std::vector<std::string>{"nham.example order:4", "giu.example order:3"}));
  EXPECT_FALSE(shown("nham.example").name);
  EXPECT_TRUE(shown("giu.example").name);    // order 1 stood before
  EXPECT_FALSE(shown("mat.example").name);   // lifted: it stays lifted
  EXPECT_FALSE(shown("ngan.example").name);  // lapsed
  // Order 1 is lifted: the second holder must not have stayed behind.
  apply({lift("giu.example", "order:1")});
  EXPECT_FALSE(shown("giu.example").name);
}

TEST_F(RollbackTest, AWiderRuleIsANewRule) {
  apply({block("rong.example", "order:1")});
  const auto good = serial();
  Change wide = block("rong.example", "order:1");
  wide.scope = Scope::domain;
  apply({wide});
  const auto narrow = serial();
  apply({block("rong.example", "order:1")});  // narrower again: nothing was added by that
  EXPECT_TRUE(zones_->rollback("orders-phishing", narrow)->rules.empty());
  EXPECT_EQ(zones_->rollback("orders-phishing", good)->rules.size(), 1U);
  EXPECT_FALSE(shown("rong.example").name);
}

TEST_F(RollbackTest, WhatWasWithdrawnWaitsTheZoneStopsAndTheDatabaseWillBeTold) {
  apply({block("giu.example", "order:1")});
  const auto good = serial();
  apply({block("nham.example", "order:2")});
  ASSERT_TRUE(zones_->rollback("orders-phishing", good, "nhầm").has_value());
  open();
  EXPECT_TRUE(gate_->is_stopped(test_zone()));
  EXPECT_FALSE(gate_->is_stopped(test_zone("orders-fraud")));
  const auto held = gate_->held();
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].reason, HoldReason::rolled_back);
  EXPECT_EQ(held[0].serial, good);
  ASSERT_EQ(held[0].names.size(), 1U);
  EXPECT_EQ(held[0].names[0].name, "nham.example");
  const auto notices = gate_->notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, NoticeKind::withdrawn);
  EXPECT_EQ(notices[0].source, "order:2");
  EXPECT_EQ(notices[0].serial, good);
  EXPECT_EQ(notices[0].reason, "nhầm");
  // Doing it again changes nothing; the same order does not come back by itself, nor by a resume.
  EXPECT_TRUE(zones_->rollback("orders-phishing", good)->rules.empty());
  PublicationControl control{*zones_, *gate_, clock_};
  const Hand officer{.place = Hand::Place::account, .who = "an"};
  ASSERT_TRUE(control.resume("orders-phishing", officer).has_value());
  apply({block("nham.example", "order:2")});
  EXPECT_FALSE(shown("nham.example").name);
  // A person takes it back before the database knew: there is nothing to tell.
  EXPECT_EQ(control.release({.id = held[0].id}, officer), PublicationControl::Released::served);
  EXPECT_TRUE(shown("nham.example").name);
  EXPECT_TRUE(gate_->notices(10).empty());
}

TEST_F(RollbackTest, AListThatWasWithdrawnWaitsUntilAPersonReleasesIt) {
  const auto replace = [&](std::vector<std::string> names) {
    return zones_->replace({.zone = "feeds-fraud", .source = "feed:a:host", .names = names});
  };
  ASSERT_TRUE(replace({"a.example"}).has_value());
  const auto good = zones_->serial(test_zone("feeds-fraud")).value();
  ASSERT_TRUE(replace({"a.example", "b.example", "c.example"}).has_value());
  EXPECT_EQ(zones_->rollback("feeds-fraud", good)->rules.size(), 2U);
  EXPECT_EQ(gate_->held().front().count(), 2);
  EXPECT_TRUE(gate_->notices(1).empty());  // the feed stands as its approver left it
  PublicationControl control{*zones_, *gate_, clock_};
  ASSERT_TRUE(control.resume("", {}).has_value());
  EXPECT_EQ(replace({"a.example", "b.example", "d.example"})->held, 2U);
  ASSERT_TRUE(control.release({.id = gate_->held().front().id}, {}).has_value());
  EXPECT_EQ(replace({"a.example", "b.example", "d.example"})->added, 2U);
}

TEST_F(RollbackTest, ReachesAsFarAsTheLogAndSaysSo) {
  apply({block("mot.example", "order:1")});
  apply({block("hai.example", "order:2")});
  open();
  EXPECT_EQ(zones_->rollback("orders-phishing", 1)->rules.size(), 2U);
  const auto future = zones_->rollback("orders-phishing", 77);
  EXPECT_EQ(future.error().reason, "serial_unknown");
  EXPECT_NE(future.error().message.find("1 to 4"), std::string::npos) << future.error().message;
  EXPECT_EQ(zones_->rollback("opinions", 1).error().reason, "unknown_zone");
  ASSERT_TRUE(zones_->compact().has_value());
  open();
  EXPECT_EQ(zones_->rollback("orders-phishing", 1).error().code, ErrorCode::not_found);
}

/// Logs of before hold what a rollback brought back under a source of its own.
TEST_F(RollbackTest, AHolderOfAnOldRollbackStillReplaysAndGoesAtTheFirstLift) {
  zones_.reset();
  Batch batch;
  batch.position = 1;
  batch.at_ms = clock_.now_ms();
  batch.zones.push_back({.zone = "orders-phishing", .serial = 2, .operations = {}});
  batch.zones[0].operations.push_back({.kind = OperationKind::clear,
                                       .scope = Scope::host,
                                       .source = rollback_source,
                                       .until_ms = 0,
                                       .name = test_name("b.example")});
  batch.zones[0].operations.push_back({.kind = OperationKind::add,
                                       .scope = Scope::host,
                                       .source = rollback_source,
                                       .until_ms = clock_.now_ms() + 1'000,
                                       .name = test_name("a.example")});
  for (const auto& entry : std::filesystem::directory_iterator{folder_.path()}) {
    if (entry.path().extension() != ".log") continue;
    auto log = codec::FrameFile::open(
        entry.path(), {.payload_size_max = batch_size_max, .file_size_max = log_size_max},
        [](Bytes) { return Result<void>{}; });
    ASSERT_TRUE(log.has_value());
    ASSERT_TRUE(log->append(encode_batch(batch)).has_value());
    ASSERT_TRUE(log->sync().has_value());
  }
  open();
  EXPECT_TRUE(shown("a.example").name);
  apply({lift("a.example", "order:1")});
  EXPECT_FALSE(shown("a.example").name);
}

TEST(RuleHistoryTest, ForgetsTheOldestAboveItsMaximum) {
  RuleHistory rules;
  const auto step = static_cast<std::uint32_t>(rules_kept_max / 4);
  for (std::uint32_t serial = 1; serial <= 6; ++serial) {
    rules.begin(serial, serial + 1, serial * 1'000);
    for (std::uint32_t i = 0; i < step; ++i) rules.added({.name_at = i, .source = 1});
  }
  EXPECT_FALSE(rules.since(1).has_value());
  EXPECT_EQ(rules.since(6)->size(), step);
  EXPECT_GT(rules.oldest(0), 1U);
  EXPECT_EQ(rules.added_after(5'000), step);
  EXPECT_EQ(rules.added_after(6'000), 0U);
}

}  // namespace
}  // namespace khien::publish
