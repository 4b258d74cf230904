#include "crypto/seal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "base/file.h"

namespace khien::crypto {
namespace {

class SealKeyFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/khien-seal-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
  SeededRng rng_{7};
};

TEST(Seal, OpensWithTheSameKeyAndContext) {
  SeededRng rng{1};
  const auto key = SealKey::generate(rng);
  const auto sealed = seal(key, as_bytes("secret"), "totp:1", rng);
  EXPECT_EQ(sealed.size(), 6 + seal_overhead_size);
  const auto opened = open(key, sealed, "totp:1");
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(as_text(*opened), "secret");
}

TEST(Seal, RefusesEveryChangedOctetAndEveryTruncation) {
  SeededRng rng{2};
  const auto key = SealKey::generate(rng);
  const auto sealed = seal(key, as_bytes("secret"), "totp:1", rng);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    EXPECT_FALSE(open(key, changed, "totp:1").has_value()) << "octet " << i;
    EXPECT_FALSE(open(key, Bytes{sealed}.first(i), "totp:1").has_value()) << "size " << i;
  }
}

TEST(Seal, RefusesAnotherKeyOrContext) {
  SeededRng rng{3};
  const auto key = SealKey::generate(rng);
  const auto other = SealKey::generate(rng);
  const auto sealed = seal(key, as_bytes("secret"), "totp:1", rng);
  EXPECT_EQ(open(other, sealed, "totp:1").error().code, ErrorCode::corrupt);
  EXPECT_EQ(open(key, sealed, "totp:2").error().code, ErrorCode::corrupt);
}

TEST_F(SealKeyFile, IsMadeOnceAndReadAgain) {
  const auto path = folder_ / "seal.key";
  const auto made = load_or_create_seal_key(path, rng_);
  ASSERT_TRUE(made.has_value());
  const auto read = load_or_create_seal_key(path, rng_);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(made->octets(), read->octets());
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SealKeyFile, OfAnotherSizeIsCorrupt) {
  const auto path = folder_ / "seal.key";
  for (const std::size_t size : {std::size_t{0}, std::size_t{31}, std::size_t{33}}) {
    ASSERT_TRUE(write_file_atomically(path, Octets(size), FileAccess::owner).has_value());
    const auto key = load_or_create_seal_key(path, rng_);
    ASSERT_FALSE(key.has_value()) << size;
    EXPECT_EQ(key.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace khien::crypto
