#include "base/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/unfinished_file.h"

namespace khien {
namespace {

class FileTest : public testing::Test {
 protected:
  FileTest() {
    std::string name = testing::TempDir() + "khien-file-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~FileTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(FileTest, ReplacesTheWholeContentAndLeavesNoOtherFile) {
  const auto path = folder_ / "state";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("first, and longer"), FileAccess::owner));
  ASSERT_TRUE(write_file_atomically(path, as_bytes("second"), FileAccess::owner));
  EXPECT_EQ(to_text(read_file(path, 100).value()), "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{folder_}, {}), 1);
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0600});
}

TEST(UnfinishedFile, IsToldByItsName) {
  EXPECT_EQ(target_of_unfinished("tile/0/000.p/90.aB3xYz"), "tile/0/000.p/90");
  EXPECT_EQ(target_of_unfinished("checkpoint.000000"), "checkpoint");
  for (const std::string_view other :
       {"", ".aB3xYz", "checkpoint", "a.aB3xY", "a.aB3-Yz", "a-aB3xYz"}) {
    EXPECT_EQ(target_of_unfinished(other), std::nullopt) << other;
  }
}

TEST_F(FileTest, ReadsUpToTheMaximumAndNoFurther) {
  const auto path = folder_ / "five";
  ASSERT_TRUE(write_file_atomically(path, as_bytes("12345"), FileAccess::everybody));
  EXPECT_TRUE(read_file(path, 5).has_value());
  const auto refused = read_file(path, 4);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
}

TEST_F(FileTest, AMissingFileIsNotFoundAndAMissingFolderFails) {
  EXPECT_EQ(read_file(folder_ / "none", 5).error().code, ErrorCode::not_found);
  EXPECT_FALSE(write_file_atomically(folder_ / "no" / "file", {}, FileAccess::owner));
}

}  // namespace
}  // namespace khien
