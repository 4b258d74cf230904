#include "codec/frame_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "codec/frames.h"

namespace khien::codec {
namespace {

class FrameFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/khien-frames-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "log";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<FrameFile> open(FrameFileLimits limits = {.payload_size_max = 100,
                                                   .file_size_max = 10'000}) {
    seen_.clear();
    return FrameFile::open(path_, limits, [this](Bytes payload) -> Result<void> {
      seen_.push_back(to_text(payload));
      return {};
    });
  }
  Octets content() { return read_file(path_, 100'000).value(); }
  void overwrite(const Octets& octets) {
    ASSERT_TRUE(write_file_atomically(path_, octets, FileAccess::owner).has_value());
  }

  std::filesystem::path folder_;
  std::filesystem::path path_;
  std::vector<std::string> seen_;
};

TEST_F(FrameFileTest, KeepsRecordsOverReopening) {
  {
    auto file = open();
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE(file->append(as_bytes("one")).has_value());
    ASSERT_TRUE(file->append(as_bytes("two")).has_value());
    ASSERT_TRUE(file->sync().has_value());
  }
  {
    auto file = open();
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(seen_, (std::vector<std::string>{"one", "two"}));
    ASSERT_TRUE(file->append(as_bytes("three")).has_value());
  }
  ASSERT_TRUE(open().has_value());
  EXPECT_EQ(seen_, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(FrameFileTest, CutsATornTailAndGoesOn) {
  ASSERT_TRUE(open()->append(as_bytes("one")).has_value());
  auto octets = content();
  const auto whole = octets.size();
  append_frame(octets, octets.size(), as_bytes("torn"));
  octets.pop_back();
  overwrite(octets);
  {
    auto file = open();
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(file->cut_size(), octets.size() - whole);
    EXPECT_EQ(file->size(), whole);
    ASSERT_TRUE(file->append(as_bytes("two")).has_value());
  }
  ASSERT_TRUE(open().has_value());
  EXPECT_EQ(seen_, (std::vector<std::string>{"one", "two"}));
}

TEST_F(FrameFileTest, IsLeftAloneWhenCorrupt) {
  {
    auto file = open();
    ASSERT_TRUE(file->append(as_bytes("one")).has_value());
    ASSERT_TRUE(file->append(as_bytes("two")).has_value());
  }
  auto octets = content();
  octets[frame_file_magic.size() + frame_header_size] ^= 1;
  overwrite(octets);
  const auto refused = open();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_EQ(content(), octets);
}

TEST_F(FrameFileTest, StopsAtItsMaxima) {
  const auto size_of_two = frame_file_magic.size() + 2 * (frame_header_size + 3);
  auto file = open({.payload_size_max = 3, .file_size_max = size_of_two});
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->append(as_bytes("four")).error().code, ErrorCode::limit_exceeded);
  ASSERT_TRUE(file->append(as_bytes("one")).has_value());
  ASSERT_TRUE(file->append(as_bytes("two")).has_value());
  EXPECT_EQ(file->append(as_bytes("")).error().code, ErrorCode::limit_exceeded);
  EXPECT_EQ(content().size(), size_of_two);
}

TEST_F(FrameFileTest, BelongsToOneAtATime) {
  const auto first = open();
  ASSERT_TRUE(first.has_value());
  const auto second = open();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::conflict);
}

TEST_F(FrameFileTest, PassesOnARefusedRecord) {
  ASSERT_TRUE(open()->append(as_bytes("one")).has_value());
  const auto refused =
      FrameFile::open(path_, {.payload_size_max = 100, .file_size_max = 1'000},
                      [](Bytes) -> Result<void> { return fail(ErrorCode::malformed, "no"); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::malformed);
}

}  // namespace
}  // namespace khien::codec
