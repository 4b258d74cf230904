#include "pages/catalogue.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "pages/embedded.h"

namespace khien::pages {
namespace {

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() {
    std::string name = testing::TempDir() + "khien-texts-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~CatalogueTest() override { std::filesystem::remove_all(folder_); }
  void write(const char* name, const char* text) { std::ofstream{folder_ / name} << text; }
  std::filesystem::path folder_;
};

TEST_F(CatalogueTest, JoinsTheFilesOfALanguage) {
  write("vi.json", R"({"a": "một"})");
  write("public.vi.json", R"({"b": "hai"})");
  write("en.json", R"({"a": "one", "b": "two"})");
  const auto catalogue = Catalogue::load(folder_);
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().message;
  EXPECT_EQ(catalogue->text("vi", "b"), "hai");
  EXPECT_EQ(catalogue->text("en", "a"), "one");
  EXPECT_EQ(catalogue->text("vi", "none"), "none");
}

TEST_F(CatalogueTest, RefusesAKeyThatIsMissingOrTwice) {
  EXPECT_FALSE(Catalogue::load(folder_).has_value());
  write("vi.json", R"({"a": "một", "b": "hai"})");
  write("en.json", R"({"a": "one"})");
  EXPECT_FALSE(Catalogue::load(folder_).has_value());
  write("x.en.json", R"({"a": "again", "b": "two"})");
  EXPECT_FALSE(Catalogue::load(folder_).has_value());
}

// Every text that a template asks for is there, so no reader ever sees a key.
TEST(ShippedTexts, CoverEveryTemplate) {
  const auto catalogue = Catalogue::load(KHIEN_SOURCE_DIR "/i18n");
  ASSERT_TRUE(catalogue.has_value()) << catalogue.error().message;
  const std::regex tag{R"(\{\{t\.([a-z0-9_.-]+)\}\})"};
  int count = 0;
  for (const char* name :
       {"layout_top", "layout_end", "report", "received", "status", "lookup", "register", "order",
        "object", "objection_received", "objection_status", "help", "error"}) {
    const std::string source{embedded_templates(std::string{name} + ".html")};
    ASSERT_FALSE(source.empty()) << name;
    for (std::sregex_iterator it{source.begin(), source.end(), tag}, end; it != end; ++it) {
      EXPECT_TRUE(catalogue->has((*it)[1].str())) << (*it)[1];
      ++count;
    }
  }
  EXPECT_GT(count, 90);
}

TEST(ChooseLanguage, TakesTheLinkThenTheBrowserThenVietnamese) {
  EXPECT_EQ(choose_language("en", "vi"), "en");
  EXPECT_EQ(choose_language("fr", "fr-FR, en-GB;q=0.8, vi;q=0.7"), "en");
  EXPECT_EQ(choose_language("", "vi-VN"), "vi");
  EXPECT_EQ(choose_language("", ""), "vi");
  EXPECT_EQ(choose_language("", "enx,,;;"), "vi");
}

}  // namespace
}  // namespace khien::pages
