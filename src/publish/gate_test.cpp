// The gate before a real ZoneSet: what is held, what passes, and what people do about it.
#include "publish/gate.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/testing/full_disk.h"
#include "publish/gate_state.h"
#include "publish/publication_control.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

const Hand operator_here{.who = "uid 0"};
Hand person(const std::string& id) { return {.place = Hand::Place::account, .who = id}; }

class GateTest : public testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    control_.reset();
    zones_.reset();
    gate_.reset();
    auto gate = Gate::open(
        {.folder = folder_.path(),
         .canaries = {"kho.example"},
         .good_name = [](std::string_view name, Scope, Basis basis) -> std::optional<GoodName> {
           if (name.starts_with("tot")) return GoodName{.name = "tot", .why = "w"};
           if (name.starts_with("pho") && basis != Basis::choice) {
             return GoodName{.name = "pho", .why = "popular", .orderable = true};
           }
           return std::nullopt;
         },
         .metrics = &metrics_},
        clock_);
    ASSERT_TRUE(gate.has_value()) << gate.error().message;
    gate_ = std::move(*gate);
    SystemRng rng;
    auto zones = ZoneSet::open({.folder = folder_.path(), .gate = gate_.get()}, clock_, rng);
    ASSERT_TRUE(zones.has_value());
    zones_ = std::move(*zones);
    control_.emplace(*zones_, *gate_, clock_);
  }

  static Change block(std::string_view name, std::string_view source,
                      Warrant warrant = Warrant::none) {
    return {.zone = "orders-phishing", .name = name, .source = source, .warrant = warrant};
  }
  static Change lift(std::string_view name, std::string_view source) {
    return {.kind = ChangeKind::remove, .zone = "orders-phishing", .name = name, .source = source};
  }
  Applied apply(const std::vector<Change>& changes) {
    auto applied = zones_->apply(changes);
    KHIEN_ASSERT(applied.has_value());
    return std::move(*applied);
  }
  std::size_t block_many(int from, int count) {
    std::size_t held = 0;
    for (int i = from; i < from + count; ++i) {
      const auto name = "n" + std::to_string(i) + ".example";
      held += apply({block(name, "order:" + std::to_string(i))}).held.size();
    }
    return held;
  }
  ZoneSet::Replaced replace(const std::vector<std::string>& names,
                            std::string_view zone = "feeds-fraud") {
    auto replaced = zones_->replace({.zone = zone, .source = "feed:a:host", .names = names});
    KHIEN_ASSERT(replaced.has_value());
    return *replaced;
  }
  bool shown(std::string_view name, std::string_view zone = "orders-phishing") {
    return zones_->shown(test_zone(zone), test_name(name)).name;
  }
  HeldChange only_held() {
    const auto held = gate_->held();
    KHIEN_ASSERT(held.size() == 1);
    return held.front();
  }
  std::uint32_t serial(std::string_view zone = "orders-phishing") {
    return zones_->serial(test_zone(zone)).value();
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublicationControl> control_;
};

TEST_F(GateTest, AGoodNameIsHeldAndTheOthersOfItsBatchPass) {
  const auto applied = apply({block("xau.example", "order:1"), block("tot.example", "order:2")});
  EXPECT_EQ(applied.held, std::vector<std::size_t>{1});
  EXPECT_TRUE(shown("xau.example"));
  EXPECT_FALSE(shown("tot.example"));
  const auto held = only_held();
  EXPECT_EQ(held.reason, HoldReason::good_names);
  EXPECT_EQ(held.zone, "orders-phishing");
  EXPECT_EQ(held.names.front().detail, "tot (w)");
  EXPECT_EQ(metrics_.gauge("khien_publish_held_changes", "").value(), 1);
}

TEST_F(GateTest, WhatIsHeldOutlivesARestartAndIsHeldOnce) {
  apply({block("tot.example", "order:2")});
  const auto before = only_held();
  open();
  EXPECT_EQ(only_held(), before);
  apply({block("Tot.Example.", "order:2")});  // read again after a crash
  EXPECT_EQ(only_held(), before);
  EXPECT_EQ(serial(), 1U);
}

