#include "resolver/cookies.h"

#include <gtest/gtest.h>

#include "codec/hex.h"
#include "net/address.h"

namespace khien::resolver {
namespace {

Octets hex(std::string_view text) { return codec::parse_hex(text).value(); }

CookieSecrets secrets(std::string_view text) { return parse_cookie_secrets(text).value(); }

// A client, its cookie and the time, in the words of RFC 9018 appendix A.
struct Case {
  std::string_view secret;
  std::string_view address;
  std::string_view sent;
  std::int64_t at_s;
  std::string_view answered;
  bool known;
};

class RfcVectors : public testing::TestWithParam<Case> {};

TEST_P(RfcVectors, AreAnsweredAsTheRfcSays) {
  const Case& it = GetParam();
  const ManualClock clock{it.at_s * 1'000};
  const Cookies cookies{secrets(it.secret), clock};
  const auto address = net::IpAddress::parse(it.address).value();
  const auto reply = cookies.answer(hex(it.sent), address.octets());
  EXPECT_EQ(codec::hex(reply.octets), it.answered);
  EXPECT_EQ(reply.known, it.known);
}

constexpr std::string_view secret_a = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr std::string_view secrets_rolled =
    "445536bcd2513298075a5d379663c962\ndd3bdf9344b678b185a6f5cb60fca715\n";

INSTANTIATE_TEST_SUITE_P(
    Appendix, RfcVectors,
    testing::Values(
        // A.1: learning a server cookie
        Case{secret_a, "198.51.100.100", "2464c4abcf10c957", 1'559'731'985,
             "2464c4abcf10c957010000005cf79f111f8130c3eee29480", false},
        // A.2: the same cookie 40 minutes later is known, and renewed
        Case{secret_a, "198.51.100.100", "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
             1'559'734'385, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77", true},
        // A.3: the reserved field is not zero: known, and renewed
        Case{secret_a, "203.0.113.203", "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
             1'559'728'000, "fc93fc62807ddb86010000005cf78f8000cea792af33c70d", true},
        // A.4: made with the secret before this one: known, and renewed with the new secret
        Case{secrets_rolled, "2001:db8:220:1:59de:d0f4:8769:82b8",
             "22681ab97d52c298010000005cf7c57926556bd0934c72f8", 1'559'741'961,
             "22681ab97d52c298010000005cf7c609a6bb79d16625507a", true}));

class CookiesTest : public testing::Test {
 protected:
  ManualClock clock_;
  SeededRng rng_{1};
  Cookies cookies_{CookieSecrets::random(rng_), clock_};
  Octets client_ = hex("0102030405060708");
  Octets address_{192, 0, 2, 7};

  bool known(Bytes cookie, Bytes address) const { return cookies_.answer(cookie, address).known; }
};

TEST_F(CookiesTest, AFreshOneStaysAsItIs) {
  const auto first = cookies_.answer(client_, address_);
  EXPECT_FALSE(first.known);
  clock_.advance(1'000 * cookie_renew_after_s);
  const auto again = cookies_.answer(first.octets, address_);
  EXPECT_TRUE(again.known);
  EXPECT_EQ(again.octets, first.octets);
  clock_.advance(1'000);
  const auto renewed = cookies_.answer(first.octets, address_);
  EXPECT_TRUE(renewed.known);
  EXPECT_NE(renewed.octets, first.octets);
}

TEST_F(CookiesTest, AreGoodForAnHourAndFiveMinutesAhead) {
  const auto cookie = cookies_.answer(client_, address_).octets;
  clock_.advance(1'000 * cookie_age_max_s);
  EXPECT_TRUE(known(cookie, address_));
  clock_.advance(1'000);
  EXPECT_FALSE(known(cookie, address_));
  const auto later = cookies_.answer(client_, address_).octets;
  clock_.advance(-1'000 * std::int64_t{cookie_ahead_max_s});
  EXPECT_TRUE(known(later, address_));
  clock_.advance(-1'000);
  EXPECT_FALSE(known(later, address_));
}

TEST_F(CookiesTest, BelongToOneClientAddressAndServer) {
  const auto cookie = cookies_.answer(client_, address_).octets;
  EXPECT_TRUE(known(cookie, address_));
  EXPECT_FALSE(known(cookie, Octets{192, 0, 2, 8}));
  const Cookies others{CookieSecrets::random(rng_), clock_};
  EXPECT_FALSE(others.answer(cookie, address_).known);
  for (std::size_t i = 0; i < cookie.size(); ++i) {
    auto forged = cookie;
    forged[i] ^= 1;
    EXPECT_FALSE(known(forged, address_)) << i;
  }
  for (std::size_t size = client_cookie_size; size < cookie_size; ++size) {
    EXPECT_FALSE(known(Bytes{cookie}.first(size), address_)) << size;
  }
}

TEST(CookieSecrets, AreOneOrTwoLinesOfHexadecimalDigits) {
  EXPECT_TRUE(parse_cookie_secrets(secret_a));
  EXPECT_TRUE(parse_cookie_secrets(secrets_rolled)->previous.has_value());
  for (const std::string_view text :
       {"", "\n", "e5e973", "e5e973e5a6b2a43f48e7dc849e37bfcx",
        "e5e973e5a6b2a43f48e7dc849e37bfcf e5e973e5a6b2a43f48e7dc849e37bfcf "
        "e5e973e5a6b2a43f48e7dc849e37bfcf"}) {
    EXPECT_FALSE(parse_cookie_secrets(text)) << text;
  }
}

}  // namespace
}  // namespace khien::resolver
