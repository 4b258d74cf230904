#include "feeds/intake.h"

#include <gtest/gtest.h>

namespace khien::feeds {
namespace {

const cases::ImpactData& data() {
  static const auto loaded = [] {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return cases::ImpactData::load(std::span{&shipped, 1}, {"chan.khien-mau.vn"});
  }();
  return *loaded;
}

FeedDraft draft(Category category, cases::Scope scope = cases::Scope::host) {
  return {.name = "mẫu",
          .source = "a.txt",
          .category = category,
          .scope = scope,
          .entries_max = 1'000,
          .reason = "thử"};
}

Result<IntakeResult> take(std::string_view text, const FeedDraft& feed) {
  Intake intake{data(), feed};
  if (auto read = intake.read(text); !read) return tl::unexpected(std::move(read).error());
  return intake.finish();
}

TEST(Intake, RefusesWhatNoListMayBlock) {
  const auto got = take(
      "xau.example\nxau.example\ncom.vn\ngoogle.com\nmail.google.com\n01net.com\n192.0.2.1\n"
      "chan.khien-mau.vn\nmay.local\nhai ten\nkhac.example\nd1.cloudfront.net\nabc.pages.dev\n",
      draft(Category::phishing));
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->set.size(), 3U);
  EXPECT_TRUE(got->set.contains("abc.pages.dev"));
  EXPECT_EQ(got->counts.read, 13U);
  EXPECT_EQ(got->counts.duplicate, 1U);
  EXPECT_EQ(got->counts.refused, 9U);
  EXPECT_EQ(got->counts.refused_reasons.at("public_suffix"), 1U);
  EXPECT_EQ(got->counts.refused_reasons.at("never_block"), 1U);
  EXPECT_EQ(got->counts.refused_reasons.at("never_block_above"), 2U);
  EXPECT_EQ(got->counts.refused_reasons.at("popular"), 1U);
  EXPECT_EQ(got->counts.refused_reasons.at("own_service"), 1U);
  EXPECT_EQ(got->counts.refused_reasons.at("bad_syntax"), 1U);
  EXPECT_EQ(got->good_names, 4);
}

TEST(Intake, ANetworksOwnChoiceMayNamePopularSites) {
  const auto got =
      take("01net.com\nads.google.com\ngoogle.com\ncom.vn\n", draft(Category::choice_ads));
  ASSERT_TRUE(got.has_value());
  EXPECT_TRUE(got->set.contains("01net.com"));
  EXPECT_TRUE(got->set.contains("ads.google.com"));
  EXPECT_EQ(got->set.size(), 2U);
}

TEST(Intake, DomainScopeCoversWhatLiesBelow) {
  const auto text = "b.example\na.b.example\n";
  const auto hosts = take(text, draft(Category::fraud));
  const auto domains = take(text, draft(Category::fraud, cases::Scope::domain));
  EXPECT_EQ(hosts->set.size(), 2U);
  EXPECT_EQ(domains->set.size(), 1U);
  EXPECT_EQ(domains->counts.redundant, 1U);
}

// A popular name with popular names below it: never a crime's feed, but a network's own choice.
TEST(RefusalOf, CrimeAndChoiceDiffer) {
  EXPECT_EQ(refusal_of(data(), Category::fraud, "bp.blogspot.com", cases::Scope::domain),
            cases::FindingKind::popular);
  EXPECT_EQ(refusal_of(data(), Category::choice_ads, "bp.blogspot.com", cases::Scope::domain),
            std::nullopt);
}

TEST(Intake, RefusesWhatIsNoList) {
  const auto reason = [](std::string_view text, exchange::ListFormat format) {
    auto feed = draft(Category::fraud);
    feed.format = format;
    const auto got = take(text, feed);
    return got ? std::string{"a list"} : got.error().reason;
  };
  using enum exchange::ListFormat;
  EXPECT_EQ(reason("", domains), "empty_list");
  EXPECT_EQ(reason("# nothing\n\n", domains), "empty_list");
  EXPECT_EQ(reason("a.example\nb c\n", domains), "a list");  // half is not most
  EXPECT_EQ(reason("a.example\nb c\nd e\n", domains), "not_a_list");
  EXPECT_EQ(reason("https://a.example/x\nhttps://b.example/\n", domains), "not_a_list");
  EXPECT_EQ(reason("||a.example^\n||b.example^\n", domains), "not_a_list");
  EXPECT_EQ(reason("a.example\nb.example\n", hosts), "not_a_list");
  // Rules that have no meaning in DNS are most of an AdBlock list.
  EXPECT_EQ(reason("||a.example^\nb.example##.ad\nc.example##.ad\n/banner/*\n", adblock), "a list");
}

TEST(Intake, StopsAtTheFeedsCap) {
  auto feed = draft(Category::fraud);
  feed.entries_max = 2;
  EXPECT_TRUE(take("a.example\nb.example\na.example\n", feed).has_value());
  EXPECT_EQ(take("a.example\nb.example\nc.example\n", feed).error().reason, "entries_max");
  std::string many;
  for (int i = 0; i < 10; ++i) many += "a.example\n";
  EXPECT_EQ(take(many, feed).error().reason, "entries_max");
}

}  // namespace
}  // namespace khien::feeds
