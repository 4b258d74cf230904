// Third parties' zones in the rule store: what IXFR refuses, and what a restart keeps, also when
// the operator has changed the list of zones meanwhile.
#include "resolver/rule_store.h"

#include <gtest/gtest.h>

#include "policy/test_rare.h"

namespace khien::resolver {
namespace {

using dns::RpzTriggerKind;
using policy::Action;
using policy::ThirdParty;

class ThirdPartyStore : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("khien-rule-store-" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    start({"mot.example.", "hai.example."});
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A process begins, with these zones and what lies in the folder.
  void start(const std::vector<std::string>& names) {
    store_.reset();
    metrics_ = std::make_unique<Metrics>();
    store_ = std::make_unique<RuleStore>(folder_, clock_, rng_, *metrics_);
    std::vector<policy::ThirdPartyZone> zones;
    for (const std::string& name : names) {
      zones.push_back({.name = name, .category = Category::malware});
    }
    if (!zones.empty()) store_->set_third_party(*ThirdParty::of(std::move(zones)));
    (void)store_->load();
    store_->keep_journal();
  }

  policy::ZoneState zone(std::string_view name, std::uint32_t serial) {
    return {.name = std::string{name},
            .source = store_->rules().rare->zones().find(name).value(),
            .serial = serial};
  }
  static RuleEdit rare(const policy::TestRecord& record, bool add = true) {
    return {.add = add, .rare = record.view()};
  }
  void replace(std::string_view name, std::uint32_t serial, const RuleEdits& edits) {
    ASSERT_TRUE(store_->replace_zone(zone(name, serial), edits).has_value());
  }

  [[nodiscard]] policy::Verdict find(std::string_view name) const {
    return store_->rules().find(policy::NameKey{policy::wire_of(name), store_->key()}, {});
  }
  [[nodiscard]] Action action_at(std::initializer_list<std::uint8_t> address) const {
    policy::RareMatch match;
    const Octets octets{address};
    store_->rules().rare->match_address(RpzTriggerKind::ip, octets, ~policy::SourceMask{0}, match);
    return match.verdict.action;
  }

  /// Two zones: the first leads xau.example elsewhere and knows an address, the second blocks it.
  void fill() {
    const auto garden = policy::rare_name("xau.example", "CNAME", "vuon.example.");
    const auto address = policy::rare_address(RpzTriggerKind::ip, "32.1.2.0.192", "rpz-drop.");
    RuleEdits first;
    first.push(rare(garden));
    first.push(rare(address));
    replace("mot.example.", 5, first);
    RuleEdits second;
    const auto name = policy::wire_of("xau.example");
    second.push({.nodata = true, .name = name});
    replace("hai.example.", 7, second);
  }

  std::filesystem::path folder_;
  ManualClock clock_;
  SeededRng rng_{3};
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<RuleStore> store_;
};

TEST_F(ThirdPartyStore, ChangesThatDoNotFitChangeNothing) {
  fill();
  const auto garden = policy::rare_name("xau.example", "CNAME", "vuon.example.");
  const auto other = policy::rare_name("te.example", "CNAME", "rpz-drop.");
  const auto plain = policy::wire_of("xau.example");
  const auto refuses = [&](std::string_view name, std::initializer_list<RuleEdit> list) {
    RuleEdits edits;
    edits.push(rare(other));  // would fit
    for (const RuleEdit& edit : list) edits.push(edit);
    const auto done = store_->change_zone(zone(name, 99), edits);
    EXPECT_FALSE(done.has_value());
    if (!done) {
      EXPECT_EQ(done.error().code, ErrorCode::conflict);
    }
    EXPECT_EQ(find("te.example").action, Action::none);
  };
  refuses("mot.example.", {rare(garden)});
  refuses("mot.example.", {{.name = plain}});
  refuses("mot.example.", {{.add = false, .name = plain}});
  refuses("hai.example.", {rare(garden)});
  refuses("hai.example.", {rare(garden, false)});
  refuses("hai.example.", {{.add = false, .name = plain}});  // it is NODATA that is there
}

TEST_F(ThirdPartyStore, SnapshotAndJournalKeepRareRules) {
  fill();
  ASSERT_TRUE(store_->save().has_value());
  // Behind the snapshot, in the journal alone.
  RuleEdits edits;
  const auto more = policy::rare_name("te.example", "CNAME", "rpz-tcp-only.");
  const auto address = policy::rare_address(RpzTriggerKind::ip, "32.1.2.0.192", "rpz-drop.");
  edits.push(rare(more));
  edits.push(rare(address, false));
  ASSERT_TRUE(store_->change_zone(zone("mot.example.", 6), edits).has_value());

  start({"mot.example.", "hai.example."});
  EXPECT_EQ(find("xau.example").action, Action::local_data);
  EXPECT_EQ(find("te.example").action, Action::tcp_only);
  EXPECT_EQ(action_at({192, 0, 2, 1}), Action::none);
  EXPECT_EQ(store_->zone("mot.example.")->serial, 6U);
}

TEST_F(ThirdPartyStore, AnotherOrderOfZonesMovesTheirRules) {
  fill();
  ASSERT_TRUE(store_->save().has_value());
  start({"khong.example.", "hai.example.", "mot.example."});
  EXPECT_EQ(find("xau.example").action, Action::nodata);
  EXPECT_EQ(find("xau.example").source, ThirdParty::source_at(1));
  EXPECT_EQ(action_at({192, 0, 2, 1}), Action::drop);
  EXPECT_EQ(store_->zone("mot.example.")->source, ThirdParty::source_at(2));
  // And they go on from where they were.
  RuleEdits edits;
  const auto name = policy::wire_of("xau.example");
  edits.push({.add = false, .nodata = true, .name = name});
  ASSERT_TRUE(store_->change_zone(zone("hai.example.", 8), edits).has_value());
  EXPECT_EQ(find("xau.example").action, Action::local_data);
  start({"mot.example.", "hai.example."});
  EXPECT_EQ(find("xau.example").source, ThirdParty::source_at(0));
  EXPECT_EQ(store_->zone("hai.example.")->serial, 8U);
}

TEST_F(ThirdPartyStore, AZoneThatIsGoneTakesItsRulesAlong) {
  fill();
  ASSERT_TRUE(store_->save().has_value());
  RuleEdits edits;
  const auto more = policy::rare_name("te.example", "CNAME", "rpz-drop.");
  edits.push(rare(more));
  ASSERT_TRUE(store_->change_zone(zone("mot.example.", 6), edits).has_value());
  start({"hai.example."});
  EXPECT_EQ(find("xau.example").action, Action::nodata);
  EXPECT_EQ(find("te.example").action, Action::none);
  EXPECT_EQ(action_at({192, 0, 2, 1}), Action::none);
  EXPECT_EQ(store_->zone("mot.example."), nullptr);
  start({});
  EXPECT_EQ(find("xau.example").action, Action::none);
  EXPECT_EQ(store_->rules().rare, nullptr);
}

TEST_F(ThirdPartyStore, WhatHasNoRoomIsLeftOutAndComesWithoutDamage) {
  RuleEdits edits;
  for (std::size_t i = 0; i <= policy::rare_rules_max; ++i) {
    const auto labels = "32." + std::to_string(i & 255) + "." + std::to_string(i >> 8 & 255) + "." +
                        std::to_string(i >> 16) + ".10";
    edits.push(rare(policy::rare_address(RpzTriggerKind::ip, labels, "rpz-drop.")));
  }
  replace("mot.example.", 1, edits);
  EXPECT_EQ(store_->rules().rare->zone(ThirdParty::source_at(0))->size(), policy::rare_rules_max);
  EXPECT_NE(
      metrics_->exposition().find("khien_dnsd_records_skipped_total{reason=\"over_limit\"} 1"),
      std::string::npos);
  // The primary takes away the one that had no room: no reason to transfer the zone anew.
  RuleEdits removal;
  removal.push(
      rare(policy::rare_address(RpzTriggerKind::ip, "32.255.255.0.10", "rpz-drop."), false));
  EXPECT_TRUE(store_->change_zone(zone("mot.example.", 2), removal).has_value());
  // With room again, a record that is not there is one that we should have had.
  RuleEdits unknown;
  unknown.push(rare(policy::rare_address(RpzTriggerKind::ip, "32.0.0.0.10", "rpz-drop."), false));
  unknown.push(rare(policy::rare_name("xau.example", "CNAME", "rpz-drop."), false));
  EXPECT_FALSE(store_->change_zone(zone("mot.example.", 3), unknown).has_value());
}

}  // namespace
}  // namespace khien::resolver
