#include "crypto/random_stream.h"

#include <gtest/gtest.h>

#include <set>

#include "base/bytes.h"

namespace khien::crypto {
namespace {

/// Zero octets, and how many were asked for.
class ZeroRng final : public Rng {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override {
    taken_ += out.size();
    std::ranges::fill(out, std::uint8_t{0});
  }
  std::size_t taken_ = 0;
};

std::string hex(Bytes octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += digits[octet >> 4];
    text += digits[octet & 0xF];
  }
  return text;
}

// RFC 8439 appendix A.1: key, nonce and counter of zero. Its first 32 octets became the next key;
// what is given out begins behind them.
TEST(RandomStream, GivesTheStreamOfTheRfcBehindItsNextKey) {
  ZeroRng zero;
  RandomStream stream{zero};
  std::array<std::uint8_t, 32> out{};
  stream.fill(out);
  EXPECT_EQ(hex(out), "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586");
}

TEST(RandomStream, AsksForOneKeyAndNeverAgain) {
  ZeroRng zero;
  RandomStream stream{zero};
  std::set<std::array<std::uint8_t, 16>> seen;
  constexpr std::size_t count = 10'000;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, 16> out{};
    stream.fill(out);
    seen.insert(out);
  }
  EXPECT_EQ(seen.size(), count);
  EXPECT_EQ(zero.taken_, RandomStream::key_size);
}

TEST(RandomStream, GivesTheSameInPiecesOfAnySize) {
  ZeroRng zero;
  RandomStream whole{zero};
  RandomStream pieces{zero};
  Octets expected(10'000);
  whole.fill(expected);
  Octets got(expected.size());
  for (std::size_t at = 0, size = 1; at < got.size(); at += size, size = size * 2 % 701 + 1) {
    size = std::min(size, got.size() - at);
    pieces.fill(std::span{got}.subspan(at, size));
  }
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace khien::crypto
