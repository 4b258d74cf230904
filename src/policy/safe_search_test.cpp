#include "policy/safe_search.h"

#include <gtest/gtest.h>

#include "dns/name.h"

namespace khien::policy {
namespace {

std::string target(SafeSearch wanted, std::string_view name) {
  const auto qname = dns::Name::from_text(name);
  const Bytes found = safe_search_target(wanted, qname->wire());
  return found.empty() ? "" : dns::NameView::parse(found).value().to_text();
}

TEST(SafeSearch, LeadsEachEngineToTheNameThatItPublishes) {
  EXPECT_EQ(target(safe_google, "www.google.com"), "forcesafesearch.google.com.");
  EXPECT_EQ(target(safe_google, "google.com.vn"), "forcesafesearch.google.com.");
  EXPECT_EQ(target(safe_google, "www.google.co.uk"), "forcesafesearch.google.com.");
  EXPECT_EQ(target(safe_google, "www.google.vu"), "forcesafesearch.google.com.");
  EXPECT_EQ(target(safe_bing, "www.bing.com"), "strict.bing.com.");
  EXPECT_EQ(target(safe_duckduckgo, "duckduckgo.com"), "safe.duckduckgo.com.");
  EXPECT_EQ(target(safe_youtube, "m.youtube.com"), "restrict.youtube.com.");
  EXPECT_EQ(target(safe_youtube_moderate, "www.youtube.com"), "restrictmoderate.youtube.com.");
}

TEST(SafeSearch, ChangesNothingElse) {
  for (const auto* name :
       {"mail.google.com", "www.google.example", "google", "www.google", "google.com.example",
        "www.google.comvn", "www.google.a.b.c.d", "forcesafesearch.google.com", "www.shop.example",
        "strict.bing.com", "maps.google.co.uk", "www.www.google.com", "restrict.youtube.com"}) {
    EXPECT_EQ(target(0xFF, name), "") << name;
  }
  EXPECT_EQ(target(0, "www.google.com"), "");
  EXPECT_EQ(target(safe_bing, "www.google.com"), "");
}

TEST(SafeSearch, ReadsItsOwnWordsOnly) {
  EXPECT_EQ(parse_safe_search("youtube-moderate"), safe_youtube_moderate);
  EXPECT_EQ(parse_safe_search("Google"), std::nullopt);
}

}  // namespace
}  // namespace khien::policy
