#include "codec/rfc3339.h"

#include <gtest/gtest.h>

namespace khien::codec {
namespace {

constexpr InstantMs evening_ms = 1'795'804'200'000;

TEST(Rfc3339, ReadsUtcAndOffsets) {
  EXPECT_EQ(read_rfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(read_rfc3339("2026-11-27T18:30:00Z"), evening_ms);
  EXPECT_EQ(read_rfc3339("2026-11-28T01:30:00+07:00"), evening_ms);
  EXPECT_EQ(read_rfc3339("2026-11-27T13:30:00-05:00"), evening_ms);
  EXPECT_EQ(read_rfc3339("2024-02-29T23:59:59Z"), 1'709'251'199'000);
}

TEST(Rfc3339, RefusesAllElse) {
  for (const auto* const bad :
       {"", "2026-11-27", "2026-11-27T18:30:00", "2026-11-27 18:30:00Z", "2026-02-30T18:30:00Z",
        "2026-11-27T24:00:00Z", "2026-11-27T18:60:00Z", "2026-11-27T18:30:60Z",
        "2026-11-27T18:30:00+0700", "2026-11-27T18:30:00ZZ", "2026-11-27T18:30:00.5Z",
        "2026-11-27t18:30:00z", "2O26-11-27T18:30:00Z", "tomorrow"}) {
    EXPECT_EQ(read_rfc3339(bad), std::nullopt) << bad;
  }
}

TEST(Rfc3339, WritesWhatItReads) {
  EXPECT_EQ(write_rfc3339(evening_ms + 999), "2026-11-27T18:30:00Z");
  EXPECT_EQ(read_rfc3339(write_rfc3339(evening_ms)), evening_ms);
}

}  // namespace
}  // namespace khien::codec
