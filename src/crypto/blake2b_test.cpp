#include "crypto/blake2b.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/testing/hex.h"

namespace khien::crypto {
namespace {

using testing::hex;

// RFC 7693 appendix A; the empty message as every other implementation gives it.
TEST(Blake2b, GivesThePublishedDigests) {
  EXPECT_EQ(hex(Blake2b{}.update("abc").finish()),
            "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
            "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
  EXPECT_EQ(hex(Blake2b{}.finish()),
            "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
            "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
}

TEST(Blake2b, StreamingEqualsOneShotAtEverySplitAndBeginsAnew) {
  const std::string text(300, 'k');
  Blake2b hash;
  const auto whole = hash.update(text).finish();
  for (std::size_t split = 0; split <= text.size(); ++split) {
    hash.update(std::string_view{text}.substr(0, split)).update(text.substr(split));
    EXPECT_EQ(hash.finish(), whole) << split;
  }
}

}  // namespace
}  // namespace khien::crypto
