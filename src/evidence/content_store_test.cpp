#include "evidence/content_store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/testing/full_disk.h"
#include "evidence/media_type.h"

namespace khien::evidence {
namespace {

class ContentStoreTest : public testing::Test {
 protected:
  ContentStoreTest() {
    std::string name = testing::TempDir() + "khien-evidence-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    store_ = ContentStore::open(folder_).value();
  }
  ~ContentStoreTest() override { std::filesystem::remove_all(folder_); }
  static long files_in(const std::filesystem::path& folder) {
    long count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }
  std::filesystem::path folder_;
  std::unique_ptr<ContentStore> store_;
};

// SHA-256 of "abc": FIPS 180-2 appendix B.1.
constexpr const char* abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST_F(ContentStoreTest, NamesContentByItsHashAndStoresItOnce) {
  for (int i = 0; i < 2; ++i) {
    auto writer = store_->begin();
    ASSERT_TRUE(writer->write(as_bytes("a")));
    ASSERT_TRUE(writer->write(as_bytes("bc")));
    EXPECT_EQ(writer->finish()->sha256, abc);
  }
  EXPECT_EQ(files_in(folder_), 1);
  EXPECT_EQ(as_text(*store_->read(abc)), "abc");
  EXPECT_EQ(std::filesystem::status(store_->path_of(abc)).permissions(),
            std::filesystem::perms{0440});
}

TEST_F(ContentStoreTest, WhatIsNotFinishedLeavesNothing) {
  {
    auto writer = store_->begin();
    ASSERT_TRUE(writer->write(as_bytes("abc")));
    EXPECT_EQ(files_in(folder_), 1);
  }
  EXPECT_EQ(files_in(folder_), 0);
}

TEST_F(ContentStoreTest, AFullDiskRefusesAnItemAndLeavesNothing) {
  const std::string item(100'000, 'x');
  {
    const FullDisk full{50'000};
    auto writer = store_->begin();
    ASSERT_TRUE(writer.has_value());
    const auto written = writer->write(as_bytes(item));
    ASSERT_FALSE(written.has_value());
    EXPECT_EQ(written.error().code, ErrorCode::unavailable);
  }
  EXPECT_EQ(files_in(folder_), 0);
  auto writer = store_->begin();
  ASSERT_TRUE(writer->write(as_bytes(item)));
  EXPECT_TRUE(writer->finish().has_value());
  EXPECT_EQ(files_in(folder_), 1);
}

TEST_F(ContentStoreTest, NoNameFromOutsideBecomesAPath) {
  for (const char* name : {"", "../../etc/passwd", "BA7816BF", "/etc/passwd"}) {
    EXPECT_EQ(store_->read(name).error().code, ErrorCode::not_found) << name;
  }
}

TEST(MediaType, IsFoundFromTheOctetsAlone) {
  EXPECT_EQ(sniff_media_type(as_bytes("\x89PNG\r\n\x1a\n")), "image/png");
  EXPECT_EQ(sniff_media_type(as_bytes("\xff\xd8\xff\xe0")), "image/jpeg");
  EXPECT_EQ(sniff_media_type(as_bytes("RIFFxxxxWEBPVP8 ")), "image/webp");
  EXPECT_EQ(sniff_media_type(as_bytes("%PDF-1.7")), "application/pdf");
  EXPECT_EQ(sniff_media_type(as_bytes("Chào bạn\n")), "text/plain");
  EXPECT_EQ(sniff_media_type(as_bytes("<svg onload=x>")), "text/plain");
  EXPECT_EQ(sniff_media_type(as_bytes("\x01\x02")), "application/octet-stream");
  EXPECT_EQ(sniff_media_type(as_bytes("RIFF")), "text/plain");
  EXPECT_EQ(sniff_media_type({}), "application/octet-stream");
}

}  // namespace
}  // namespace khien::evidence
