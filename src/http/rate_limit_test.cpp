#include "http/rate_limit.h"

#include <gtest/gtest.h>

#include "http/forwarded.h"

namespace khien::http {
namespace {

net::IpAddress ip(std::string_view text) { return net::IpAddress::parse(text).value(); }

TEST(RateLimiter, GivesABurstThenARate) {
  ManualClock clock;
  Metrics metrics;
  RateLimiter limiter{{{.name = "sign-in", .burst = 3, .per_minute = 6}}, clock, metrics};
  const auto client = ip("192.0.2.1");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.admit("sign-in", client).has_value());
  EXPECT_EQ(limiter.admit("sign-in", client), 10);
  EXPECT_EQ(limiter.admit("sign-in", ip("192.0.2.200")), 10) << "the same /24";
  EXPECT_FALSE(limiter.admit("sign-in", ip("192.0.3.1")).has_value());
  EXPECT_FALSE(limiter.admit("sign-in", ip("2001:db8::1")).has_value());
  clock.advance(10'000);
  EXPECT_FALSE(limiter.admit("sign-in", client).has_value());
  EXPECT_TRUE(limiter.admit("sign-in", client).has_value());
  EXPECT_FALSE(limiter.admit("", client).has_value());
  EXPECT_NE(metrics.exposition().find("class=\"sign-in\"} 3"), std::string::npos);
}

TEST(RateLimiter, KeepsItsMemoryBounded) {
  ManualClock clock;
  Metrics metrics;
  RateLimiter limiter{{{.name = "a", .burst = 2, .per_minute = 60}}, clock, metrics};
  const auto client = [](std::size_t i) {
    return net::IpAddress::v4({10, static_cast<std::uint8_t>(i >> 16U),
                               static_cast<std::uint8_t>(i >> 8U), static_cast<std::uint8_t>(i)});
  };
  for (std::size_t i = 0; i < rate_buckets_max; ++i) {
    ASSERT_FALSE(limiter.admit("a", client(i << 8U)).has_value());
  }
  EXPECT_EQ(limiter.bucket_count(), rate_buckets_max);
  // No room: strangers now share one bucket, known clients keep theirs.
  EXPECT_FALSE(limiter.admit("a", ip("192.0.2.1")).has_value());
  EXPECT_FALSE(limiter.admit("a", ip("192.0.3.1")).has_value());
  EXPECT_TRUE(limiter.admit("a", ip("192.0.4.1")).has_value());
  EXPECT_FALSE(limiter.admit("a", client(0)).has_value());
  EXPECT_EQ(limiter.bucket_count(), rate_buckets_max);
  // Buckets that are full again say nothing and make room.
  clock.advance(60'000);
  EXPECT_FALSE(limiter.admit("a", ip("192.0.4.1")).has_value());
  EXPECT_EQ(limiter.bucket_count(), 1U);
}

TEST(OriginOf, BelievesOnlyTrustedProxies) {
  const std::vector<net::Prefix> trusted{net::Prefix::parse("192.0.2.0/28").value()};
  Headers headers;
  headers.add("X-Forwarded-For", "198.51.100.9, 203.0.113.7");
  headers.add("X-Forwarded-For", "192.0.2.2");
  headers.add("X-Forwarded-Proto", "https");
  const auto through = origin_of(ip("192.0.2.1"), false, headers, trusted);
  EXPECT_EQ(through.client, ip("203.0.113.7"));  // what stands before it anybody may have written
  EXPECT_TRUE(through.secure);
  const auto direct = origin_of(ip("203.0.113.99"), false, headers, trusted);
  EXPECT_EQ(direct.client, ip("203.0.113.99"));
  EXPECT_FALSE(direct.secure);
}

TEST(OriginOf, StopsAtWhatItCannotRead) {
  const std::vector<net::Prefix> trusted{net::Prefix::parse("192.0.2.1").value()};
  for (const std::string_view chain : {"", "unknown", "203.0.113.7, ", "[::1]:80"}) {
    Headers headers;
    headers.add("X-Forwarded-For", chain);
    EXPECT_EQ(origin_of(ip("192.0.2.1"), true, headers, trusted).client, ip("192.0.2.1")) << chain;
  }
}

}  // namespace
}  // namespace khien::http
