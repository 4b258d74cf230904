// Settings, grounds and the calendar as an operator enters them, on every engine: dated, with the
// decision that they rest on, and a leaf each.
#include <gtest/gtest.h>

#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

constexpr ConfigurationAct act{.basis = "operator", .reason = "QĐ 12/QĐ-UBND"};

class ConfigurationOnEngine : public testing::Desk {
 protected:
  LegalInstrument draft() {
    return {.id = {},
            .title_vi = "Nghị định thử",
            .title_en = "Test decree",
            .article = "Điều 5",
            .url = "https://van-ban.example/5",
            .categories = {Category::phishing},
            .valid_from_ms = clock.now_ms() - ms_per_day,
            .valid_until_ms = std::nullopt};
  }
  Result<LegalInstrument> add(LegalInstrument instrument, const ConfigurationAct& by = act) {
    return run([&](store::Transaction& tx) { return add_instrument(tx, context, by, instrument); });
  }
  Result<void> end(const InstrumentId& id, std::optional<InstantMs> until_ms) {
    return run(
        [&](store::Transaction& tx) { return end_instrument(tx, context, act, id, until_ms); });
  }
  Result<void> set(Setting setting, std::string_view value, const ConfigurationAct& by = act) {
    return run([&](store::Transaction& tx) {
      return change_setting(tx, context, by, setting, value, clock.now_ms());
    });
  }
  std::int64_t leaves(const std::string& type) {
    const auto row = look([&](store::Executor& ex) {
      return ex.query_one("SELECT count(*) FROM ledger_leaf WHERE entry LIKE $1",
                          {"%\"basis\":\"operator\"%\"type\":\"" + type + "\"%"});
    });
    return row && *row ? (*row)->integer(0) : -1;
  }
  std::vector<LegalInstrument> in_force(Category category) {
    auto found =
        look([&](store::Executor& ex) { return list_instruments(ex, clock.now_ms(), category); });
    return found.value_or(std::vector<LegalInstrument>{});
  }
  static bool holds(const std::vector<LegalInstrument>& list, const InstrumentId& id) {
    return std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.id == id; });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ConfigurationOnEngine, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(ConfigurationOnEngine, AGroundCarriesItsCategoriesUntilItsEnd) {
  const auto added = add(draft());
  ASSERT_TRUE(added.has_value()) << added.error().message;
  EXPECT_TRUE(holds(in_force(Category::phishing), added->id));
  EXPECT_FALSE(holds(in_force(Category::malware), added->id));
  EXPECT_EQ(leaves("instrument.added"), 1);

  ASSERT_TRUE(end(added->id, clock.now_ms() + ms_per_day).has_value());
  EXPECT_TRUE(holds(in_force(Category::phishing), added->id));
  clock.advance(ms_per_day);
  EXPECT_FALSE(holds(in_force(Category::phishing), added->id));
  EXPECT_EQ(leaves("instrument.ended"), 1);
  EXPECT_EQ(end(added->id, clock.now_ms() + ms_per_day).error().reason, "already_ended")
      << "what has ended is not opened again";
  const auto all = look([](store::Executor& ex) { return list_all_instruments(ex); });
  EXPECT_TRUE(holds(*all, added->id)) << "past orders still show it";
}

TEST_P(ConfigurationOnEngine, AnEndIsNeverInThePast) {
  const auto added = add(draft());
  ASSERT_TRUE(added.has_value());
  EXPECT_EQ(end(added->id, clock.now_ms() - 1).error().reason, "end_date_past");
  EXPECT_TRUE(end(added->id, std::nullopt).has_value()) << "at once";
  EXPECT_FALSE(holds(in_force(Category::phishing), added->id));
  EXPECT_EQ(end(InstrumentId{"01KHNAAAAAAAAAAAAAAAAAAAAA"}, clock.now_ms()).error().code,
            ErrorCode::not_found);
}

TEST_P(ConfigurationOnEngine, WhatIsNoGroundIsRefused) {
  auto bad = draft();
  bad.title_en = " ";
  EXPECT_EQ(add(bad).error().reason, "bad_setting");
  bad = draft();
  bad.url = "javascript:alert(1)";
  EXPECT_EQ(add(bad).error().reason, "bad_setting");
  bad = draft();
  bad.valid_until_ms = bad.valid_from_ms;
  EXPECT_EQ(add(bad).error().reason, "bad_setting");
  bad = draft();
  bad.categories = {Category::choice_ads};
  EXPECT_EQ(add(bad).error().reason, "choice_category");
  EXPECT_EQ(add(draft(), {.basis = "operator", .reason = ""}).error().reason, "reason_needed");
  EXPECT_EQ(leaves("instrument.added"), 0);
}

TEST_P(ConfigurationOnEngine, SettingsAreDatedAndChecked) {
  ASSERT_TRUE(set(Setting::number_prefix, "HP1").has_value());
  ASSERT_TRUE(set(Setting::body_name_vi, "Công an thành phố").has_value());
  for (const auto* bad : {"", "hp", "TOOLONG", "A-B"}) {
    EXPECT_EQ(set(Setting::number_prefix, bad).error().reason, "bad_setting") << bad;
  }
  EXPECT_EQ(set(Setting::number_prefix, "AB", {.basis = "operator", .reason = "x"}).error().reason,
            "reason_needed");
  const auto now = look([&](store::Executor& ex) {
    return read_setting(ex, Setting::number_prefix, clock.now_ms());
  });
  EXPECT_EQ(now.value_or(""), "HP1");
  const auto before = look([&](store::Executor& ex) {
    return read_setting(ex, Setting::number_prefix, clock.now_ms() - 1);
  });
  EXPECT_EQ(before.value_or(""), "NB") << "a past record keeps the configuration of its day";
  EXPECT_EQ(leaves("setting.changed"), 2);
}

TEST_P(ConfigurationOnEngine, ADayOffIsReadBack) {
  const auto day = parse_day("2028-01-26");
  ASSERT_TRUE(day.has_value());
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return set_special_day(tx, context, act, *day, SpecialDay::holiday, "Tết Mậu Thân");
              }).has_value());
  const auto days = look([](store::Executor& ex) { return list_special_days(ex); });
  ASSERT_TRUE(days.has_value());
  EXPECT_EQ(days->back().day, "2028-01-26");
  EXPECT_EQ(days->back().name, "Tết Mậu Thân");
  EXPECT_EQ(leaves("calendar.changed"), 1);
}

}  // namespace
}  // namespace khien::cases
