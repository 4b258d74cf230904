#include "codec/frames.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "codec/crc32c.h"

namespace khien::codec {
namespace {

constexpr std::size_t payload_max = 1'000;

Octets file_of(const std::vector<std::string>& payloads) {
  Octets file = to_octets(frame_file_magic);
  for (const auto& payload : payloads) append_frame(file, file.size(), as_bytes(payload));
  return file;
}

std::vector<std::string> payloads_of(const Octets& file, const FrameScan& scan) {
  std::vector<std::string> payloads;
  for (const auto& frame : scan.frames)
    payloads.push_back(to_text(Bytes{file}.subspan(frame.offset, frame.size)));
  return payloads;
}

// RFC 3720 appendix B.4.
TEST(Crc32c, GivesThePublishedChecksums) {
  Octets ascending(32);
  for (std::size_t i = 0; i < ascending.size(); ++i) ascending[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc32c(Octets(32, 0x00)), 0x8a9136aaU);
  EXPECT_EQ(crc32c(Octets(32, 0xff)), 0x62a8ab43U);
  EXPECT_EQ(crc32c(ascending), 0x46dd794eU);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
  EXPECT_EQ(crc32c(as_bytes("56789"), crc32c(as_bytes("1234"))), 0xe3069283U);
}

TEST(Frames, ReadBackWhatWasAppended) {
  const std::vector<std::string> payloads{"one", "", std::string(payload_max, 'x'), "last"};
  const auto file = file_of(payloads);
  const auto scan = scan_frames(file, payload_max);
  ASSERT_TRUE(scan.has_value());
  EXPECT_EQ(payloads_of(file, *scan), payloads);
  EXPECT_EQ(scan->good_size, file.size());
  EXPECT_EQ(scan->torn_size, 0U);
}

TEST(Frames, CutAtAnyOctetKeepTheWholeOnes) {
  const auto file = file_of({"first", "second", "third"});
  for (std::size_t size = 0; size <= file.size(); ++size) {
    const auto part = Octets(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    const auto scan = scan_frames(part, payload_max);
    ASSERT_TRUE(scan.has_value()) << size;
    EXPECT_EQ(scan->good_size + scan->torn_size, size);
    for (const auto& payload : payloads_of(part, *scan))
      EXPECT_TRUE(payload == "first" || payload == "second" || payload == "third");
  }
}

TEST(Frames, DamageBeforeAGoodFrameIsCorrupt) {
  const auto file = file_of({"first", "second", "third"});
  const std::size_t last_at = file.size() - frame_header_size - 5;
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto damaged = file;
    damaged[i] ^= 0x40;
    const auto scan = scan_frames(damaged, payload_max);
    if (i < last_at) {
      ASSERT_FALSE(scan.has_value()) << i;
      EXPECT_EQ(scan.error().code, ErrorCode::corrupt);
    } else {
      ASSERT_TRUE(scan.has_value()) << i;  // the last record may have been torn: it is cut
      EXPECT_EQ(scan->frames.size(), 2U);
      EXPECT_EQ(scan->good_size, last_at);
    }
  }
}

// For files whose loss costs freshness only: what stands before the damage is kept.
TEST(Frames, DamageThatMayBeCutIsTornFromThereOn) {
  const Octets file = file_of({"one", "two", "three"});
  const auto whole = scan_frames(file, payload_max);
  ASSERT_TRUE(whole.has_value());
  Octets damaged = file;
  damaged[whole->frames[1].offset] ^= 1;
  ASSERT_EQ(scan_frames(damaged, payload_max).error().code, ErrorCode::corrupt);
  const auto cut = scan_frames(damaged, payload_max, Damage::cut);
  ASSERT_TRUE(cut.has_value());
  EXPECT_EQ(cut->frames.size(), 1U);
  EXPECT_EQ(cut->good_size + cut->torn_size, file.size());
  damaged[0] ^= 1;
  const auto other = scan_frames(damaged, payload_max, Damage::cut);
  ASSERT_TRUE(other.has_value());
  EXPECT_EQ(other->frames.size(), 0U);
  EXPECT_EQ(other->torn_size, file.size());
  const auto above = scan_frames(file, 4, Damage::cut);
  ASSERT_TRUE(above.has_value());
  EXPECT_EQ(above->frames.size(), 2U);
}

TEST(Frames, ZerosAfterTheEndAreATornTail) {
  auto file = file_of({"first"});
  const std::size_t good = file.size();
  file.resize(good + 4'096);
  const auto scan = scan_frames(file, payload_max);
  ASSERT_TRUE(scan.has_value());
  EXPECT_EQ(scan->good_size, good);
  EXPECT_EQ(scan->torn_size, 4'096U);
}

// What a power cut leaves of a file that was just begun: its size, and not its magic.
TEST(Frames, NothingButZerosIsAFileWithoutFrames) {
  for (const std::size_t size : {1U, 8U, 512U}) {
    const auto scan = scan_frames(Octets(size), payload_max);
    ASSERT_TRUE(scan.has_value()) << size;
    EXPECT_EQ(scan->good_size, 0U);
    EXPECT_EQ(scan->torn_size, size);
  }
  Octets file = file_of({"first"});
  std::fill_n(file.begin(), frame_file_magic.size(), std::uint8_t{0});
  EXPECT_EQ(scan_frames(file, payload_max).error().code, ErrorCode::corrupt);
}

TEST(Frames, AFrameInsideATornPayloadIsNotTakenForOne) {
  const auto inner = file_of({"inner"});
  auto file = file_of({"first", to_text(inner)});
  file.resize(file.size() - 1);
  const auto scan = scan_frames(file, payload_max);
  ASSERT_TRUE(scan.has_value());
  EXPECT_EQ(scan->frames.size(), 1U);
}

TEST(Frames, AboveTheMaximumAreCorrupt) {
  EXPECT_TRUE(scan_frames(file_of({std::string(9, 'x')}), 9).has_value());
  EXPECT_EQ(scan_frames(file_of({std::string(10, 'x')}), 9).error().code, ErrorCode::corrupt);
}

TEST(Frames, RefuseOtherFiles) {
  EXPECT_EQ(scan_frames(as_bytes("SQLite format 3"), payload_max).error().code, ErrorCode::corrupt);
  EXPECT_EQ(scan_frames(as_bytes("X"), payload_max).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace khien::codec
