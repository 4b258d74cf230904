// Lists that are released in stages (ADR 0307): a list goes on changing while it is on trial.
#include <algorithm>

#include "publish/testing_trials.h"

namespace khien::publish {
namespace {

class TrialListTest : public TrialFixture {
 protected:
  ZoneSet::Replaced replace(const std::vector<std::string>& names) {
    auto replaced = zones_->replace(
        {.zone = "feeds-phishing", .source = "feed:a:host", .names = names, .scope = Scope::host});
    KHIEN_ASSERT(replaced.has_value());
    return *replaced;
  }
  /// The list as it was seen is released in stages, and brings its names.
  std::int64_t tried(const std::vector<std::string>& names) {
    replace(names);
    const auto id = only_held().id;
    try_first(id);
    replace(names);
    return id;
  }
};

TEST_F(TrialListTest, BringsWhatWasSeenOnTrialAndGoesFromStageToStage) {
  EXPECT_EQ(replace({"cu.example"}).added, 1U);
  const std::vector<std::string> list{"cu.example", "moi.example", "tot.example"};
  EXPECT_EQ(replace(list).held, 2U);
  const auto id = only_held().id;
  const auto generation = gate_->generation();
  try_first(id);
  EXPECT_NE(gate_->generation(), generation);  // so that it is carried again
  EXPECT_EQ(where("tot.example"), "");
  EXPECT_EQ(control_->advance(id, person("an")).error().reason, "trial_not_begun");
  EXPECT_EQ(replace(list).held, 2U);
  EXPECT_EQ(where("cu.example"), "feeds");
  EXPECT_EQ(where("moi.example"), "own");
  EXPECT_EQ(where("tot.example"), "own");
  EXPECT_EQ(only_held().trial_count, 2);
  ASSERT_EQ(advance(id), Released::on_trial);
  EXPECT_EQ(where("moi.example"), "own partner");
  EXPECT_EQ(replace(list).held, 2U);  // again: nothing moves
  EXPECT_EQ(where("moi.example"), "own partner");
  ASSERT_EQ(advance(id), Released::served);
  EXPECT_EQ(where("cu.example"), "feeds");
  EXPECT_EQ(where("moi.example"), "feeds");
  EXPECT_EQ(where("tot.example"), "feeds");
  EXPECT_TRUE(gate_->held().empty());
  const auto replaced = replace(list);
  EXPECT_EQ(replaced.held + replaced.added + replaced.removed, 0U);
}

TEST_F(TrialListTest, WhatItDropsLeavesTheTrialAtOnceAndWhatItAddsWaits) {
  const auto id = tried({"a.example", "b.example", "tot.example"});
  ASSERT_EQ(advance(id), Released::on_trial);
  EXPECT_EQ(replace({"b.example", "c.example", "tot.example"}).held, 3U);
  EXPECT_EQ(where("a.example"), "");
  EXPECT_EQ(where("b.example"), "own partner");
  EXPECT_EQ(where("c.example"), "");
  EXPECT_EQ(only_held().trial_count, 2);
  ASSERT_EQ(advance(id), Released::served);
  EXPECT_EQ(where("b.example"), "feeds");
  // What waited behind the trial is judged like any other.
  EXPECT_EQ(replace({"b.example", "c.example", "tot.example"}).added, 1U);
  EXPECT_EQ(where("c.example"), "feeds");
}

TEST_F(TrialListTest, AnotherReachIsAnotherEntry) {
  const std::vector<std::string> list{"tot.example"};
  tried(list);
  const auto replaced = zones_->replace(
      {.zone = "feeds-phishing", .source = "feed:a:host", .names = list, .scope = Scope::domain});
  EXPECT_EQ(replaced->held, 1U);
  EXPECT_EQ(where("tot.example"), "");
}

TEST_F(TrialListTest, AListThatEndsLeavesItsTrial) {
  tried({"a.example", "tot.example"});
  replace({});
  EXPECT_EQ(where("a.example"), "");
  EXPECT_EQ(where("tot.example"), "");
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(TrialListTest, AnObjectionTakesANameOutOfTheTrial) {
  tried({"a.example", "tot.example"});
  std::vector<Change> changes;
  const auto held = zones_->holdings("a.example");
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].zone, "trial-own-phishing");
  changes.push_back({.kind = ChangeKind::remove,
                     .zone = held[0].zone,
                     .name = held[0].name,
                     .source = held[0].source});
  ASSERT_TRUE(zones_->apply(changes).has_value());
  EXPECT_EQ(where("a.example"), "");
  ASSERT_TRUE(zones_->settle_trials());
  EXPECT_EQ(where("a.example"), "");
  replace({"tot.example"});  // as it is without the name that is excepted
  EXPECT_EQ(where("tot.example"), "own");
}

TEST_F(TrialListTest, RejectedOrRolledBackItIsTakenOutAndDoesNotComeAgain) {
  const std::vector<std::string> list{"a.example", "tot.example"};
  const auto id = tried(list);
  ASSERT_EQ(advance(id), Released::on_trial);
  ASSERT_TRUE(control_->reject({.id = id, .reason = "nhầm"}, {}));
  EXPECT_EQ(where("a.example"), "");
  EXPECT_EQ(replace(list).held, 2U);
  EXPECT_EQ(where("a.example"), "");
  EXPECT_EQ(control_->release({.id = id, .course = Course::in_stages}, person("an")).error().reason,
            "not_stageable");
}

TEST_F(TrialListTest, ARollbackEndsItsTrial) {
  const std::vector<std::string> list{"a.example", "tot.example"};
  tried(list);
  ASSERT_TRUE(control_->roll_back({.zone = "feeds-phishing", .serial = 1}, {}));
  EXPECT_EQ(where("a.example"), "");
  EXPECT_FALSE(only_held().trial.has_value());
  EXPECT_EQ(replace(list).held, 2U);
  EXPECT_EQ(where("a.example"), "");
  ASSERT_TRUE(control_->resume("feeds-phishing", {}));
  EXPECT_EQ(replace(list).held, 2U);
  EXPECT_EQ(where("a.example"), "");
}

TEST_F(TrialListTest, AStopHoldsWhatItHasNotBroughtYet) {
  const std::vector<std::string> list{"a.example", "tot.example"};
  replace(list);
  try_first(only_held().id);
  ASSERT_TRUE(control_->stop("feeds-phishing", {}));
  EXPECT_EQ(replace(list).held, 2U);
  EXPECT_EQ(where("a.example"), "");
  ASSERT_TRUE(control_->resume("feeds-phishing", {}));
  replace(list);
  EXPECT_EQ(where("a.example"), "own");
}

TEST_F(TrialListTest, ARestartGoesOnWithTheTrial) {
  const std::vector<std::string> list{"a.example", "tot.example"};
  const auto id = tried(list);
  open();
  ASSERT_TRUE(zones_->settle_trials());
  EXPECT_EQ(where("a.example"), "own");
  // The gate was widened and the zones were not.
  ASSERT_TRUE(gate_->widen_trial(id));
  open();
  ASSERT_TRUE(zones_->settle_trials());
  EXPECT_EQ(where("a.example"), "own partner");
  ASSERT_EQ(advance(id), Released::served);
  EXPECT_EQ(where("a.example"), "feeds");
}

TEST_F(TrialListTest, TwoListsAndAnOrderShareTheTrialZonesWithoutMeeting) {
  const auto id = tried({"tot.example"});
  const std::vector<std::string> other{"tot.example"};
  ASSERT_TRUE(zones_->replace({.zone = "feeds-phishing", .source = "feed:b:host", .names = other}));
  order("tot.example", "order:1");
  ASSERT_EQ(gate_->held().size(), 3U);
  ASSERT_TRUE(control_->reject({.id = id, .reason = "nhầm"}, {}));
  EXPECT_EQ(where("tot.example"), "");
  const auto held = gate_->held();
  const auto at = std::ranges::find_if(held, [](const auto& one) { return !one.is_set(); });
  try_first(at->id);
  EXPECT_EQ(where("tot.example"), "own");
  ASSERT_EQ(advance(at->id), Released::on_trial);
  ASSERT_EQ(advance(at->id), Released::served);
  EXPECT_EQ(where("tot.example"), "orders");
}

TEST_F(TrialListTest, ALongListIsTriedAndTakenOverFrameByFrame) {
  std::vector<std::string> list{"tot.example"};
  for (std::size_t i = 0; i < 2 * operations_per_batch_max; ++i) {
    list.push_back("n" + std::to_string(i) + ".example");
  }
  const auto id = tried(list);
  EXPECT_EQ(only_held().trial_count, static_cast<std::int64_t>(list.size()));
  ASSERT_EQ(advance(id), Released::on_trial);
  ASSERT_EQ(advance(id), Released::served);
  EXPECT_EQ(where("n39999.example"), "feeds");
  for (const ZoneStatus& zone : zones_->status()) {
    EXPECT_EQ(zone.name_count, zone.zone == "feeds-phishing" ? list.size() : 0U) << zone.zone;
  }
}

class StagedByItselfTest : public TrialListTest {
 protected:
  void SetUp() override {
    stage_lists_above_ = 3;
    TrialListTest::SetUp();
  }
};

TEST_F(StagedByItselfTest, ALargeAdditionBeginsOnTrialAndWaitsForOnePerson) {
  EXPECT_EQ(replace({"a.example", "b.example", "c.example"}).added, 3U);
  const std::vector<std::string> list{"a.example", "d.example", "e.example", "f.example",
                                      "g.example"};
  const auto replaced = replace(list);
  EXPECT_EQ(replaced.held, 4U);
  EXPECT_EQ(replaced.removed, 2U);
  EXPECT_EQ(where("d.example"), "own");
  EXPECT_EQ(where("a.example"), "feeds");
  const auto held = only_held();
  EXPECT_EQ(held.reason, HoldReason::large_list);
  EXPECT_EQ(held.examples.size(), 4U);
  EXPECT_EQ(control_->advance(held.id, {.who = "uid 0"}), Released::on_trial);
  EXPECT_EQ(control_->advance(held.id, {.who = "uid 0"}), Released::served);
  EXPECT_EQ(where("d.example"), "feeds");
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(StagedByItselfTest, TheOtherRulesComeFirst) {
  EXPECT_EQ(replace({"a.example", "b.example", "c.example", "tot.example"}).held, 4U);
  EXPECT_EQ(only_held().reason, HoldReason::good_names);
  EXPECT_FALSE(only_held().trial.has_value());
  // Released for everybody by two persons: that was decided.
  ASSERT_TRUE(control_->release({.id = only_held().id}, person("an")));
  ASSERT_TRUE(control_->release({.id = only_held().id}, person("binh")));
  EXPECT_EQ(replace({"a.example", "b.example", "c.example", "tot.example"}).added, 4U);
}

TEST_F(StagedByItselfTest, RejectedItWaitsForAPersonNextTime) {
  const std::vector<std::string> list{"d.example", "e.example", "f.example", "g.example"};
  replace(list);
  ASSERT_TRUE(control_->reject({.id = only_held().id, .reason = "nhầm"}, {}));
  EXPECT_EQ(where("d.example"), "");
  EXPECT_EQ(replace(list).held, 4U);
  EXPECT_EQ(where("d.example"), "");
}

}  // namespace
}  // namespace khien::publish
