#include "dns/name.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "dns/test_packets.h"

namespace khien::dns {
namespace {

std::string long_text(std::size_t label_count, std::size_t label_size) {
  std::string text;
  for (std::size_t i = 0; i < label_count; ++i) text += std::string(label_size, 'a') + ".";
  return text;
}

TEST(Name, ReadsTextToWire) {
  const Name name = name_of("Ngan-Hang.example.");
  EXPECT_EQ(as_text(name.wire()), std::string_view("\x09Ngan-Hang\x07"
                                                   "example\0",
                                                   19));
  EXPECT_EQ(name.to_text(), "Ngan-Hang.example.");
  EXPECT_EQ(name_of("ngan-hang.example").to_text(), "ngan-hang.example.");
}

TEST(Name, TheRootIsOneDot) {
  EXPECT_TRUE(name_of(".").is_root());
  EXPECT_EQ(Name{}.to_text(), ".");
  EXPECT_EQ(Name{}.size(), 1U);
  EXPECT_EQ(Name{}.parent(), Name{});
}

TEST(Name, EscapesReadBack) {
  const Name name = name_of("a\\.b\\000\\255\\\\.x\\@y.example.");
  EXPECT_EQ(name.label_count(), 3U);
  EXPECT_EQ(name.view().first_label().size(), 6U);
  EXPECT_EQ(name.to_text(), "a\\.b\\000\\255\\\\.x\\@y.example.");
}

TEST(Name, RefusesBadText) {
  for (const char* text : {"", "..", ".a", "a..b", "a\\", "a\\25", "a\\256", "a\\1x2"}) {
    const auto name = Name::from_text(text);
    ASSERT_FALSE(name.has_value()) << text;
    EXPECT_EQ(name.error().code, ErrorCode::malformed);
    EXPECT_EQ(name.error().reason, "bad_name");
  }
}

TEST(Name, LimitsAreReachedAndNotPassed) {
  EXPECT_TRUE(Name::from_text(std::string(63, 'a')).has_value());
  EXPECT_FALSE(Name::from_text(std::string(64, 'a')).has_value());
  // 3 * 64 + 62 + 1 = 255 octets.
  const std::string longest = long_text(3, 63) + std::string(61, 'b') + ".";
  ASSERT_TRUE(Name::from_text(longest).has_value());
  EXPECT_EQ(Name::from_text(longest)->size(), name_size_max);
  EXPECT_FALSE(Name::from_text(long_text(3, 63) + std::string(62, 'b')).has_value());
  EXPECT_EQ(name_of(long_text(127, 1)).label_count(), label_count_max);
  EXPECT_FALSE(Name::from_text(long_text(128, 1)).has_value());
}

TEST(Name, RefusesEveryTruncationOfTheWire) {
  const Name name = name_of("www.ngan-hang.example.");
  for (std::size_t size = 0; size < name.size(); ++size) {
    const auto view = NameView::parse(name.wire().first(size));
    ASSERT_FALSE(view.has_value()) << size;
    EXPECT_EQ(view.error(), WireError::truncated) << size;
  }
}

TEST(Name, RefusesPointersLongLabelsAndMore) {
  const auto error_of = [](Octets octets) { return NameView::parse(octets).error(); };
  EXPECT_EQ(error_of({0xC0, 0x0C}), WireError::bad_label);
  EXPECT_EQ(error_of({0x40, 'a', 0}), WireError::bad_label);
  EXPECT_EQ(error_of({1, 'a', 0, 0}), WireError::trailing_octets);
  Octets too_long;
  for (int i = 0; i < 128; ++i) append(too_long, Octets{1, 'a'});
  too_long.push_back(0);
  EXPECT_EQ(error_of(too_long), WireError::name_too_long);
}

TEST(Name, ComparesWithoutCase) {
  EXPECT_EQ(name_of("ExAmPlE."), name_of("example"));
  EXPECT_NE(name_of("a.example."), name_of("b.example."));
  EXPECT_EQ(std::hash<Name>{}(name_of("EXAMPLE")), std::hash<Name>{}(name_of("example")));
  EXPECT_EQ(name_of("A.Example").lower().to_text(), "a.example.");
  // Only ASCII folds: 0xC0 and 0xE0 are different octets.
  EXPECT_NE(name_of("\\192.example"), name_of("\\224.example"));
}

// The example of RFC 4034 section 6.1.
TEST(Name, SortsInCanonicalOrder) {
  const std::vector<Name> sorted{
      name_of("example."),         name_of("a.example."),      name_of("yljkjljk.a.example."),
      name_of("Z.a.example."),     name_of("zABC.a.EXAMPLE."), name_of("z.example."),
      name_of("\\001.z.example."), name_of("*.z.example."),    name_of("\\200.z.example.")};
  auto shuffled = sorted;
  std::reverse(shuffled.begin(), shuffled.end());
  std::sort(shuffled.begin(), shuffled.end());
  EXPECT_EQ(shuffled, sorted);
}

TEST(Name, KnowsWhatLiesBelow) {
  const Name zone = name_of("example.");
  EXPECT_TRUE(name_of("www.EXAMPLE.").is_below(zone));
  EXPECT_TRUE(zone.is_at_or_below(zone));
  EXPECT_FALSE(zone.is_below(zone));
  EXPECT_FALSE(name_of("notexample.").is_at_or_below(zone));
  EXPECT_TRUE(zone.is_below(Name{}));
  // The octets of "example." stand inside this one label without being its suffix.
  EXPECT_FALSE(name_of("\\007example.").is_at_or_below(zone));
}

TEST(Name, PrependsJoinsAndCuts) {
  const Name zone = name_of("orders-phishing.rpz.khien.");
  const auto joined = join(name_of("a.example."), zone);
  ASSERT_TRUE(joined.has_value());
  EXPECT_EQ(joined->to_text(), "a.example.orders-phishing.rpz.khien.");
  EXPECT_EQ(relative_to(*joined, zone), name_of("a.example."));
  EXPECT_EQ(relative_to(zone, zone), Name{});
  EXPECT_EQ(joined->prepend(as_bytes("*"))->to_text(), "*." + joined->to_text());
  EXPECT_TRUE(joined->prepend(as_bytes("*"))->is_wildcard());
  EXPECT_EQ(zone.prepend({}).error(), WireError::bad_label);
  EXPECT_EQ(zone.prepend(Octets(64, 'a')).error(), WireError::bad_label);
  const Name longest = name_of(long_text(3, 63) + std::string(61, 'b'));
  EXPECT_EQ(longest.prepend(as_bytes("a")).error(), WireError::name_too_long);
  EXPECT_EQ(join(longest, zone).error(), WireError::name_too_long);
}

// Any wire name goes to text and back without loss.
TEST(Name, TextRoundTripOfRandomNames) {
  SeededRng rng{20'260'101};
  for (int round = 0; round < 2'000; ++round) {
    Octets wire;
    const std::size_t label_count = rng.below(6);
    for (std::size_t i = 0; i < label_count; ++i) {
      Octets label(1 + rng.below(40));
      rng.fill(label);
      wire.push_back(static_cast<std::uint8_t>(label.size()));
      append(wire, label);
    }
    wire.push_back(0);
    const auto name = Name::from_wire(wire);
    ASSERT_TRUE(name.has_value());
    const auto again = Name::from_text(name->to_text());
    ASSERT_TRUE(again.has_value()) << name->to_text();
    EXPECT_TRUE(std::ranges::equal(again->wire(), wire));
  }
}

}  // namespace
}  // namespace khien::dns
