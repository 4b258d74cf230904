#include "text/suffix_list.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "text/host.h"

namespace khien::text {
namespace {

PublicSuffixList shipped() {
  return *PublicSuffixList::load(KHIEN_SOURCE_DIR "/data/psl/public_suffix_list.dat");
}

TEST(PublicSuffixList, KnowsItsSections) {
  const auto list = shipped();
  EXPECT_EQ(list.section_of("com.vn"), SuffixSection::icann);
  EXPECT_EQ(list.section_of("vn"), SuffixSection::icann);
  EXPECT_EQ(list.section_of("pages.dev"), SuffixSection::hosting);
  EXPECT_EQ(list.section_of("example"), SuffixSection::unlisted);
  EXPECT_EQ(list.section_of("shop.example"), SuffixSection::none);
  EXPECT_TRUE(list.is_public_suffix("com.vn"));
  EXPECT_FALSE(list.is_public_suffix("google.com"));
}

TEST(PublicSuffixList, FindsTheRegistrableDomain) {
  const auto list = shipped();
  EXPECT_EQ(list.registrable_domain("a.b.ngan-hang.com.vn"), "ngan-hang.com.vn");
  EXPECT_EQ(list.registrable_domain("a.b.pages.dev"), "b.pages.dev");
  EXPECT_EQ(list.registrable_domain("com.vn"), std::nullopt);
  EXPECT_EQ(list.registrable_domain("x.shop.example"), "shop.example");
  EXPECT_EQ(list.listed_suffix("a.b.com.vn"), "com.vn");
  EXPECT_EQ(list.listed_suffix("a.example"), "");
}

TEST(PublicSuffixList, RefusesWhatIsNoList) {
  EXPECT_EQ(PublicSuffixList::load("/nonexistent/list.dat").error().code, ErrorCode::not_found);
  EXPECT_EQ(PublicSuffixList::load(KHIEN_SOURCE_DIR "/CMakeLists.txt").error().code,
            ErrorCode::corrupt);
}

TEST(PublicSuffixList, BuiltInIsThere) {
  EXPECT_GT(PublicSuffixList::built_in()->rule_count(), suffix_list_rules_min);
}

// The list's own test table: "host registrable-domain" a line, null for none.
TEST(PublicSuffixList, PassesTheOfficialTable) {
  const std::string path = KHIEN_SOURCE_DIR "/../shared/data/standards/psl/tests/tests.txt";
  std::ifstream table{path};
  if (!table) GTEST_SKIP() << "no " << path;
  const auto list = shipped();
  std::string line;
  int checked = 0;
  while (std::getline(table, line)) {
    std::istringstream words{line};
    std::string host;
    std::string expected;
    if (line.starts_with("//") || !(words >> host >> expected)) continue;
    const auto normalised = host_from(host);
    std::optional<std::string> domain;
    if (normalised) domain = list.registrable_domain(*normalised);
    if (expected == "null") {
      EXPECT_EQ(domain, std::nullopt) << host;
    } else {
      EXPECT_EQ(domain, *host_from(expected)) << host;
    }
    ++checked;
  }
  EXPECT_GE(checked, 70);
}

}  // namespace
}  // namespace khien::text
