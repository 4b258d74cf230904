#include "base/result.h"

#include <gtest/gtest.h>

namespace khien {
namespace {

TEST(Result, PropagateSaysWhatWasBeingDoneAndKeepsCodeAndReason) {
  const auto error =
      propagate(Error{ErrorCode::conflict, "case is closed", "case_closed"}, "accept report")
          .value();
  EXPECT_EQ(error.code, ErrorCode::conflict);
  EXPECT_EQ(error.message, "accept report: case is closed");
  EXPECT_EQ(error.reason, "case_closed");
}

TEST(Result, EveryCodeHasItsOwnNameAndAFailureStatus) {
  std::string seen;
  for (int i = 0; i <= static_cast<int>(ErrorCode::internal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_EQ(seen.find(to_string(code)), std::string::npos) << to_string(code);
    seen += std::string{to_string(code)} + "|";
    EXPECT_GE(http_status(code), 400);
    EXPECT_NE(exit_code(code), 0);
  }
}

}  // namespace
}  // namespace khien
