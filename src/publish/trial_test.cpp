// Orders that are released in stages (ADR 0307): our own resolvers, a partner's, all; and every way
// out of it.
#include "base/testing/full_disk.h"
#include "publish/control_protocol.h"
#include "publish/list_catalogue.h"
#include "publish/testing_trials.h"

namespace khien::publish {
namespace {

class TrialTest : public TrialFixture {};

TEST_F(TrialTest, GoesFromStageToStageAndThenToEverybodyInOneChange) {
  order("tot.example", "order:1", 0, 17);
  const auto id = only_held().id;
  try_first(id);
  EXPECT_EQ(where("tot.example"), "own");
  EXPECT_TRUE(gate_->notices(10).empty());  // nobody may say yet that it is published
  EXPECT_EQ(metrics_.gauge("khien_publish_trials", "").value(), 1);
  EXPECT_EQ(metrics_.gauge("khien_publish_held_changes", "").value(), 0);
  EXPECT_EQ(advance(id), Released::on_trial);
  EXPECT_EQ(where("tot.example"), "own partner");  // our own do not lose it on the way
  EXPECT_TRUE(gate_->notices(10).empty());
  const auto before = zones_->place().position;
  EXPECT_EQ(advance(id), Released::served);
  EXPECT_EQ(where("tot.example"), "orders");
  EXPECT_EQ(zones_->place().position, before + 1);  // in and out with the same frame
  EXPECT_TRUE(gate_->held().empty());
  const auto notices = gate_->notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, NoticeKind::published);
  EXPECT_EQ(notices[0].sequence, 17);
  EXPECT_EQ(notices[0].zone, "orders-phishing");
  EXPECT_EQ(notices[0].serial, zones_->serial(test_zone()).value());
}

TEST_F(TrialTest, EachStageTakesTwoPersonsWhereTheReleaseDoes) {
  order("tot.example", "order:1");
  const auto id = only_held().id;
  EXPECT_EQ(
      control_->release({.id = id, .course = Course::in_stages}, {.who = "uid 0"}).error().reason,
      "two_persons_needed");
  try_first(id);
  EXPECT_EQ(control_->advance(id, {.who = "uid 0"}).error().reason, "two_persons_needed");
  EXPECT_EQ(control_->advance(id, person("an")), Released::waits_for_other);
  EXPECT_EQ(control_->advance(id, person("an")).error().reason, "own_release");
  EXPECT_EQ(where("tot.example"), "own");
  EXPECT_EQ(control_->advance(id, person("chi")), Released::on_trial);
  EXPECT_EQ(only_held().first_by, "");  // the next stage begins anew
  EXPECT_EQ(control_->advance(99, person("an")).error().reason, "no_such_change");
}

TEST_F(TrialTest, TheMoreCautiousOfTwoPersonsIsFollowed) {
  order("tot.example", "order:1");
  const auto id = only_held().id;
  ASSERT_EQ(control_->release({.id = id, .course = Course::in_stages}, person("an")),
            Released::waits_for_other);
  open();
  EXPECT_EQ(control_->release({.id = id}, person("binh")), Released::on_trial);
  EXPECT_EQ(where("tot.example"), "own");
  // No way round the stages, either.
  EXPECT_EQ(control_->release({.id = id}, person("an")).error().reason, "on_trial");
}

TEST_F(TrialTest, APartOfAChangeHasATrialOfItsOwn) {
  order("tot1.example", "order:1");
  order("tot2.example", "order:2");
  const auto id = only_held().id;
  try_first(id, "tot2.example");
  ASSERT_EQ(gate_->held().size(), 2U);
  EXPECT_EQ(where("tot1.example"), "");
  EXPECT_EQ(where("tot2.example"), "own");
  const auto trial = gate_->trials().front();
  EXPECT_NE(trial.id, id);
  EXPECT_EQ(gate_->find(id)->first_by, "");  // nobody agreed to the other one
  // What comes now waits with the other, not on trial.
  order("tot3.example", "order:3");
  EXPECT_EQ(gate_->find(id)->names.size(), 2U);
  EXPECT_EQ(control_->advance(id, person("an")).error().reason, "not_on_trial");
  ASSERT_EQ(advance(trial.id), Released::on_trial);
  ASSERT_EQ(advance(trial.id), Released::served);
  EXPECT_EQ(where("tot2.example"), "orders");
}

TEST_F(TrialTest, ALiftTakesItOutOfEveryStageInTheSameChange) {
  order("tot1.example", "order:1");
  order("tot2.example", "order:2");
  const auto id = only_held().id;
  try_first(id);
  ASSERT_EQ(advance(id), Released::on_trial);
  lift("Tot1.Example.", "order:1");
  EXPECT_EQ(where("tot1.example"), "");
  EXPECT_EQ(where("tot2.example"), "own partner");
  EXPECT_EQ(only_held().names.size(), 1U);
  lift("tot2.example", "order:2");
  EXPECT_TRUE(gate_->held().empty());
  EXPECT_EQ(control_->advance(id, person("an")).error().reason, "no_such_change");
  ASSERT_TRUE(zones_->settle_trials());
  EXPECT_EQ(where("tot2.example"), "");
}

TEST_F(TrialTest, AnOrderThatEndsLeavesItsTrialOnTime) {
  order("tot.example", "order:1", clock_.now_ms() + 1'000);
  const auto id = only_held().id;
  try_first(id);
  clock_.advance(1'000);
  ASSERT_TRUE(zones_->lapse().has_value());  // as each turn of the publisher, in this order
  ASSERT_TRUE(gate_->lapse().value());
  EXPECT_EQ(where("tot.example"), "");
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(TrialTest, ARejectionTakesItOutAndIsTold) {
  order("tot1.example", "order:1");
  order("tot2.example", "order:2");
  const auto id = only_held().id;
  try_first(id);
  ASSERT_EQ(advance(id), Released::on_trial);
  ASSERT_TRUE(control_->reject({.id = id, .name = "tot1.example", .reason = "nhầm"}, person("an")));
  EXPECT_EQ(where("tot1.example"), "");
  EXPECT_EQ(where("tot2.example"), "own partner");
  ASSERT_TRUE(control_->reject({.id = id, .reason = "nhầm"}, person("an")));
  EXPECT_EQ(where("tot2.example"), "");
  const auto notices = gate_->notices(10);
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[1].kind, NoticeKind::rejected);
  EXPECT_EQ(notices[1].source, "order:2");
}

TEST_F(TrialTest, ARollbackOfItsZoneTakesItOutAndItWaitsAgain) {
  order("xau.example", "order:9");
  order("tot.example", "order:1");
  const auto id = only_held().id;
  try_first(id);
  const auto rolled = control_->roll_back({.zone = "orders-phishing", .serial = 1}, {});
  ASSERT_TRUE(rolled.has_value()) << rolled.error().message;
  EXPECT_EQ(rolled->rules.size(), 1U);  // of the zone itself
  EXPECT_EQ(rolled->serial, zones_->serial(test_zone()).value());
  EXPECT_EQ(where("tot.example"), "");
  EXPECT_EQ(where("xau.example"), "");
  EXPECT_FALSE(gate_->find(id)->trial.has_value());
  EXPECT_EQ(gate_->find(id)->reason, HoldReason::good_names);
  EXPECT_EQ(control_->advance(id, person("an")).error().reason, "zone_stopped");
  ASSERT_TRUE(control_->resume("orders-phishing", {}));
  try_first(id);
  EXPECT_EQ(where("tot.example"), "own");
  // A trial zone has nothing of its own.
  EXPECT_EQ(control_->roll_back({.zone = "trial-own-phishing", .serial = 1}, {}).error().reason,
            "trial_zone");
  EXPECT_EQ(control_->stop("trial-own-phishing", {}).error().reason, "trial_zone");
}

TEST_F(TrialTest, AnotherZonesRollbackLeavesItAlone) {
  order("tot.example", "order:1");
  try_first(only_held().id);
  ASSERT_TRUE(control_->roll_back({.zone = "feeds-phishing", .serial = 1}, {}));
  ASSERT_TRUE(control_->roll_back({.zone = "orders-fraud", .serial = 1}, {}));
  EXPECT_EQ(where("tot.example"), "own");
}

TEST_F(TrialTest, AStopHoldsTheNextStageAndLeavesWhatIsServed) {
  order("tot.example", "order:1");
  const auto id = only_held().id;
  try_first(id);
  ASSERT_TRUE(control_->stop("", {}));
  EXPECT_EQ(control_->advance(id, person("an")).error().reason, "zone_stopped");
  EXPECT_EQ(where("tot.example"), "own");
  ASSERT_TRUE(control_->resume("", {}));
  EXPECT_EQ(where("tot.example"), "own");
}

TEST_F(TrialTest, ARestartKnowsTheStageAndMendsWhatACrashLeft) {
  order("tot1.example", "order:1");
  order("tot2.example", "order:2");
  const auto id = only_held().id;
  // Lifted between look and act: it is not tried, and nor is what came in its place.
  const auto seen = gate_->find(id)->names;
  lift("tot2.example", "order:2");
  order("tot2.example", "order:3");
  ASSERT_TRUE(gate_->begin_trial(id, seen));
  EXPECT_EQ(gate_->trials().front().names.size(), 1U);
  ASSERT_TRUE(zones_->settle_trials());
  const auto trial = gate_->trials().front().id;
  ASSERT_EQ(advance(trial), Released::on_trial);
  clock_.advance(5'000);
  open();
  EXPECT_EQ(gate_->trials().front().trial, Ring::partner);
  EXPECT_EQ(gate_->trials().front().trial_ms, clock_.now_ms() - 5'000);
  EXPECT_EQ(where("tot1.example"), "own partner");
  // The gate was written, the zones were not: once forward, once back.
  ASSERT_TRUE(gate_->begin_trial(id, gate_->find(id)->names));
  ASSERT_TRUE(gate_->forget_names(trial, gate_->find(trial)->names, NoticeKind::rejected, 0, ""));
  EXPECT_EQ(where("tot2.example"), "");
  open();
  ASSERT_TRUE(zones_->settle_trials());
  EXPECT_EQ(where("tot1.example"), "");
  EXPECT_EQ(where("tot2.example"), "own");
  const auto before = zones_->place();
  ASSERT_TRUE(zones_->settle_trials());  // again: nothing to do, nothing written
  EXPECT_EQ(zones_->place(), before);
}

TEST_F(TrialTest, TheSamePublicationAgainStaysOnTrial) {
  order("tot.example", "order:1");
  try_first(only_held().id);
  order("tot.example", "order:1");
  EXPECT_EQ(where("tot.example"), "own");
  EXPECT_EQ(only_held().names.size(), 1U);
}

TEST_F(TrialTest, NothingComesIntoATrialZonePastTheGate) {
  const std::vector<Change> changes{
      {.zone = "trial-own-phishing", .name = "xau.example", .source = "order:1"}};
  const auto applied = zones_->apply(changes);
  ASSERT_EQ(applied->refused.size(), 1U);
  EXPECT_EQ(applied->refused[0].reason, "trial_zone");
}

TEST(TrialZones, AreInNoSignedList) {
  for (const ListFacts& list : all_lists()) {
    for (const ZoneFacts* zone : list.zones) EXPECT_FALSE(zone->is_trial()) << list.id;
  }
  EXPECT_EQ(find_list("trial-own-fraud"), nullptr);
}

TEST_F(TrialTest, WhereNothingCanBeTriedThatIsSaid) {
  const std::vector<Change> changes{
      {.zone = "emergency", .name = "tot.example", .source = "order:1"}};
  ASSERT_TRUE(zones_->apply(changes).has_value());
  const auto id = only_held().id;
  EXPECT_EQ(control_->release({.id = id, .course = Course::in_stages}, person("an")).error().reason,
            "not_stageable");
  EXPECT_EQ(only_held().first_by, "");
}

TEST_F(TrialTest, AFullDiskChangesNothing) {
  order("tot.example", "order:1");
  const auto id = only_held().id;
  ASSERT_EQ(control_->release({.id = id, .course = Course::in_stages}, person("an")),
            Released::waits_for_other);
  {
    const FullDisk full{64};
    EXPECT_EQ(
        control_->release({.id = id, .course = Course::in_stages}, person("binh")).error().code,
        ErrorCode::unavailable);
  }
  EXPECT_FALSE(only_held().trial.has_value());
  EXPECT_EQ(where("tot.example"), "");
}

TEST_F(TrialTest, SaysWhoOfTheStageHasItAndWhichStageIsEmpty) {
  const auto& own = test_zone("trial-own-phishing");
  const auto& partner = test_zone("trial-partner-phishing");
  FollowersRecord record{.at_ms = clock_.now_ms()};
  const auto follower = [&](std::string name, Ring ring, const ZoneFacts& zone,
                            std::uint32_t serial) {
    const std::uint32_t served = zones_->serial(zone).value();
    record.followers.push_back(
        {.name = std::move(name),
         .ring = ring,
         .zones = {{.zone = &zone,
                    .served_serial = served,
                    .servers = {{.serial = serial, .heard_ms = record.at_ms}}}}});
  };
  control_->set_followers([&] { return record; });
  order("tot.example", "order:1");
  const auto id = only_held().id;
  EXPECT_EQ(control_->empty_stages(test_zone()), (std::vector{Ring::own, Ring::partner}));
  try_first(id);
  follower("dnsd-a", Ring::own, own, 2);
  follower("dnsd-b", Ring::own, own, 1);
  follower("isp", Ring::all, test_zone(), 1);
  EXPECT_EQ(control_->empty_stages(test_zone()), std::vector{Ring::partner});
  auto trials = control_->status().trials;
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_EQ(trials[0].change, id);
  EXPECT_EQ(trials[0].zone, "trial-own-phishing");
  EXPECT_EQ(trials[0].names, 1);
  EXPECT_EQ(trials[0].since_ms, clock_.now_ms());
  ASSERT_EQ(trials[0].followers->size(), 2U);
  EXPECT_TRUE((*trials[0].followers)[0].has_it);
  EXPECT_FALSE((*trials[0].followers)[1].has_it);
  const auto json = trial_json(trials, id);
  EXPECT_EQ(json.text_at("stage"), "own");
  EXPECT_EQ(json.find("followers")->items().size(), 2U);
  EXPECT_TRUE(trial_json(trials, id + 1).is_null());
  ASSERT_EQ(advance(id), Released::on_trial);
  follower("truong", Ring::partner, partner, 2);
  trials = control_->status().trials;
  EXPECT_EQ(trials[0].zone, "trial-partner-phishing");
  ASSERT_EQ(trials[0].followers->size(), 1U);
  EXPECT_TRUE(trials[0].followers->front().has_it);
  EXPECT_TRUE(control_->empty_stages(test_zone()).empty());
}

TEST_F(TrialTest, OlderFilesOfTheGateHaveNoTrials) {
  order("tot.example", "order:1");
  auto held = HeldChanges{};
  held.changes.push_back(only_held());
  held.changes[0].trial = Ring::partner;
  held.changes[0].trial_ms = 7;
  held.changes[0].first_course = Course::in_stages;
  const auto read = decode_held(encode_held(held));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, held);
  held.changes[0].zone = "emergency";  // has no trial zones
  EXPECT_FALSE(decode_held(encode_held(held)).has_value());
  held.changes[0].trial.reset();
  EXPECT_TRUE(decode_held(encode_held(held)).has_value());
}

}  // namespace
}  // namespace khien::publish
