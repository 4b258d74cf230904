#include "feeds/bulk_import.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace khien::feeds {
namespace {

const cases::ImpactData& data() {
  static const auto loaded = [] {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return cases::ImpactData::load(std::span{&shipped, 1}, {});
  }();
  return *loaded;
}

class BulkImportTest : public ::testing::Test {
 protected:
  BulkImportTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("khien-bulk-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~BulkImportTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name, std::ios::binary} << text;
    return folder_ / name;
  }

  std::filesystem::path folder_;
  ManualClock clock_;
  BulkImport import_{data(), clock_, {}};
};

TEST_F(BulkImportTest, CountsAcrossFiles) {
  const auto first = import_.add(write("a.scam.txt", "a.example\nb.example\na.example\n"), "scam");
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->category, Category::fraud);
  EXPECT_EQ(first->counts.added, 2U);
  EXPECT_EQ(first->counts.duplicate, 1U);
  const auto second = import_.add(write("b.scam.txt", "b.example\nc.example\ngoogle.com"), "scam");
  EXPECT_EQ(second->counts.added, 1U);
  EXPECT_EQ(second->counts.duplicate, 1U);
  EXPECT_EQ(second->counts.refused_reasons.at("never_block"), 1U);
  const auto refused = import_.add(write("c.typo.txt", "x.example\ny.example"), "typo");
  EXPECT_EQ(refused->category, std::nullopt);
  EXPECT_EQ(refused->counts.refused_reasons.at("list_class"), 2U);
  const auto totals = import_.totals();
  EXPECT_EQ(totals.names, 3U);
  EXPECT_EQ(totals.counts.read, 8U);
  EXPECT_EQ(totals.counts.read,
            totals.counts.added + totals.counts.duplicate + totals.counts.refused);
}

TEST_F(BulkImportTest, SaysWhenAFileIsMissing) {
  EXPECT_EQ(import_.add(folder_ / "khong-co.txt", "scam").error().code, ErrorCode::not_found);
}

TEST(ClassOfFile, StandsBeforeTheEnding) {
  EXPECT_EQ(class_of_file("/x/source.scam-dead.txt"), "scam-dead");
  EXPECT_EQ(class_of_file("list.txt"), "");
}

}  // namespace
}  // namespace khien::feeds
