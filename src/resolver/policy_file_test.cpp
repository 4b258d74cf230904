// A policy document on disk: taken whole, refused whole, and followed through the day.
#include "resolver/policy_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace khien::resolver {
namespace {

constexpr InstantMs monday_6_59_h = 1'767'571'200'000 - ms_per_minute;  // 2026-01-05 06:59 +07:00
const auto ads = policy::mask_of(*policy::parse_source("choice-ads"));

class PolicyFileTest : public ::testing::Test {
 protected:
  PolicyFileTest()
      : path_(std::filesystem::path{testing::TempDir()} /
              ("policies-" + std::to_string(getpid()) + ".json")) {}
  ~PolicyFileTest() override { std::filesystem::remove(path_); }

  // As a careful operator does: beside it, then renamed over it.
  void write(std::string_view text) {
    const std::filesystem::path beside = path_.string() + ".new";
    std::ofstream{beside} << text;
    std::filesystem::rename(beside, path_);
  }
  void write_choices(std::string_view choices) {
    write(R"({"version": 1, "default": "all", "policies": {"all": {"choices": [)" +
          std::string{choices} + "]}}}");
  }
  bool blocks_ads() {
    return (file_.published().get()->of({}, policy::no_entry_point).policy.sources & ads) != 0;
  }

  std::filesystem::path path_;
  ManualClock clock_{monday_6_59_h};
  Metrics metrics_;
  PolicyFile file_{path_, {}, clock_, metrics_};
};

TEST_F(PolicyFileTest, IsTakenWhenItChanges) {
  write_choices("");
  ASSERT_TRUE(file_.load().has_value());
  EXPECT_FALSE(blocks_ads());
  write_choices("\"choice-ads\"");
  file_.look();
  EXPECT_TRUE(blocks_ads());
  EXPECT_FALSE(file_.load().value());  // the same file
}

TEST_F(PolicyFileTest, AListenerThatNobodyListensOnIsCounted) {
  const auto write_listener = [&](std::string_view listener) {
    write(R"({"version": 1, "policies": {"all": {}}, "networks": [{"name": "lop", "policy": "all",
              "listeners": ["192.0.2.1:53", ")" +
          std::string{listener} + "\"]}]}");
  };
  const auto unheard = [&] {
    return metrics_.gauge("khien_dnsd_policies_listeners_unheard", "").value();
  };
  write_listener("[2001:db8::2]:53");
  ASSERT_TRUE(file_.load().has_value());
  EXPECT_EQ(unheard(), 0);  // nobody has said yet where we listen
  file_.listening_on({"192.0.2.1:53", "192.0.2.1:853"});
  EXPECT_EQ(unheard(), 1);
  write_listener("192.0.2.1:853");
  file_.look();
  EXPECT_EQ(unheard(), 0);
}

TEST_F(PolicyFileTest, ABadOneLeavesTheLastGoodOneAndSaysWhyUntilAGoodOneComes) {
  write_choices("\"choice-ads\"");
  ASSERT_TRUE(file_.load().has_value());
  write_choices("\"choice-politics\"");
  file_.look();
  EXPECT_TRUE(blocks_ads());
  EXPECT_NE(file_.problem().find("/policies/all/choices/0: there is no network choice"),
            std::string::npos);
  EXPECT_NE(metrics_.exposition().find("khien_dnsd_policies_degraded 1"), std::string::npos);
  EXPECT_NE(metrics_.exposition().find("outcome=\"refused\"} 1"), std::string::npos);
  file_.look();  // it is not read, logged and counted again and again
  EXPECT_NE(metrics_.exposition().find("outcome=\"refused\"} 1"), std::string::npos);
  std::filesystem::remove(path_);
  file_.look();
  EXPECT_TRUE(blocks_ads());
  EXPECT_FALSE(file_.problem().empty());
  write_choices("");
  file_.look();
  EXPECT_FALSE(blocks_ads());
  EXPECT_EQ(file_.problem(), "");
  EXPECT_NE(metrics_.exposition().find("khien_dnsd_policies_degraded 0"), std::string::npos);
}

TEST_F(PolicyFileTest, AnAbsentOneIsAnErrorThatNamesIt) {
  const auto loaded = file_.load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_NE(loaded.error().message.find(path_.string()), std::string::npos);
}

TEST_F(PolicyFileTest, FollowsTheTimeOfDay) {
  write(R"({"version": 1, "default": "school", "policies": {"school": {"schedules": [
            {"choices": ["choice-ads"], "set": "on", "from": "07:00", "to": "17:00"}]}}})");
  ASSERT_TRUE(file_.load().has_value());
  EXPECT_FALSE(blocks_ads());
  clock_.advance(ms_per_minute);
  file_.look();
  EXPECT_TRUE(blocks_ads());
  const auto before = file_.published().generation();
  clock_.advance(ms_per_hour);
  file_.look();
  EXPECT_EQ(file_.published().generation(), before);  // nothing for workers to take
  clock_.advance(9 * ms_per_hour);
  file_.look();
  EXPECT_FALSE(blocks_ads());
}

// A reload, and an hour of a schedule, leave each policy the row that it is counted in.
TEST_F(PolicyFileTest, APolicyKeepsItsRowWhileItsNameStays) {
  const auto row_of_others = [&] {
    return file_.published().get()->of({}, policy::no_entry_point).row;
  };
  const auto document = [&](std::string_view used, std::string_view others) {
    write(R"({"version": 1, "default": ")" + std::string{used} + R"(", "policies": {")" +
          std::string{used} + R"(": {"schedules": [{"choices": ["choice-ads"], "set": "on",)" +
          R"( "days": ["mon"], "from": "07:00", "to": "08:00"}]})" + std::string{others} + "}}");
    file_.look();
    ASSERT_EQ(file_.problem(), "");
  };
  document("lop", R"(, "khac": {})");
  const std::uint32_t row = row_of_others();
  EXPECT_NE(row, 0U);
  EXPECT_EQ(file_.counted().size(), 3U);  // and those without one
  clock_.advance(ms_per_minute);          // 07:00
  file_.look();
  ASSERT_TRUE(blocks_ads());
  EXPECT_EQ(row_of_others(), row);
  document("moi", R"(, "lop": {})");
  EXPECT_NE(row_of_others(), row);
  EXPECT_EQ(file_.counted().size(), 3U);
  document("lop", "");
  EXPECT_EQ(row_of_others(), row);
  EXPECT_EQ(file_.counted().size(), 2U);
}

}  // namespace
}  // namespace khien::resolver
