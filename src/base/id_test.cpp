#include "base/id.h"

#include <gtest/gtest.h>

namespace khien {
namespace {

struct ThingTag;
using ThingId = Id<ThingTag>;

TEST(Id, SortsByTimeOfCreation) {
  ManualClock clock;
  SeededRng rng{1};
  auto before = ThingId::make(clock, rng);
  for (int i = 0; i < 100; ++i) {
    clock.advance(1);
    const auto after = ThingId::make(clock, rng);
    EXPECT_LT(before, after);
    before = after;
  }
}

TEST(Id, ReadsWhatItWrites) {
  ManualClock clock;
  SeededRng rng{2};
  const auto id = ThingId::make(clock, rng);
  const auto read = ThingId::parse(id.value);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(*read, id);
}

TEST(Id, RefusesWrongLengthLettersAndOverflow) {
  for (const char* text : {"", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
                           "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01arz3ndektsv4rrffq69g5fav",
                           "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5F'V"}) {
    EXPECT_FALSE(ThingId::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace khien
