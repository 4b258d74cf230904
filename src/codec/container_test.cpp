#include "codec/container.h"

#include <gtest/gtest.h>

namespace khien::codec {
namespace {

constexpr std::string_view kind = "KHTEST01";

TEST(Container, OpensWhatWasMade) {
  const auto file = make_container(kind, 2, as_bytes("payload"));
  EXPECT_EQ(file.size(), container_header_size + 7);
  const auto opened = open_container(file, kind, 2);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->version, 2U);
  EXPECT_EQ(as_text(opened->payload), "payload");
  EXPECT_TRUE(open_container(make_container(kind, 1, {}), kind, 2)->payload.empty());
}

TEST(Container, RefusesEveryChangedOctetAndEveryTruncation) {
  const auto file = make_container(kind, 1, as_bytes("payload"));
  for (std::size_t i = 0; i < file.size(); ++i) {
    auto changed = file;
    changed[i] ^= 1;
    EXPECT_EQ(open_container(changed, kind, 9).error().code, ErrorCode::corrupt) << "octet " << i;
    EXPECT_EQ(open_container(Bytes{file}.first(i), kind, 9).error().code, ErrorCode::corrupt);
  }
  auto longer = file;
  longer.push_back(0);
  EXPECT_FALSE(open_container(longer, kind, 9).has_value());
}

TEST(Container, RefusesAnotherKindAndANewerVersion) {
  const auto file = make_container(kind, 3, as_bytes("payload"));
  EXPECT_EQ(open_container(file, "KHTEST02", 3).error().code, ErrorCode::corrupt);
  const auto newer = open_container(file, kind, 2);
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().reason, "newer_format");
}

}  // namespace
}  // namespace khien::codec
