#include "publish/change_gate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "publish/canaries.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

constexpr GateLimits limits;
const GoodName popular{.name = "tin.example", .why = "popular", .orderable = true};
const GoodName never{.name = "so.example", .why = "never_block"};

TEST(JudgeAdd, AFewOrdersPassInASmallZone) {
  EXPECT_EQ(judge_add({}, limits), std::nullopt);
  EXPECT_EQ(judge_add({.added_in_window = limits.adds_free - 1}, limits), std::nullopt);
  EXPECT_EQ(judge_add({.added_in_window = limits.adds_free}, limits), HoldReason::too_many);
}

TEST(JudgeAdd, APercentageOfALargeZonePassesUpToTheMaximum) {
  // 1 % of 30,000 names.
  EXPECT_EQ(judge_add({.added_in_window = 299, .names_in_zone = 30'000}, limits), std::nullopt);
  EXPECT_EQ(judge_add({.added_in_window = 300, .names_in_zone = 30'000}, limits),
            HoldReason::too_many);
  EXPECT_EQ(judge_add({.added_in_window = 499, .names_in_zone = 10'000'000}, limits), std::nullopt);
  EXPECT_EQ(judge_add({.added_in_window = 500, .names_in_zone = 10'000'000}, limits),
            HoldReason::too_many);
}

TEST(JudgeAdd, AGoodNameNeedsTwoSignersWhoSawIt) {
  EXPECT_EQ(judge_add({.good = popular}, limits), HoldReason::good_names);
  EXPECT_EQ(judge_add({.warrant = Warrant::two_signers, .good = popular}, limits), std::nullopt);
  // What nobody may order is an accident, whatever the database says of signatures.
  EXPECT_EQ(judge_add({.warrant = Warrant::two_signers, .good = never}, limits),
            HoldReason::good_names);
}

TEST(JudgeAdd, ManySignedGoodNamesAreAnAccidentAllTheSame) {
  EXPECT_EQ(judge_add({.warrant = Warrant::two_signers,
                       .good = popular,
                       .good_in_window = limits.good_signed_max - 1},
                      limits),
            std::nullopt);
  EXPECT_EQ(judge_add({.warrant = Warrant::two_signers,
                       .good = popular,
                       .good_in_window = limits.good_signed_max},
                      limits),
            HoldReason::good_names);
}

// After a restore the zones are built from all that the database has: no burst, and no excuse.
TEST(JudgeAdd, WhatWasServedBeforeIsNoBurstButMayBeAnAccident) {
  EXPECT_EQ(judge_add({.served_before = true, .added_in_window = 100'000}, limits), std::nullopt);
  EXPECT_EQ(judge_add({.warrant = Warrant::two_signers,
                       .served_before = true,
                       .good = popular,
                       .good_in_window = 100},
                      limits),
            std::nullopt);
  EXPECT_EQ(judge_add({.served_before = true, .good = popular}, limits), HoldReason::good_names);
  EXPECT_EQ(judge_add({.blocks_canary = true, .served_before = true}, limits), HoldReason::canary);
}

TEST(JudgeAdd, StopsAndCanariesHoldAndAReleasePassesAll) {
  EXPECT_EQ(judge_add({.stopped = true, .good = never}, limits), HoldReason::stopped);
  EXPECT_EQ(judge_add({.warrant = Warrant::two_signers, .blocks_canary = true}, limits),
            HoldReason::canary);
  EXPECT_EQ(judge_add({.warrant = Warrant::released,
                       .stopped = true,
                       .blocks_canary = true,
                       .good = never,
                       .added_in_window = 100'000},
                      limits),
            std::nullopt);
}

TEST(JudgeSet, AJudgedListOfAnySizePassesButNoGoodName) {
  EXPECT_EQ(judge_set({.adds = 1'000'000}, limits), std::nullopt);
  EXPECT_EQ(judge_set({.good_count = 1, .adds = 1'000'000}, limits), HoldReason::good_names);
  EXPECT_EQ(judge_set({.blocks_canary = true, .adds = 1}, limits), HoldReason::canary);
  EXPECT_EQ(judge_set({.stopped = true, .adds = 1}, limits), HoldReason::stopped);
  EXPECT_EQ(judge_set({.warrant = Warrant::none, .adds = 501, .names_in_zone = 1'000'000}, limits),
            HoldReason::too_many);
}

TEST(JudgeSet, AGuardedListWaitsUntilAPersonEndsTheGuard) {
  EXPECT_EQ(
      judge_set({.stopped = true, .guarded = HoldReason::rolled_back, .good_count = 5, .adds = 1},
                limits),
      HoldReason::rolled_back);
  EXPECT_EQ(judge_set({.guarded = HoldReason::rejected, .adds = 0}, limits), std::nullopt);
}

TEST(HoldReasons, HaveWordsThatReadBack) {
  for (const auto reason : {HoldReason::good_names, HoldReason::canary, HoldReason::too_many,
                            HoldReason::rolled_back, HoldReason::stopped, HoldReason::rejected}) {
    EXPECT_EQ(parse_hold_reason(to_string(reason)), reason);
  }
  EXPECT_EQ(parse_hold_reason("reasons"), std::nullopt);
}

/// A zone of rules as text: "a.example" for a host, "*.a.example" for all that lies below.
Canaries::Look zone_of(std::vector<std::string> records) {
  return [records = std::move(records)](const Canaries::Asked& asked) {
    const auto has = [&](const std::string& text) {
      return std::find(records.begin(), records.end(), text) != records.end();
    };
    return Shown{.name = has(asked.text), .below = has("*." + asked.text)};
  };
}

TEST(CanaryTest, AreAskedWithTheirWwwAndUpwards) {
  const Canaries canaries{{"Bao.Tin.example", "kho.example", "not a name..", "example"}};
  const auto empty = zone_of({});
  const auto blocked = [&](std::vector<std::string> records) {
    return canaries.first_blocked(empty, zone_of(std::move(records))).value_or("");
  };
  EXPECT_EQ(blocked({}), "");
  EXPECT_EQ(blocked({"bao.tin.example"}), "bao.tin.example");
  EXPECT_EQ(blocked({"*.tin.example"}), "bao.tin.example");
  EXPECT_EQ(blocked({"tin.example"}), "");  // the host above alone covers nothing below
  EXPECT_EQ(blocked({"*.kho.example"}), "www.kho.example");
  EXPECT_EQ(blocked({"www.kho.example"}), "www.kho.example");
  EXPECT_EQ(blocked({"a.kho.example", "*.a.kho.example"}), "");
  // What was blocked before is not this change's doing.
  const auto before = zone_of({"kho.example"});
  EXPECT_EQ(canaries.first_blocked(before, zone_of({"kho.example", "x.example"})), std::nullopt);
  EXPECT_TRUE(canaries.concern("tin.example"));
  EXPECT_TRUE(canaries.concern("www.kho.example"));
  EXPECT_FALSE(canaries.concern("a.kho.example"));
}

TEST(CanaryTest, TheShippedOnesAreThere) {
  const std::vector<std::filesystem::path> folders{KHIEN_SOURCE_DIR "/data", "/nowhere"};
  const auto names = load_canaries(folders);
  ASSERT_TRUE(names.has_value()) << names.error().message;
  EXPECT_GE(names->size(), 50U);
  EXPECT_NE(std::find(names->begin(), names->end(), "chinhphu.vn"), names->end());
}

TEST(CanaryTest, TooManyAreRefused) {
  TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "canaries");
  const auto list = [&](std::size_t count) {
    std::string text =
        "# khien never-block list, format 1\n# name: own\n# title-vi: a\n# title-en: a\n"
        "# owner: a\n# source: a\n# licence: a\n# date: 2026-11-28\n# severity: refuse\n"
        "# below: refuse\n";
    for (std::size_t i = 0; i < count; ++i) text += "n" + std::to_string(i) + ".example\n";
    std::ofstream{folder.path() / "canaries" / "own.txt"} << text;
    return load_canaries(std::vector{folder.path()});
  };
  EXPECT_EQ(list(canaries_max)->size(), canaries_max);
  EXPECT_EQ(list(canaries_max + 1).error().code, ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace khien::publish
