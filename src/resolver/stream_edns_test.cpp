#include "resolver/stream_edns.h"

#include <gtest/gtest.h>

#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t option_keepalive = 11;

Octets with_option(std::uint16_t code, std::size_t size) {
  Octets query = packet_of({.name = "a.example."});
  dns::append_u16(query, code);
  dns::append_u16(query, static_cast<std::uint16_t>(size));
  query.insert(query.end(), size, 0);
  dns::store_u16(query, query.size() - size - 6, static_cast<std::uint16_t>(4 + size));
  return query;
}

/// What a message with an OPT at its end becomes.
Octets told(std::int64_t idle_ms, Octets message, std::size_t room = 4'096) {
  const std::size_t size = message.size();
  message.resize(room);
  message.resize(add_keepalive(idle_ms, message, size));
  return message;
}

/// The timeout that a message tells, in its unit of 100 ms; -1 if it tells none.
int timeout_of(const Octets& message) {
  const auto edns = dns::find_edns(message);
  if (!edns || !edns->has_value()) return -1;
  const auto option = dns::find_option(**edns, option_keepalive);
  return option && option->data.size() == 2 ? dns::load_u16(option->data, 0) : -1;
}

TEST(StreamEdns, ReadsWhatAClientWishes) {
  EXPECT_FALSE(wants_keepalive(packet_of({.name = "a.example.", .edns = false})));
  EXPECT_FALSE(wants_keepalive(packet_of({.name = "a.example."})));
  EXPECT_TRUE(wants_keepalive(with_option(option_keepalive, 0)));
  EXPECT_FALSE(wants_keepalive(with_option(option_keepalive, 2)));
  EXPECT_FALSE(wants_keepalive(with_option(dns::option_padding, 8)));
}

TEST(StreamEdns, TellsHowLongAnIdleConnectionLives) {
  const Octets plain = packet_of({.name = "a.example."});
  EXPECT_EQ(timeout_of(told(10'000, plain)), 100);
  EXPECT_EQ(told(10'000, plain).size(), plain.size() + 6);
  EXPECT_EQ(timeout_of(told(1'000'000'000, with_option(65'001, 5))), 0xFFFF);
}

TEST(StreamEdns, TakesTheOctetsFromPadding) {
  for (const std::size_t padding : {6U, 7U, 300U}) {
    const Octets padded = with_option(dns::option_padding, padding);
    const Octets answer = told(30'000, padded);
    EXPECT_EQ(answer.size(), padded.size()) << padding;
    EXPECT_EQ(timeout_of(answer), 300) << padding;
    const auto edns = dns::find_edns(answer);
    EXPECT_EQ(dns::find_option(**edns, dns::option_padding)->data.size(), padding - 6);
  }
  const Octets small = with_option(dns::option_padding, 5);
  EXPECT_EQ(told(30'000, small).size(), small.size() + 6);
  EXPECT_EQ(timeout_of(told(30'000, small)), 300);
}

TEST(StreamEdns, LeavesAnAnswerAloneThatHasNoOptOrNoRoom) {
  const Octets plain = packet_of({.name = "a.example.", .edns = false});
  EXPECT_EQ(told(10'000, plain), plain);
  const Octets full = packet_of({.name = "a.example."});
  EXPECT_EQ(told(10'000, full, full.size() + 5), full);
  EXPECT_EQ(told(10'000, Octets{1, 2, 3}), (Octets{1, 2, 3}));
}

}  // namespace
}  // namespace khien::resolver
