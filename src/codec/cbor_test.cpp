#include "codec/cbor.h"

#include <gtest/gtest.h>

#include "codec/hex.h"

namespace khien::codec {
namespace {

Result<Cbor> read(std::string_view text) { return Cbor::read(parse_hex(text).value()); }

// RFC 8949 appendix A.
TEST(Cbor, ReadsThePublishedIntegers) {
  EXPECT_EQ(read("00")->integer(), 0);
  EXPECT_EQ(read("17")->integer(), 23);
  EXPECT_EQ(read("1818")->integer(), 24);
  EXPECT_EQ(read("1903e8")->integer(), 1'000);
  EXPECT_EQ(read("1a000f4240")->integer(), 1'000'000);
  EXPECT_EQ(read("1b000000e8d4a51000")->integer(), 1'000'000'000'000);
  EXPECT_EQ(read("20")->integer(), -1);
  EXPECT_EQ(read("3903e7")->integer(), -1'000);
  EXPECT_EQ(read("1b7fffffffffffffff")->integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(read("3b7fffffffffffffff")->integer(), std::numeric_limits<std::int64_t>::min());
}

TEST(Cbor, ReadsStringsArraysAndMaps) {
  EXPECT_EQ(*read("4401020304")->bytes(), (Octets{1, 2, 3, 4}));
  EXPECT_EQ(*read("62c3bc")->text(), "ü");
  const auto array = read("8301820203820405");
  ASSERT_EQ(array->array()->size(), 3U);
  EXPECT_EQ(array->array()->at(1).array()->at(1).integer(), 3);
  const auto map = read("a26161016162820203");
  EXPECT_EQ(map->find("a")->integer(), 1);
  EXPECT_EQ(map->find("b")->array()->size(), 2U);
  EXPECT_EQ(map->find("c"), nullptr);
}

TEST(Cbor, FindsNegativeKeysAsCoseUsesThem) {
  const auto key = read("a2010221410a");
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->find(1)->integer(), 2);
  EXPECT_EQ(*key->find(-2)->bytes(), Octets{0x0a});
}

TEST(Cbor, ReadsTheFirstItemAndSaysItsSize) {
  const auto first = Cbor::read_first(parse_hex("4101ffff").value());
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->size, 2U);
  EXPECT_FALSE(read("4101ff").has_value());
}

TEST(Cbor, RefusesWhatCtap2DoesNotSend) {
  for (const char* text : {
           "",  // nothing
           "1800",
           "190017",  // not the shortest form
           "1a0000ffff",
           "1b00000000ffffffff",
           "1b8000000000000000",  // beyond 64 signed bits
           "3b8000000000000000",
           "5f41014102ff",  // indefinite sizes
           "9f01ff",
           "bf616101ff",
           "ff",
           "c11a514b67b0",  // a tag
           "f90000",
           "fa47c35000",
           "fb3ff199999999999a",  // floats
           "f7",
           "f0",
           "f8ff",            // undefined and other simple values
           "a2616101616102",  // a key twice
           "61ff",            // not UTF-8
           "1c",
           "1f",  // reserved
       }) {
    EXPECT_FALSE(read(text).has_value()) << text;
  }
}

TEST(Cbor, RefusesEveryTruncation) {
  const auto octets = parse_hex("a3616182010243616263447465737461641903e8").value();
  for (std::size_t size = 0; size < octets.size(); ++size)
    EXPECT_FALSE(Cbor::read(Bytes{octets}.first(size)).has_value()) << size;
}

TEST(Cbor, DoesNotBelieveClaimedSizes) {
  for (const char* text : {"5bffffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff",
                           "7a7fffffff61", "9a7fffffff01"})
    EXPECT_FALSE(read(text).has_value()) << text;
}

TEST(Cbor, StopsAtDepthAndCount) {
  Octets deepest(cbor_depth_max - 1, 0x81);
  deepest.push_back(0x01);
  EXPECT_TRUE(Cbor::read(deepest).has_value());
  deepest.insert(deepest.begin(), 0x81);
  EXPECT_EQ(Cbor::read(deepest).error().code, ErrorCode::limit_exceeded);

  Octets many{0x99, 0x03, 0xff};  // an array of 1,023 and itself
  many.resize(3 + 1'023, 0x00);
  EXPECT_TRUE(Cbor::read(many).has_value());
  many[1] = 0x04;
  many[2] = 0x00;
  many.push_back(0x00);
  EXPECT_EQ(Cbor::read(many).error().code, ErrorCode::limit_exceeded);
}

}  // namespace
}  // namespace khien::codec
