#include "ledger/checkpoint.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "codec/base64.h"

namespace khien::ledger {
namespace {

LogKey key_of(std::uint64_t seed, const std::string& name = "khien.example/ledger") {
  SeededRng rng{seed};
  return *LogKey::make(name, crypto::Ed25519Key::generate(rng));
}

TEST(Checkpoint, IsANoteThatItsVerifierOpens) {
  const auto key = key_of(1);
  const auto root = leaf_hash(as_bytes("a"));
  const auto note = key.sign(17, root);
  EXPECT_TRUE(note.starts_with("khien.example/ledger\n17\n"));
  const auto opened = open_checkpoint(note, key.verifier());
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(*opened, (Checkpoint{"khien.example/ledger", 17, root}));
  EXPECT_EQ(note, key.sign(17, root));
}

TEST(Checkpoint, RefusesEveryChangedOctet) {
  const auto key = key_of(1);
  const auto note = key.sign(17, empty_root());
  for (std::size_t i = 0; i < note.size(); ++i) {
    auto changed = note;
    changed[i] = static_cast<char>(changed[i] ^ 0x01);
    EXPECT_FALSE(open_checkpoint(changed, key.verifier())) << i;
    EXPECT_FALSE(open_checkpoint(note.substr(0, i), key.verifier())) << i;
  }
}

TEST(Checkpoint, PassesOverOthersSignaturesButNotOverABadOneOfOurs) {
  const auto key = key_of(1);
  const auto note = key.sign(3, empty_root());
  const auto witness =
      std::string{"\xE2\x80\x94 witness.example "} + codec::base64(Octets(68, 7)) + "\n";
  EXPECT_TRUE(open_checkpoint(note + witness, key.verifier()));
  const auto other = key_of(2).sign(3, empty_root());
  const auto line = other.substr(other.rfind("\n\n") + 2);
  EXPECT_TRUE(open_checkpoint(note + line, key.verifier()));  // same name, another key
  EXPECT_EQ(open_checkpoint(other, key.verifier()).error().reason, "bad_signature");
  const auto longer = key.sign(4, empty_root());
  const auto wrong = note + longer.substr(longer.rfind("\n\n") + 2);
  EXPECT_EQ(open_checkpoint(wrong, key.verifier()).error().reason, "bad_signature");
  EXPECT_EQ(open_checkpoint(note, key_of(1, "other.example").verifier()).error().reason,
            "other_log");
  std::string many = note;
  for (std::size_t i = 0; i < note_signatures_max; ++i) many += witness;
  EXPECT_EQ(open_checkpoint(many, key.verifier()).error().reason, "bad_note");
}

// The example of the signed-note specification: a verifier key made by other people's tools.
TEST(LogVerifier, ReadsTheSpecificationsExample) {
  const auto* text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  const auto verifier = LogVerifier::parse(text);
  ASSERT_TRUE(verifier) << verifier.error().message;
  EXPECT_EQ(verifier->name, "example.com/foo");
  EXPECT_EQ(verifier->text(), text);
  for (const auto* bad :
       {"", "a+b", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"}) {
    EXPECT_FALSE(LogVerifier::parse(bad)) << bad;
  }
}

TEST(LogKey, ComesBackFromItsText) {
  const auto key = key_of(1);
  const auto again = LogKey::parse_secret(key.secret_text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sign(1, empty_root()), key.sign(1, empty_root()));
  EXPECT_FALSE(LogKey::parse_secret(key.verifier().text()));
  for (const auto* name : {"", "a b", "a+b", "\xC3\xA1"}) {
    SeededRng rng{1};
    EXPECT_FALSE(LogKey::make(name, crypto::Ed25519Key::generate(rng))) << name;
  }
}

TEST(LogKey, IsKeptInAFileOfTheOwner) {
  auto folder = (std::filesystem::temp_directory_path() / "khien_key_XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const auto path = std::filesystem::path{folder} / "ledger.key";
  SeededRng rng{1};
  const auto made = load_or_create_log_key(path, "khien.example", rng);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto again = load_or_create_log_key(path, "khien.example", rng);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->verifier().text(), made->verifier().text());
  const auto moved = load_or_create_log_key(path, "other.example", rng);
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->name(), "khien.example");  // a log cannot be renamed
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace khien::ledger
