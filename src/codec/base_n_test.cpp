#include <gtest/gtest.h>

#include <array>

#include "codec/base32.h"
#include "codec/base64.h"
#include "codec/hex.h"

namespace khien::codec {
namespace {

// RFC 4648 section 10; ours has no padding in base 32.
struct Vector {
  const char* text;
  const char* base64;
  const char* base32;
  const char* hex;
};
constexpr std::array<Vector, 7> vectors{{
    {"", "", "", ""},
    {"f", "Zg==", "MY", "66"},
    {"fo", "Zm8=", "MZXQ", "666f"},
    {"foo", "Zm9v", "MZXW6", "666f6f"},
    {"foob", "Zm9vYg==", "MZXW6YQ", "666f6f62"},
    {"fooba", "Zm9vYmE=", "MZXW6YTB", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "MZXW6YTBOI", "666f6f626172"},
}};

TEST(BaseN, WritesAndReadsThePublishedVectors) {
  for (const auto& vector : vectors) {
    const auto octets = to_octets(vector.text);
    EXPECT_EQ(base64(octets), vector.base64);
    EXPECT_EQ(base32(octets), vector.base32);
    EXPECT_EQ(hex(octets), vector.hex);
    EXPECT_EQ(parse_base64(vector.base64).value(), octets);
    EXPECT_EQ(parse_base32(vector.base32).value(), octets);
    EXPECT_EQ(parse_hex(vector.hex).value(), octets);
  }
}

TEST(BaseN, ReadsBackEveryOctetAtEverySize) {
  Octets octets;
  for (int i = 0; i < 300; ++i) {
    octets.push_back(static_cast<std::uint8_t>(i * 7));
    EXPECT_EQ(parse_base64(base64(octets)).value(), octets);
    EXPECT_EQ(parse_base64url(base64url(octets)).value(), octets);
    EXPECT_EQ(parse_base32(base32(octets)).value(), octets);
    EXPECT_EQ(parse_hex(hex(octets)).value(), octets);
  }
}

TEST(Base64, RefusesWhatItWouldNotWrite) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "Zm9v\n", "Zm 9v", "Zm9-",
                           "=", "====", "Z===", "Zg==Zg=="})
    EXPECT_FALSE(parse_base64(text).has_value()) << text;
  for (const char* text : {"Zg==", "Z", "Zh", "Zm9", "Zm+v", "Zm9v "})
    EXPECT_FALSE(parse_base64url(text).has_value()) << text;
  EXPECT_EQ(parse_base64url("-_-_").value(), (Octets{0xfb, 0xff, 0xbf}));
}

TEST(Base32, TakesEitherCaseAndRefusesTheRest) {
  EXPECT_EQ(parse_base32("mzxw6").value(), to_octets("foo"));
  for (const char* text : {"M", "MZX", "MZXW6A", "MZXW61", "MY======", "MZ", "M Y"})
    EXPECT_FALSE(parse_base32(text).has_value()) << text;
}

TEST(Hex, TakesEitherCaseAndRefusesTheRest) {
  EXPECT_EQ(parse_hex("aBcD").value(), (Octets{0xab, 0xcd}));
  for (const char* text : {"a", "abc", "0x", "g0", " 0"})
    EXPECT_FALSE(parse_hex(text).has_value()) << text;
}

}  // namespace
}  // namespace khien::codec
