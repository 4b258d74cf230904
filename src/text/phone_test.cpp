#include "text/phone.h"

#include <gtest/gtest.h>

namespace khien::text {
namespace {

TEST(PhoneToE164, ReadsWhatPeopleWrite) {
  for (const char* text :
       {"0912345678", "0912 345 678", "0912.345.678", "84912345678", "+84912345678",
        "+84 912 345 678", "+84 (0) 912-345-678", "0084 912 345 678", " 091-234-5678 "}) {
    EXPECT_EQ(phone_to_e164(text), "+84912345678") << text;
  }
  EXPECT_EQ(phone_to_e164("024 3825 0000"), "+842438250000");
  EXPECT_EQ(phone_to_e164("1900 1234"), "+8419001234");
  EXPECT_EQ(phone_to_e164("1800123456"), "+841800123456");
  EXPECT_EQ(phone_to_e164("+44 20 7946 0000"), "+442079460000");
}

TEST(PhoneToE164, RefusesTheRest) {
  for (const char* text :
       {"", "156", "5656", "091234567", "09123456789", "0412345678", "abc", "01900123456",
        "123456789", "+84 1234", "+0123456789", "912345678", "+1234567890123456", "0912x345678",
        "0912345678000000000000000000000000000000000"}) {
    EXPECT_FALSE(phone_to_e164(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace khien::text
