#include "crypto/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace khien::crypto {
namespace {

Octets octets(std::string_view hex) {
  const auto digit = [](char c) {
    return static_cast<std::uint8_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  Octets out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
  return out;
}

// RFC 8032 section 7.1, test 2.
TEST(Ed25519, GivesThePublishedSignature) {
  Ed25519Seed seed{};
  const auto secret = octets("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  std::copy(secret.begin(), secret.end(), seed.begin());
  const auto key = Ed25519Key::from_seed(seed);
  const auto public_key =
      octets("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  EXPECT_EQ(Octets(key.public_key().begin(), key.public_key().end()), public_key);
  EXPECT_EQ(key.seed(), seed);

  const Octets message{0x72};
  const auto signature = key.sign(message);
  EXPECT_EQ(Octets(signature.begin(), signature.end()),
            octets("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"));
  EXPECT_TRUE(ed25519_verify(public_key, message, signature));
}

TEST(Ed25519, RefusesEveryChange) {
  SeededRng rng{1};
  const auto key = Ed25519Key::generate(rng);
  const auto signature = key.sign(as_bytes("order"));
  EXPECT_TRUE(ed25519_verify(key.public_key(), as_bytes("order"), signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("Order"), signature));
  EXPECT_FALSE(ed25519_verify(Bytes{key.public_key()}.first(31), as_bytes("order"), signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("order"), Bytes{signature}.first(63)));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(ed25519_verify(key.public_key(), as_bytes("order"), changed)) << "octet " << i;
  }
}

// RFC 6979 appendix A.2.5: P-256 with SHA-256, message "sample"; r and s written as DER.
const char* const point_x = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
const char* const point_y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const char* const sample_signature =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

TEST(Es256, AcceptsThePublishedSignature) {
  EXPECT_TRUE(
      es256_verify(octets(point_x), octets(point_y), as_bytes("sample"), octets(sample_signature)));
}

TEST(Es256, RefusesEveryChange) {
  const auto x = octets(point_x);
  const auto y = octets(point_y);
  const auto good = octets(sample_signature);
  EXPECT_FALSE(es256_verify(x, y, as_bytes("simple"), good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto changed = good;
    changed[i] ^= 1;
    EXPECT_FALSE(es256_verify(x, y, as_bytes("sample"), changed)) << "octet " << i;
    EXPECT_FALSE(es256_verify(x, y, as_bytes("sample"), Bytes{good}.first(i))) << "size " << i;
  }
}

TEST(Es256, RefusesPointsOffTheCurve) {
  auto y = octets(point_y);
  EXPECT_TRUE(is_p256_point(octets(point_x), y));
  y.back() ^= 1;
  EXPECT_FALSE(is_p256_point(octets(point_x), y));
  EXPECT_FALSE(is_p256_point(Octets(32), Octets(32)));
  EXPECT_FALSE(is_p256_point(Octets(31), Octets(32)));
  EXPECT_FALSE(es256_verify(octets(point_x), y, as_bytes("sample"), octets(sample_signature)));
}

}  // namespace
}  // namespace khien::crypto
