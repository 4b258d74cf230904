#include "crypto/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "crypto/testing/hex.h"

namespace khien::crypto {
namespace {

using testing::hex;

// FIPS 180-4 examples "abc" and the empty message.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, StreamingEqualsOneShotAtEverySplit) {
  const std::string text(200, 'k');
  for (std::size_t split = 0; split <= text.size(); ++split) {
    Sha256 hash;
    hash.update(std::string_view{text}.substr(0, split)).update(text.substr(split));
    EXPECT_EQ(hash.finish(), sha256(text)) << "split " << split;
  }
}

TEST(Sha256, StartsAgainAfterFinish) {
  Sha256 hash;
  hash.update("something else");
  (void)hash.finish();
  EXPECT_EQ(hash.update("abc").finish(), sha256("abc"));
}

TEST(Sha512, GivesThePublishedDigest) {
  EXPECT_EQ(hex(sha512(as_bytes("abc"))),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

// RFC 2202 section 3 (SHA-1) and RFC 4231 section 4.2, 4.3 and 4.7.
TEST(Hmac, GivesThePublishedCodes) {
  const Octets key1(20, 0x0b);
  const Octets key6(131, 0xaa);
  EXPECT_EQ(hex(hmac_sha1(key1, as_bytes("Hi There"))), "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(hex(hmac_sha256(key1, as_bytes("Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmac_sha256(key6, as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac_sha512(key1, as_bytes("Hi There"))),
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
}

TEST(Hmac, TakesAnEmptyKey) {
  EXPECT_EQ(hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

// The vector of the paper's appendix A: key 00..0f, input 00..0e.
TEST(SipHash, GivesThePublishedHash) {
  std::array<std::uint8_t, 16> key{};
  Octets input;
  for (std::uint8_t i = 0; i < 16; ++i) key[i] = i;
  for (std::uint8_t i = 0; i < 15; ++i) input.push_back(i);
  EXPECT_EQ(hex(siphash24(key, input)), "e545be4961ca29a1");
}

TEST(ConstantTimeEqual, ComparesContentAndSize) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "abcd"));
}

}  // namespace
}  // namespace khien::crypto