TEST_F(GateTest, ALiftTakesAwayWhatWaits) {
  apply({block("tot1.example", "order:1"), block("tot2.example", "order:2")});
  apply({lift("tot1.example", "order:1")});
  EXPECT_EQ(only_held().names.size(), 1U);
  // In one write, too: the order came and went while nobody looked.
  apply({block("tot3.example", "order:3"), lift("tot3.example", "order:3"),
         lift("tot2.example", "order:2")});
  EXPECT_TRUE(gate_->held().empty());
  EXPECT_FALSE(gate_->holds("orders-phishing", "order:3", "tot3.example"));
}

TEST_F(GateTest, WhatEndsWhileItWaitsNeverComes) {
  Change short_order = block("tot.example", "order:1");
  short_order.until_ms = clock_.now_ms() + 1'000;
  apply({short_order});
  EXPECT_FALSE(gate_->lapse().value());
  clock_.advance(1'000);
  EXPECT_TRUE(gate_->lapse().value());
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(GateTest, GoodNamesAreReleasedByTwoPersonsAndNeverFromTheMachine) {
  Change order = block("tot.example", "order:2");
  order.sequence = 17;
  apply({order});
  const auto id = only_held().id;
  EXPECT_EQ(control_->release({.id = id}, operator_here).error().reason, "two_persons_needed");
  EXPECT_EQ(control_->release({.id = id}, person("an")),
            PublicationControl::Released::waits_for_other);
  EXPECT_EQ(control_->release({.id = id}, person("an")).error().reason, "own_release");
  open();
  EXPECT_EQ(only_held().first_by, "an");
  // Another name joins the change: whoever agreed did not see it.
  apply({block("tot9.example", "order:9")});
  EXPECT_EQ(only_held().first_by, "");
  EXPECT_EQ(control_->release({.id = id, .name = "tot.example"}, person("an")),
            PublicationControl::Released::waits_for_other);
  EXPECT_EQ(control_->release({.id = id, .name = "tot.example"}, person("binh")),
            PublicationControl::Released::served);
  EXPECT_TRUE(shown("tot.example"));
  EXPECT_EQ(only_held().names.size(), 1U);
  const auto notices = gate_->notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, NoticeKind::published);
  EXPECT_EQ(notices[0].sequence, 17);
  EXPECT_EQ(notices[0].serial, serial());
  EXPECT_EQ(control_->release({.id = 99}, person("an")).error().reason, "no_such_change");
}

TEST_F(GateTest, WhoAgreedToOneNameHasNotAgreedToTheOthers) {
  using Released = PublicationControl::Released;
  apply({block("tot.example", "order:2"), block("tot9.example", "order:9")});
  const auto id = only_held().id;
  EXPECT_EQ(control_->release({.id = id, .name = "tot.example"}, person("an")),
            Released::waits_for_other);
  open();
  EXPECT_EQ(only_held().first_name, "tot.example");
  // The second releases more than that: for all of it that is the first agreement.
  EXPECT_EQ(control_->release({.id = id}, person("binh")), Released::waits_for_other);
  EXPECT_FALSE(shown("tot.example") || shown("tot9.example"));
  EXPECT_EQ(control_->release({.id = id, .name = "tot9.example"}, person("binh")).error().reason,
            "own_release")
      << "all of it is that name, too";
  // A part of what the other agreed to may go.
  EXPECT_EQ(control_->release({.id = id, .name = "tot9.example"}, person("an")), Released::served);
  EXPECT_TRUE(shown("tot9.example"));
  EXPECT_FALSE(shown("tot.example"));
  EXPECT_EQ(control_->release({.id = id}, person("an")), Released::served) << "binh agreed to it";
}

TEST_F(GateTest, WhoAgreedToOneNameMayAgreeToAnotherFirst) {
  using Released = PublicationControl::Released;
  apply({block("tot.example", "order:2"), block("tot9.example", "order:9")});
  const auto id = only_held().id;
  for (const char* name : {"tot.example", "tot9.example"}) {
    EXPECT_EQ(control_->release({.id = id, .name = name}, person("an")), Released::waits_for_other);
  }
  EXPECT_EQ(control_->release({.id = id, .name = "tot.example"}, person("binh")),
            Released::waits_for_other)
      << "the last one counts: an agreed to the other name since";
  EXPECT_EQ(control_->release({.id = id, .name = "tot.example"}, person("an")), Released::served);
}

TEST_F(GateTest, ALiftedNameCannotBeReleasedAnyMore) {
  apply({block("tot.example", "order:2")});
  const auto change = only_held();
  apply({lift("tot.example", "order:2")});
  Change released = block("tot.example", "order:2", Warrant::released);
  const auto applied = apply({released});
  ASSERT_EQ(applied.refused.size(), 1U);
  EXPECT_EQ(applied.refused[0].reason, "no_such_change");
  EXPECT_FALSE(shown("tot.example"));
}

TEST_F(GateTest, ARejectionIsToldAndNothingComes) {
  apply({block("tot.example", "order:2")});
  ASSERT_TRUE(control_->reject({.id = only_held().id, .reason = "nhầm"}, person("an")));
  EXPECT_TRUE(gate_->held().empty());
  const auto notices = gate_->notices(10);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_EQ(notices[0].kind, NoticeKind::rejected);
  EXPECT_EQ(notices[0].source, "order:2");
  EXPECT_EQ(notices[0].reason, "nhầm");
  ASSERT_TRUE(gate_->forget_notices(notices[0].id));
  open();
  EXPECT_TRUE(gate_->notices(10).empty());
  EXPECT_FALSE(shown("tot.example"));
}

TEST_F(GateTest, SignedOrdersOnPopularNamesPassAFewAtATime) {
  for (int i = 0; i < 5; ++i) {
    const auto name = "pho" + std::to_string(i) + ".example";
    apply({block(name, "order:" + std::to_string(i), Warrant::two_signers)});
  }
  EXPECT_TRUE(shown("pho2.example"));
  EXPECT_FALSE(shown("pho3.example"));
  EXPECT_EQ(only_held().names.size(), 2U);
  clock_.advance(gate_->limits().window_ms);
  apply({block("pho7.example", "order:7", Warrant::two_signers)});
  EXPECT_TRUE(shown("pho7.example"));
}

TEST_F(GateTest, ABurstIsHeldUntilTheWindowHasPassedOrAPersonReleasesIt) {
  EXPECT_EQ(block_many(0, 100), 0U);
  EXPECT_EQ(block_many(100, 5), 5U);
  EXPECT_EQ(only_held().reason, HoldReason::too_many);
  open();  // the count is rebuilt from the log
  EXPECT_EQ(block_many(105, 1), 1U);
  EXPECT_EQ(control_->release({.id = only_held().id}, operator_here),
            PublicationControl::Released::served);
  EXPECT_TRUE(shown("n104.example"));
  EXPECT_EQ(block_many(200, 50), 0U);  // what a person released is no burst
  clock_.advance(gate_->limits().window_ms);
  EXPECT_EQ(block_many(300, 100), 0U);
}

TEST_F(GateTest, ACanaryHoldsOrdersAndLists) {
  Change wide = block("kho.example", "order:1");
  wide.scope = Scope::domain;
  EXPECT_EQ(apply({wide, block("xau.example", "order:2")}).held, std::vector<std::size_t>{0});
  EXPECT_EQ(only_held().reason, HoldReason::canary);
  EXPECT_TRUE(shown("xau.example"));
  EXPECT_EQ(replace({"a.example", "www.kho.example"}).held, 2U);
  EXPECT_FALSE(shown("a.example", "feeds-fraud"));
  EXPECT_EQ(gate_->held().back().examples.front(), "www.kho.example (canary)");
}

TEST_F(GateTest, AListWithAGoodNameWaitsWholeAndWhatItDropsGoesAtOnce) {
  EXPECT_EQ(replace({"a.example", "b.example"}).added, 2U);
  const auto replaced = replace({"b.example", "c.example", "tot.example"});
  EXPECT_EQ(replaced.held, 2U);
  EXPECT_EQ(replaced.removed, 1U);
  EXPECT_FALSE(shown("a.example", "feeds-fraud"));
  EXPECT_FALSE(shown("c.example", "feeds-fraud"));
  auto held = only_held();
  EXPECT_EQ(held.count(), 2);
  EXPECT_EQ(held.examples, std::vector<std::string>{"tot.example: tot (w)"});
  // The same list again is the same change; another is judged anew.
  EXPECT_EQ(replace({"b.example", "c.example", "tot.example"}).held, 2U);
  EXPECT_EQ(only_held(), held);
  EXPECT_EQ(replace({"b.example", "c.example"}).added, 1U);
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(GateTest, AReleasedListBringsWhatWasSeenAndNothingElse) {
  const std::vector<std::string> list{"a.example", "tot.example"};
  replace(list);
  const auto before = gate_->generation();
  const auto id = only_held().id;
  ASSERT_TRUE(control_->release({.id = id}, person("an")));
  EXPECT_EQ(control_->release({.id = id}, person("binh")), PublicationControl::Released::permitted);
  EXPECT_NE(gate_->generation(), before);
  EXPECT_EQ(replace({"a.example", "tot.example", "tot2.example"}).held, 3U);  // not what they saw
  open();
  EXPECT_EQ(replace(list).added, 2U);
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(GateTest, ARejectedListDoesNotComeBackByItself) {
  const std::vector<std::string> list{"a.example", "tot.example"};
  replace(list);
  ASSERT_TRUE(control_->reject({.id = only_held().id}, operator_here));
  EXPECT_TRUE(only_held().refused);
  EXPECT_EQ(replace(list).held, 2U);
  EXPECT_TRUE(only_held().refused);
  // Its next edition waits, even without the good name.
  EXPECT_EQ(replace({"a.example"}).held, 1U);
  EXPECT_FALSE(only_held().refused);
  EXPECT_EQ(only_held().reason, HoldReason::rejected);
  EXPECT_EQ(control_->release({.id = only_held().id}, operator_here),
            PublicationControl::Released::permitted);
  EXPECT_EQ(replace({"a.example"}).added, 1U);
}

TEST_F(GateTest, TheEndOfAGuardIsNoLicenceForGoodNames) {
  replace({"a.example"});
  ASSERT_TRUE(control_->roll_back({.zone = "feeds-fraud", .serial = 1}, operator_here));
  ASSERT_TRUE(control_->resume("feeds-fraud", operator_here));
  EXPECT_EQ(replace({"a.example", "tot.example"}).held, 2U);
  EXPECT_EQ(only_held().reason, HoldReason::rolled_back);
  ASSERT_TRUE(control_->release({.id = only_held().id}, operator_here));
  EXPECT_EQ(replace({"a.example", "tot.example"}).held, 2U);
  EXPECT_EQ(only_held().reason, HoldReason::good_names);
}

TEST_F(GateTest, AStopHoldsAdditionsAndNoLift) {
  apply({block("cu.example", "order:1")});
  ASSERT_TRUE(control_->stop("", operator_here));
  EXPECT_EQ(control_->stop("opinions", operator_here).error().reason, "unknown_zone");
  apply({block("moi.example", "order:2"), lift("cu.example", "order:1")});
  EXPECT_EQ(replace({"a.example"}).held, 1U);
  EXPECT_FALSE(shown("cu.example"));
  EXPECT_FALSE(shown("moi.example"));
  open();
  EXPECT_EQ(gate_->stopped(), std::set<std::string>{"*"});
  EXPECT_EQ(control_->resume("feeds-fraud", operator_here).error().reason, "all_stopped");
  EXPECT_EQ(control_->release({.id = gate_->held().front().id}, operator_here).error().reason,
            "zone_stopped");
  ASSERT_TRUE(control_->resume("", operator_here));
  EXPECT_TRUE(shown("moi.example"));
  EXPECT_TRUE(gate_->held().empty());
  EXPECT_EQ(replace({"a.example"}).added, 1U);
  EXPECT_EQ(control_->resume("feeds-fraud", operator_here).error().reason, "not_stopped");
}

TEST_F(GateTest, WhatWaitedForAStopIsJudgedWhenItEnds) {
  ASSERT_TRUE(control_->stop("orders-phishing", operator_here));
  apply({block("moi.example", "order:1"), block("tot.example", "order:2")});
  EXPECT_EQ(only_held().names.size(), 2U);
  ASSERT_TRUE(control_->resume("orders-phishing.rpz.khien.", operator_here));
  EXPECT_TRUE(shown("moi.example"));
  EXPECT_FALSE(shown("tot.example"));
  EXPECT_EQ(only_held().reason, HoldReason::good_names);
}

TEST_F(GateTest, NetworkChoicesMayHidePopularNamesAndPassRulesAreNeverHeld) {
  EXPECT_EQ(replace({"pho.example"}, "choice-ads").added, 1U);
  EXPECT_EQ(replace({"tot.example", "kho.example"}, "pass").added, 2U);
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(GateTest, HasRoomForSoManyNames) {
  std::vector<std::string> names;
  std::vector<std::string> sources;
  for (std::size_t i = 0; i <= held_names_max; ++i) {
    names.push_back("tot" + std::to_string(i) + ".example");
    sources.push_back("order:" + std::to_string(i));
  }
  std::vector<Change> changes;
  for (std::size_t i = 0; i < names.size(); ++i) changes.push_back(block(names[i], sources[i]));
  const auto applied = apply(changes);
  EXPECT_EQ(applied.held.size(), held_names_max);
  ASSERT_EQ(applied.refused.size(), 1U);
  EXPECT_EQ(applied.refused[0].reason, "gate_full");
  ASSERT_TRUE(control_->reject({.id = only_held().id}, person("an")).has_value());
  EXPECT_EQ(gate_->notices(gate_notices_max).size(), held_names_max);
}

TEST_F(GateTest, HasRoomForSoManyLists) {
  const std::vector<std::string> list{"tot.example"};
  for (std::size_t i = 0; i <= held_sets_max; ++i) {
    const auto source = "feed:" + std::to_string(i) + ":host";
    EXPECT_EQ(zones_->replace({.zone = "feeds-fraud", .source = source, .names = list})->held, 1U);
  }
  EXPECT_EQ(gate_->held().size(), held_sets_max);
  EXPECT_EQ(serial("feeds-fraud"), 1U);
}

TEST_F(GateTest, AFullDiskHoldsNothingAndAdmitsNothing) {
  const FullDisk full{64};
  const std::vector<Change> changes{block("xau.example", "order:1"), block("tot.example", "o:2")};
  EXPECT_EQ(zones_->apply(changes).error().code, ErrorCode::unavailable);
  EXPECT_FALSE(shown("xau.example"));
  EXPECT_TRUE(gate_->held().empty());
}

TEST_F(GateTest, ADamagedFileStopsEverythingAndTheZonesGoOn) {
  apply({block("xau.example", "order:1"), block("tot.example", "order:2")});
  auto file = read_file(held_path(folder_.path()), gate_file_size_max).value();
  file[file.size() / 2] ^= 1U;
  ASSERT_TRUE(write_file_atomically(held_path(folder_.path()), file, FileAccess::owner));
  open();
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "gate.damaged"));
  EXPECT_EQ(gate_->stopped(), std::set<std::string>{"*"});
  EXPECT_TRUE(shown("xau.example"));
  EXPECT_EQ(apply({block("moi.example", "order:3")}).held.size(), 1U);
}

TEST(HeldChangesFile, ReadsBackWhatItWroteAndRefusesEveryCut) {
  HeldChanges held{.last_id = 9, .stopped = {"*", "orders-fraud"}};
  held.changes.push_back({.id = 3,
                          .zone = "orders-phishing",
                          .reason = HoldReason::canary,
                          .at_ms = 5,
                          .serial = 0xFFFF'FFFF,
                          .first_by = "an",
                          .names = {{.name = "a.example",
                                     .source = "order:1",
                                     .scope = Scope::domain,
                                     .until_ms = 7,
                                     .sequence = 8,
                                     .warrant = Warrant::two_signers,
                                     .detail = "chữ \" \\"}}});
  held.changes.push_back({.id = 4, .zone = "feeds-fraud", .source = "feed:a", .digest = "00"});
  held.permits[{"feeds-fraud", "feed:b"}] = "ff";
  held.notices.push_back({.id = 5, .kind = NoticeKind::rejected, .zone = "orders-fraud"});
  const auto file = encode_held(held);
  const auto read = decode_held(file);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, held);
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(decode_held(Bytes{file}.first(size)).has_value()) << size;
  }
}

}  // namespace
}  // namespace khien::publish
