#include "text/mail_address.h"

#include <gtest/gtest.h>

#include <string>

namespace khien::text {
namespace {

TEST(MailAddress, TakesWhatPeopleHave) {
  for (const char* address : {"lan@khien.example", "lan.tran+khien@so-khcn.tinh.example",
                              "o'brien@a.example", "root@localhost"}) {
    EXPECT_TRUE(is_mail_address(address)) << address;
  }
}

TEST(MailAddress, RefusesWhatCouldBeTwoOrBreakALine) {
  for (const char* address :
       {"", "@", "lan", "lan@", "@tinh.example", "a@b@c.example", "a@b.example,c@d.example",
        "a@b.example\r\nBcc: x@y.example", "<a@b.example>", "a b@c.example", "\"a\"@b.example",
        "lan@tỉnh.example"}) {
    EXPECT_FALSE(is_mail_address(address)) << address;
  }
  EXPECT_FALSE(is_mail_address(std::string(mail_address_size_max, 'a') + "@b.example"));
}

}  // namespace
}  // namespace khien::text
