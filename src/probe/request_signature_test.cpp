#include "probe/request_signature.h"

#include <gtest/gtest.h>

namespace khien::probe {
namespace {

constexpr InstantMs now_ms = 1'795'800'000'123;
const RequestLine line{.method = "POST", .path = "/api/v1/probe/results"};

class Signature : public ::testing::Test {
 protected:
  SeededRng rng{7};
  crypto::Ed25519Key key = crypto::Ed25519Key::generate(rng);
  std::string header = sign_request(key, line, "{}", now_ms, rng);
};

TEST_F(Signature, IsReadAndHolds) {
  const auto proof = read_proof(header);
  ASSERT_TRUE(proof.has_value()) << header;
  EXPECT_EQ(proof->key, key.public_key());
  EXPECT_EQ(proof->at_s, now_ms / 1'000);
  EXPECT_EQ(proof->body, crypto::sha256("{}"));
  EXPECT_TRUE(is_signed(*proof, line));
  EXPECT_NE(sign_request(key, line, "{}", now_ms, rng), header) << "each has a nonce of its own";
}

TEST_F(Signature, IsOfThisRequestAlone) {
  const auto proof = *read_proof(header);
  EXPECT_FALSE(is_signed(proof, {.method = "GET", .path = line.path}));
  EXPECT_FALSE(is_signed(proof, {.method = "POST", .path = "/api/v1/probe/work"}));
  auto later = proof;
  ++later.at_s;
  EXPECT_FALSE(is_signed(later, line));
  auto other_nonce = proof;
  other_nonce.nonce[0] ^= 1;
  EXPECT_FALSE(is_signed(other_nonce, line));
  auto other_body = proof;
  other_body.body = crypto::sha256("{ }");
  EXPECT_FALSE(is_signed(other_body, line));
  auto other_key = proof;
  other_key.key = crypto::Ed25519Key::generate(rng).public_key();
  EXPECT_FALSE(is_signed(other_key, line));
}

// Every proper prefix, every changed character: refused, or the signature does not hold.
TEST_F(Signature, NothingElseIsAHeader) {
  for (std::size_t size = 0; size < header.size(); ++size) {
    EXPECT_FALSE(read_proof(header.substr(0, size)).has_value()) << size;
  }
  for (std::size_t at = 0; at < header.size(); ++at) {
    for (const char other : {'0', 'A', '.', '-', ' ', '\0'}) {
      auto changed = header;
      if (changed[at] == other) continue;
      changed[at] = other;
      const auto proof = read_proof(changed);
      EXPECT_FALSE(proof && is_signed(*proof, line)) << at << " " << changed;
    }
  }
  EXPECT_FALSE(read_proof(header + ".x").has_value());
  EXPECT_FALSE(read_proof(header + "A").has_value());
  EXPECT_FALSE(read_proof(std::string(100'000, 'a')).has_value());
}

TEST(KeyText, IsReadBack) {
  SeededRng rng{1};
  const auto key = crypto::Ed25519Key::generate(rng).public_key();
  EXPECT_EQ(key_text(key).size(), 43U);
  EXPECT_EQ(read_key(key_text(key)), key);
  for (const auto* text : {"", "A", "?", "AAAA"}) EXPECT_FALSE(read_key(text).has_value()) << text;
  EXPECT_FALSE(read_key(key_text(key) + "A").has_value());
}

}  // namespace
}  // namespace khien::probe
