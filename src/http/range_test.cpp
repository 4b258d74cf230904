#include "http/range.h"

#include <gtest/gtest.h>

#include <array>

namespace khien::http {
namespace {

constexpr std::uint64_t size = 10;

struct Case {
  std::string_view header;
  std::string_view octets;  // of "0123456789"; empty: the whole
};

Request get(std::string_view range, std::string_view if_range = {}) {
  Request request;
  request.method = Method::get;
  if (!range.empty()) request.headers.set("Range", range);
  if (!if_range.empty()) request.headers.set("If-Range", if_range);
  return request;
}

Response whole() {
  auto response = respond(200, "text/plain", "0123456789");
  response.headers.set("ETag", "\"abc\"");
  return response;
}

TEST(Range, GivesThePartThatIsAskedFor) {
  constexpr std::array<Case, 8> cases{{{"bytes=0-0", "0"},
                                       {"bytes=0-9", "0123456789"},
                                       {"bytes=3-5", "345"},
                                       {"bytes=7-", "789"},
                                       {"bytes=7-100", "789"},
                                       {"bytes=-3", "789"},
                                       {"bytes=-100", "0123456789"},
                                       {"Bytes=9-9", "9"}}};
  for (const auto& [header, octets] : cases) {
    auto response = whole();
    apply_range(get(header), response);
    EXPECT_EQ(response.status, 206) << header;
    EXPECT_EQ(response.body, octets) << header;
    EXPECT_EQ(response.headers.find("ETag"), "\"abc\"");
  }
  auto response = whole();
  apply_range(get("bytes=3-5"), response);
  EXPECT_EQ(response.headers.find("Content-Range"), "bytes 3-5/10");
}

TEST(Range, AnswersWithTheWholeWhatItDoesNotTake) {
  for (const auto* header :
       {"", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=1-2,4-5", "lines=1-2", "bytes=1",
        "bytes=0x1-2", "bytes=1-2-3", "bytes=99999999999999999999-", "bytes=+1-2", "bytes 1-2"}) {
    auto response = whole();
    apply_range(get(header), response);
    EXPECT_EQ(response.status, 200) << header;
    EXPECT_EQ(response.body.size(), size) << header;
    EXPECT_EQ(response.headers.find("Accept-Ranges"), "bytes");
  }
}

TEST(Range, SaysHowMuchThereIsWhereNothingCanBeGiven) {
  for (const auto* header : {"bytes=10-", "bytes=10-12", "bytes=-0"}) {
    auto response = whole();
    apply_range(get(header), response);
    EXPECT_EQ(response.status, 416) << header;
    EXPECT_EQ(response.headers.find("Content-Range"), "bytes */10");
    EXPECT_EQ(response.body.find("0123456789"), std::string::npos);
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).wanted, RangeWanted::unsatisfiable);
  EXPECT_EQ(parse_range("bytes=-5", 0).wanted, RangeWanted::unsatisfiable);
}

TEST(Range, AConditionHoldsByTheStrongETagOnly) {
  const auto status = [](std::string_view if_range) {
    auto response = whole();
    apply_range(get("bytes=1-2", if_range), response);
    return response.status;
  };
  EXPECT_EQ(status("\"abc\""), 206);
  EXPECT_EQ(status("\"abd\""), 200);
  EXPECT_EQ(status("W/\"abc\""), 200);
  EXPECT_EQ(status("Wed, 21 Oct 2026 07:28:00 GMT"), 200);
}

TEST(Range, IsForGetAndForWhatWentWell) {
  auto response = whole();
  auto request = get("bytes=1-2");
  request.method = Method::head;
  apply_range(request, response);
  EXPECT_EQ(response.status, 200);
  response = problem({.code = ErrorCode::not_found, .message = "no such file"});
  apply_range(get("bytes=1-2"), response);
  EXPECT_EQ(response.status, 404);
}

// Whatever is written there: a part lies within the whole.
TEST(Range, NeverReachesBeyondTheEnd) {
  std::uint64_t seed = 20'261'125;
  constexpr std::string_view letters = "0123456789-,= b";
  for (int round = 0; round < 20'000; ++round) {
    std::string header = "bytes=";
    for (int i = 0; i < round % 9; ++i) {
      seed = seed * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
      header += letters[(seed >> 33U) % letters.size()];
    }
    const std::uint64_t of = (seed >> 40U) % 20;
    const auto parsed = parse_range(header, of);
    if (parsed.wanted != RangeWanted::part) continue;
    EXPECT_LE(parsed.range.first, parsed.range.last) << header;
    EXPECT_LT(parsed.range.last, of) << header;
  }
}

}  // namespace
}  // namespace khien::http
