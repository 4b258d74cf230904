#include "identity/totp.h"

#include <gtest/gtest.h>

namespace khien::identity {
namespace {

const Octets secret = to_octets("12345678901234567890");

// RFC 6238 appendix B gives 8 digits; the last 6 are ours.
TEST(Totp, GivesThePublishedCodes) {
  EXPECT_EQ(totp_code(secret, totp_step(59 * ms_per_second)), "287082");
  EXPECT_EQ(totp_code(secret, totp_step(1'111'111'109 * ms_per_second)), "081804");
  EXPECT_EQ(totp_code(secret, totp_step(1'111'111'111 * ms_per_second)), "050471");
  EXPECT_EQ(totp_code(secret, totp_step(1'234'567'890 * ms_per_second)), "005924");
  EXPECT_EQ(totp_code(secret, totp_step(2'000'000'000 * ms_per_second)), "279037");
  EXPECT_EQ(totp_code(secret, totp_step(20'000'000'000 * ms_per_second)), "353130");
}

TEST(Totp, TakesOneStepBeforeAndAfterNow) {
  const InstantMs now = 1'000 * totp_step_ms;
  for (const std::int64_t step : {999, 1'000, 1'001})
    EXPECT_EQ(match_totp(secret, totp_code(secret, step), now, std::nullopt), step);
  for (const std::int64_t step : {998, 1'002})
    EXPECT_EQ(match_totp(secret, totp_code(secret, step), now, std::nullopt), std::nullopt);
}

TEST(Totp, TakesEachStepOnceAndNoneBeforeIt) {
  const InstantMs now = 1'000 * totp_step_ms;
  EXPECT_EQ(match_totp(secret, totp_code(secret, 1'000), now, 1'000), std::nullopt);
  EXPECT_EQ(match_totp(secret, totp_code(secret, 999), now, 1'000), std::nullopt);
  EXPECT_EQ(match_totp(secret, totp_code(secret, 1'001), now, 1'000), 1'001);
}

TEST(Totp, RefusesWhatIsNoCode) {
  const auto code = totp_code(secret, 1'000);
  for (const std::string& text : {std::string{}, code.substr(1), code + "0", " " + code})
    EXPECT_EQ(match_totp(secret, text, 1'000 * totp_step_ms, std::nullopt), std::nullopt) << text;
}

TEST(Totp, UriNamesIssuerAndAccount) {
  EXPECT_EQ(totp_uri(secret, "Khiên", "lan"),
            "otpauth://totp/Khi%C3%AAn:lan?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            "&issuer=Khi%C3%AAn&algorithm=SHA1&digits=6&period=30");
}

}  // namespace
}  // namespace khien::identity
