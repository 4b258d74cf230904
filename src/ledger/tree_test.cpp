#include "ledger/tree.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "codec/base64.h"
#include "codec/json.h"

namespace khien::ledger {
namespace {

// The definition of RFC 6962 section 2.1 word for word, as an oracle.
class PlainTree final : public NodeSource {
 public:
  explicit PlainTree(std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; ++i)
      leaves_.push_back(leaf_hash(as_bytes(std::to_string(i))));
  }
  [[nodiscard]] Hash root(std::size_t begin, std::size_t end) const {
    if (begin == end) return empty_root();
    if (end - begin == 1) return leaves_[begin];
    std::size_t k = 1;
    while (k * 2 < end - begin) k *= 2;
    return node_hash(root(begin, begin + k), root(begin + k, end));
  }
  [[nodiscard]] Result<Hash> complete(int level, std::uint64_t index) override {
    const auto width = std::uint64_t{1} << level;
    if ((index + 1) * width > leaves_.size()) return fail(ErrorCode::internal, "beyond the tree");
    return root(index * width, (index + 1) * width);
  }
  [[nodiscard]] const Hash& leaf(std::size_t index) const { return leaves_[index]; }

 private:
  std::vector<Hash> leaves_;
};

constexpr std::uint64_t size_max = 70;

TEST(Tree, RootsAgreeWithTheDefinition) {
  PlainTree tree{size_max};
  for (std::uint64_t size = 0; size <= size_max; ++size) {
    EXPECT_EQ(*root_of(tree, size), tree.root(0, size)) << size;
  }
}

TEST(Tree, EveryInclusionProofHoldsAndNoChangedOneDoes) {
  PlainTree tree{size_max};
  for (std::uint64_t size = 1; size <= size_max; ++size) {
    for (std::uint64_t index = 0; index < size; ++index) {
      auto proof = inclusion_proof(tree, index, size);
      ASSERT_TRUE(proof);
      InclusionClaim claim{tree.leaf(index), index, size, tree.root(0, size)};
      EXPECT_TRUE(verify_inclusion(claim, *proof)) << index << " of " << size;
      for (auto& hash : *proof) {
        hash[7] ^= 1;
        EXPECT_FALSE(verify_inclusion(claim, *proof));
        hash[7] ^= 1;
      }
      proof->push_back(claim.leaf);
      EXPECT_FALSE(verify_inclusion(claim, *proof));
      proof->pop_back();
      claim.index = (index + 1) % size;
      EXPECT_EQ(verify_inclusion(claim, *proof), size == 1);
    }
  }
  EXPECT_FALSE(inclusion_proof(tree, 3, 3));
}

TEST(Tree, EveryConsistencyProofHoldsAndNoChangedOneDoes) {
  PlainTree tree{size_max};
  for (std::uint64_t size2 = 1; size2 <= size_max; ++size2) {
    for (std::uint64_t size1 = 1; size1 <= size2; ++size1) {
      auto proof = consistency_proof(tree, size1, size2);
      ASSERT_TRUE(proof);
      const ConsistencyClaim claim{size1, size2, tree.root(0, size1), tree.root(0, size2)};
      EXPECT_TRUE(verify_consistency(claim, *proof)) << size1 << " to " << size2;
      for (auto& hash : *proof) {
        hash[31] ^= 0x80;
        EXPECT_FALSE(verify_consistency(claim, *proof));
        hash[31] ^= 0x80;
      }
      if (!proof->empty()) {
        proof->pop_back();
        EXPECT_FALSE(verify_consistency(claim, *proof));
      }
    }
  }
  EXPECT_FALSE(consistency_proof(tree, 0, 3));
  EXPECT_FALSE(consistency_proof(tree, 4, 3));
}

// The published vectors: each says whether a proof must be taken or refused.
class Vectors : public ::testing::Test {
 protected:
  std::vector<codec::Json> load(const std::string& kind) {
    std::vector<codec::Json> cases;
    const std::filesystem::path folder = std::filesystem::path{KHIEN_SOURCE_DIR} /
                                         "../shared/data/standards/merkle-rfc6962/testdata" / kind;
    if (!std::filesystem::exists(folder)) return cases;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
      if (entry.path().extension() != ".json") continue;
      auto content = read_file(entry.path(), 1 << 20);
      EXPECT_TRUE(content);
      auto json = codec::Json::parse(*content, {.size_max = 1 << 20});
      if (json) {
        cases.push_back(std::move(*json));
        continue;
      }
      // An index beyond 63 bits does not even parse: refused, as it must be.
      EXPECT_NE(as_text(*content).find("\"wantErr\": true"), std::string_view::npos)
          << entry.path();
      ++unreadable_;
    }
    return cases;
  }
  static bool hash_at(const codec::Json& json, std::string_view key, Hash& out) {
    const auto* text = json.find(key)->text();
    return text != nullptr && decode(*text, out);
  }
  static bool decode(const std::string& text, Hash& out) {
    auto octets = codec::parse_base64(text);
    if (!octets) return false;
    if (octets->size() != out.size()) return false;  // cannot even be stated to us
    std::copy(octets->begin(), octets->end(), out.begin());
    return true;
  }
  static bool proof_of(const codec::Json& json, std::vector<Hash>& proof) {
    for (const auto& item : json.find("proof")->items()) {
      if (!decode(*item.text(), proof.emplace_back())) return false;
    }
    return true;
  }
  static std::uint64_t number(const codec::Json& json, std::string_view key) {
    return static_cast<std::uint64_t>(json.find(key)->integer().value_or(0));
  }
  std::size_t unreadable_ = 0;
};

TEST_F(Vectors, Inclusion) {
  const auto cases = load("inclusion");
  if (cases.empty()) GTEST_SKIP() << "../shared/data/standards/merkle-rfc6962 is not here";
  EXPECT_EQ(cases.size() + unreadable_, 98U);
  for (const auto& json : cases) {
    InclusionClaim claim{
        .leaf = {}, .index = number(json, "leafIdx"), .size = number(json, "treeSize"), .root = {}};
    std::vector<Hash> proof;
    const bool taken = hash_at(json, "leafHash", claim.leaf) && hash_at(json, "root", claim.root) &&
                       proof_of(json, proof) && verify_inclusion(claim, proof);
    EXPECT_EQ(taken, !json.boolean_at("wantErr").value()) << json.dump();
  }
}

TEST_F(Vectors, Consistency) {
  const auto cases = load("consistency");
  if (cases.empty()) GTEST_SKIP() << "../shared/data/standards/merkle-rfc6962 is not here";
  EXPECT_EQ(cases.size() + unreadable_, 98U);
  for (const auto& json : cases) {
    ConsistencyClaim claim{
        .size1 = number(json, "size1"), .size2 = number(json, "size2"), .root1 = {}, .root2 = {}};
    std::vector<Hash> proof;
    // Some vectors have roots of another size and only ask whether they are equal.
    const auto& root1 = *json.find("root1")->text();
    const auto& root2 = *json.find("root2")->text();
    if (root1.size() < 40 && root2.size() < 40) {
      claim.root1 = crypto::sha256(root1);
      claim.root2 = crypto::sha256(root2);
      EXPECT_EQ(verify_consistency(claim, proof), !json.boolean_at("wantErr").value());
      continue;
    }
    const bool taken = hash_at(json, "root1", claim.root1) && hash_at(json, "root2", claim.root2) &&
                       proof_of(json, proof) && verify_consistency(claim, proof);
    EXPECT_EQ(taken, !json.boolean_at("wantErr").value()) << json.dump();
  }
}

}  // namespace
}  // namespace khien::ledger
