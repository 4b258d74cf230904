#include "pages/moment.h"

#include <gtest/gtest.h>

namespace khien::pages {
namespace {

TEST(Moment, IsSevenHoursAheadOfUtc) {
  EXPECT_EQ(moment_text(1'767'225'600'000), "07:00 01/01/2026");            // 2026-01-01 00:00 UTC
  EXPECT_EQ(date_text(1'767'225'600'000 - 8 * ms_per_hour), "31/12/2025");  // 16:00 UTC, 23:00 here
  EXPECT_EQ(moment_text(1'772'297'940'000), "23:59 28/02/2026");            // before a March 1st
}

}  // namespace
}  // namespace khien::pages
