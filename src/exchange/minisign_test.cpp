// minisign itself (Debian package minisign) is the oracle: it takes what we sign, and we take what
// it signs.
#include "exchange/minisign.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "base/testing/temporary_folder.h"

namespace khien::exchange {
namespace {

constexpr std::string_view text = "# một danh sách\nxau.example\n";
constexpr std::string_view comment =
    "timestamp:1795478400\tfile:list.domains\texpires:2026-12-01T00:00:00Z";

crypto::Blake2bDigest digest_of(std::string_view octets) {
  return crypto::Blake2b{}.update(octets).finish();
}

crypto::Ed25519Key a_key() {
  SystemRng rng;
  return crypto::Ed25519Key::generate(rng);
}

TEST(Minisign, TakesWhatItSigned) {
  const auto key = a_key();
  const MinisignPublicKey pub{key.public_key()};
  const auto signature = sign_minisign(key, digest_of(text), comment);
  const auto got = verify_minisign(pub, digest_of(text), signature);
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(*got, comment);
}

TEST(Minisign, RefusesEveryChange) {
  const auto key = a_key();
  const MinisignPublicKey pub{key.public_key()};
  const auto signature = sign_minisign(key, digest_of(text), comment);
  const auto refusal = [&](std::string_view octets, const std::string& given) {
    const auto got = verify_minisign(pub, digest_of(octets), given);
    return got ? std::string{} : got.error().reason;
  };
  EXPECT_EQ(refusal(std::string{text} + " ", signature), "bad_signature");
  EXPECT_EQ(refusal(text, sign_minisign(a_key(), digest_of(text), comment)), "other_key");
  // A comment that says another end, file or time.
  auto later = signature;
  later.replace(later.find("2026-12-01"), 10, "2036-12-01");
  EXPECT_EQ(refusal(text, later), "bad_signature");
  // Each octet of it is needed, and any other in its place is refused; the first line is nobody's.
  const auto first = signature.find('\n') + 1;
  for (std::size_t i = first; i < signature.size(); ++i) {
    auto changed = signature;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_NE(refusal(text, changed), "") << i;
  }
  for (std::size_t size = 0; size + 1 < signature.size(); ++size) {
    EXPECT_NE(refusal(text, signature.substr(0, size)), "") << size;
  }
  EXPECT_EQ(refusal(text, signature + "x"), "bad_signature_file");
  EXPECT_EQ(refusal(text, "untrusted comment: " + std::string(minisign_text_max, 'x')),
            "bad_signature_file");
}

TEST(Minisign, KeysAreReadFromAFileOrALine) {
  const MinisignPublicKey pub{a_key().public_key()};
  for (const auto& written : {pub.text(), pub.text() + "\n", pub.file_text()}) {
    const auto read = MinisignPublicKey::parse(written);
    ASSERT_TRUE(read.has_value()) << written;
    EXPECT_EQ(*read, pub);
  }
  for (const auto& bad : {std::string{}, pub.text().substr(1), pub.file_text() + "more",
                          "X" + pub.text().substr(1), std::string{"untrusted comment: a\n"}}) {
    EXPECT_FALSE(MinisignPublicKey::parse(bad).has_value()) << bad;
  }
}

class MinisignProgram : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v minisign > /dev/null") != 0) {
      GTEST_SKIP() << "minisign is not installed";
    }
  }
  void write(const std::string& name, std::string_view content) {
    ASSERT_TRUE(write_file_atomically(folder_ / name, as_bytes(content), FileAccess::owner));
  }
  std::string read(const std::string& name) {
    const auto content = read_file(folder_ / name, 1 << 16);
    EXPECT_TRUE(content.has_value()) << name;
    return content ? to_text(*content) : "";
  }
  /// What the program says to these arguments; its exit code in `code_`.
  std::string run(const std::string& arguments) {
    code_ = std::system(
        ("cd '" + folder_.string() + "' && minisign " + arguments + " > said 2>&1 < /dev/null")
            .c_str());
    return read("said");
  }

  TemporaryFolder temporary_;
  const std::filesystem::path& folder_ = temporary_.path();
  int code_ = 0;
};

TEST_F(MinisignProgram, TakesWhatWeSign) {
  const auto key = a_key();
  const MinisignPublicKey pub{key.public_key()};
  write("list.domains", text);
  write("list.domains.minisig", sign_minisign(key, digest_of(text), comment));
  write("khien.pub", pub.file_text());
  const auto by_file = run("-Vm list.domains -p khien.pub");
  EXPECT_EQ(code_, 0) << by_file;
  EXPECT_NE(by_file.find(comment), std::string::npos) << by_file;
  const auto by_line = run("-Vm list.domains -P " + pub.text());
  EXPECT_EQ(code_, 0) << by_line;

  write("list.domains", std::string{text} + "hai.example\n");
  run("-Vm list.domains -p khien.pub");
  EXPECT_NE(code_, 0) << "a list that was changed";
  const MinisignPublicKey other{a_key().public_key()};
  write("list.domains", text);
  const auto foreign = run("-Vm list.domains -P " + other.text());
  EXPECT_NE(code_, 0);
  EXPECT_NE(foreign.find(pub.id_text()), std::string::npos)
      << "it names the key as we do: " << foreign;
}

TEST_F(MinisignProgram, SignsWhatWeTake) {
  const auto made = run("-GW -p their.pub -s their.key");
  ASSERT_EQ(code_, 0) << made;
  write("own.urls", text);
  const auto said =
      run("-Sm own.urls -s their.key -t 'file:own.urls expires:2026-12-01T00:00:00Z'");
  ASSERT_EQ(code_, 0) << said;
  const auto pub = MinisignPublicKey::parse(read("their.pub"));
  ASSERT_TRUE(pub.has_value()) << pub.error().message;
  const auto got = verify_minisign(*pub, digest_of(text), read("own.urls.minisig"));
  ASSERT_TRUE(got.has_value()) << got.error().message;
  EXPECT_EQ(*got, "file:own.urls expires:2026-12-01T00:00:00Z");

  // The older form, over the file itself, is not taken.
  const auto legacy = run("-Slm own.urls -s their.key");
  ASSERT_EQ(code_, 0) << legacy;
  const auto refused = verify_minisign(*pub, digest_of(text), read("own.urls.minisig"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "bad_signature_file");
}

}  // namespace
}  // namespace khien::exchange
