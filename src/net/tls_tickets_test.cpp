#include "net/tls_tickets.h"

#include <gtest/gtest.h>

namespace khien::net {
namespace {

constexpr std::int64_t period_ms = tls_ticket_life_s * 1'000;

TEST(TlsTicketKeys, KeepTheirKeyForOnePeriod) {
  SeededRng rng{1};
  TlsTicketKeys keys{rng, 0};
  const auto first = keys.current();
  keys.rotate(period_ms - 1);
  EXPECT_EQ(keys.current().name, first.name);
  EXPECT_TRUE(keys.find(first.name)->is_current);
}

TEST(TlsTicketKeys, ReadOldTicketsForOneMorePeriodAndThenNoMore) {
  SeededRng rng{1};
  TlsTicketKeys keys{rng, 0};
  const auto first = keys.current();
  keys.rotate(period_ms);
  EXPECT_NE(keys.current().cipher, first.cipher);
  const auto old = keys.find(first.name);
  ASSERT_TRUE(old.has_value());
  EXPECT_FALSE(old->is_current);
  EXPECT_EQ(old->key.mac, first.mac);
  keys.rotate(2 * period_ms);
  EXPECT_FALSE(keys.find(first.name).has_value());
}

TEST(TlsTicketKeys, ForgetBothAfterALongSleep) {
  SeededRng rng{1};
  TlsTicketKeys keys{rng, 0};
  const auto first = keys.current();
  keys.rotate(5 * period_ms);
  EXPECT_FALSE(keys.find(first.name).has_value());
}

}  // namespace
}  // namespace khien::net
