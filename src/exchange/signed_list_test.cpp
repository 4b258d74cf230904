#include "exchange/signed_list.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/random.h"
#include "base/testing/temporary_folder.h"

namespace khien::exchange {
namespace {

constexpr InstantMs now_ms = 1'795'478'400'000;
constexpr std::string_view list_text = "xau.example\n";

class SignedListTest : public testing::Test {
 protected:
  std::filesystem::path put(const std::string& name, std::string_view content,
                            const ListStatement& statement) {
    const auto signature = sign_minisign(key_, crypto::Blake2b{}.update(content).finish(),
                                         to_trusted_comment(statement));
    EXPECT_TRUE(write_file_atomically(folder_ / name, as_bytes(content), FileAccess::owner));
    EXPECT_TRUE(write_file_atomically(folder_ / (name + ".minisig"), as_bytes(signature),
                                      FileAccess::owner));
    return folder_ / name;
  }
  static ListStatement statement(std::string file = "a.domains") {
    return {.file = std::move(file),
            .version = "17-00ff",
            .serial = 17,
            .made_at_ms = now_ms,
            .expires_at_ms = now_ms + ms_per_day};
  }
  std::string refusal(const std::filesystem::path& list, InstantMs at_ms = now_ms) {
    const auto got = read_signed_list(list, public_, at_ms);
    return got ? "" : got.error().reason;
  }

  SystemRng rng_;
  crypto::Ed25519Key key_ = crypto::Ed25519Key::generate(rng_);
  MinisignPublicKey public_{key_.public_key()};
  TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
};

TEST_F(SignedListTest, IsReadWithWhatWasStated) {
  const auto got = read_signed_list(put("a.domains", list_text, statement()), public_, now_ms);
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(got->text, list_text);
  EXPECT_EQ(got->statement.serial, 17U);
  EXPECT_EQ(got->statement.version, "17-00ff");
  EXPECT_EQ(got->statement.made_at_ms, now_ms);
  EXPECT_EQ(got->statement.expires_at_ms, now_ms + ms_per_day);
  const auto verified = verify_list_file(folder_ / "a.domains", public_);
  ASSERT_TRUE(verified.has_value()) << verified.error().message;
  EXPECT_EQ(verified->serial, 17U);
}

TEST_F(SignedListTest, IsRefusedWhenItsTimeIsOver) {
  const auto list = put("a.domains", list_text, statement());
  EXPECT_EQ(refusal(list, now_ms + ms_per_day - 1), "");
  EXPECT_EQ(refusal(list, now_ms + ms_per_day), "list_expired");
}

TEST_F(SignedListTest, OneListCannotPassForAnother) {
  EXPECT_EQ(refusal(put("b.domains", list_text, statement("a.domains"))), "other_list");
}

TEST_F(SignedListTest, IsRefusedWhenAnythingChanged) {
  const auto list = put("a.domains", list_text, statement());
  ASSERT_TRUE(write_file_atomically(list, as_bytes("tot.example\n"), FileAccess::owner));
  EXPECT_EQ(refusal(list), "bad_signature");
  put("a.domains", list_text, statement());
  std::filesystem::remove(folder_ / "a.domains.minisig");
  const auto unsigned_list = read_signed_list(list, public_, now_ms);
  ASSERT_FALSE(unsigned_list.has_value());
  EXPECT_EQ(unsigned_list.error().code, ErrorCode::not_found);
  const MinisignPublicKey other{crypto::Ed25519Key::generate(rng_).public_key()};
  put("a.domains", list_text, statement());
  EXPECT_EQ(read_signed_list(list, other, now_ms).error().reason, "other_key");
}

TEST(TrustedComment, RoundTripsAndTakesWordsInAnyOrder) {
  const ListStatement statement{.file = "a.csv",
                                .version = "5-ab",
                                .serial = 5,
                                .made_at_ms = now_ms,
                                .expires_at_ms = now_ms + ms_per_hour};
  const auto read = read_trusted_comment(to_trusted_comment(statement));
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->file, "a.csv");
  EXPECT_EQ(read->version, "5-ab");
  EXPECT_EQ(read->serial, 5U);
  EXPECT_EQ(read->made_at_ms, now_ms);
  EXPECT_EQ(read->expires_at_ms, now_ms + ms_per_hour);
  EXPECT_TRUE(read_trusted_comment("expires:2026-12-01T00:00:00Z hashed file:x.urls").has_value());
}

TEST(TrustedComment, RefusesWhatCannotBeBelieved) {
  for (const std::string_view bad :
       {"", "file:a", "expires:2026-12-01T00:00:00Z", "file:a expires:tomorrow",
        "file:a expires:2026-12-01", "file:a file:b expires:2026-12-01T00:00:00Z",
        "file:a expires:2026-12-01T00:00:00Z expires:2036-12-01T00:00:00Z",
        "file: expires:2026-12-01T00:00:00Z", "file:a expires:2026-12-01T00:00:00Z serial:-1",
        "file:a expires:2026-12-01T00:00:00Z timestamp:99999999999999"}) {
    const auto read = read_trusted_comment(bad);
    ASSERT_FALSE(read.has_value()) << bad;
    EXPECT_EQ(read.error().reason, "bad_statement") << bad;
  }
}

}  // namespace
}  // namespace khien::exchange
