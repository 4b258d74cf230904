#include "ledger/tree.h"

#include <algorithm>
#include <array>
#include <bit>

namespace khien::ledger {
namespace {

constexpr std::array<std::uint8_t, 1> leaf_prefix{0x00};
constexpr std::array<std::uint8_t, 1> node_prefix{0x01};

// The largest power of two below `count`, which is at least 2.
std::uint64_t split(std::uint64_t count) noexcept { return std::bit_floor(count - 1); }

// The root of the leaves [begin, end); `begin` is a multiple of the largest power of two in the
// range, as it always is for the parts that section 2.1 splits a tree into.
Result<Hash> range_root(NodeSource& nodes, std::uint64_t begin, std::uint64_t end) {
  const auto count = end - begin;
  if (std::has_single_bit(count)) {
    const int level = std::countr_zero(count);
    return nodes.complete(level, begin >> level);
  }
  const auto middle = begin + split(count);
  auto left = range_root(nodes, begin, middle);
  if (!left) return left;
  auto right = range_root(nodes, middle, end);
  if (!right) return right;
  return node_hash(*left, *right);
}

bool add(std::vector<Hash>& proof, Result<Hash> hash, Error& error) {
  if (hash) {
    proof.push_back(*hash);
    return true;
  }
  error = std::move(hash).error();
  return false;
}

}  // namespace

Hash leaf_hash(Bytes entry) { return crypto::Sha256{}.update(leaf_prefix).update(entry).finish(); }

Hash node_hash(const Hash& left, const Hash& right) {
  return crypto::Sha256{}.update(node_prefix).update(left).update(right).finish();
}

Hash empty_root() { return crypto::sha256(Bytes{}); }

Result<Hash> root_of(NodeSource& nodes, std::uint64_t size) {
  if (size == 0) return empty_root();
  return range_root(nodes, 0, size);
}

// Walks down from the root to the leaf and notes the sibling of each step; the path is read
// upwards.
Result<std::vector<Hash>> inclusion_proof(NodeSource& nodes, std::uint64_t index,
                                          std::uint64_t size) {
  if (index >= size) return fail(ErrorCode::invalid_argument, "the leaf is not in the tree");
  std::vector<Hash> proof;
  Error error;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const auto middle = begin + split(end - begin);
    const bool left = index < middle;
    auto sibling = left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle);
    if (!add(proof, std::move(sibling), error)) return tl::unexpected<Error>{std::move(error)};
    (left ? end : begin) = middle;
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

// SUBPROOF of section 2.1.2, from the outside in.
Result<std::vector<Hash>> consistency_proof(NodeSource& nodes, std::uint64_t size1,
                                            std::uint64_t size2) {
  if (size1 == 0 || size1 > size2) {
    return fail(ErrorCode::invalid_argument, "there is no such earlier tree");
  }
  std::vector<Hash> proof;
  Error error;
  std::uint64_t begin = 0;
  std::uint64_t end = size2;
  bool known = true;  // the verifier has the root of [begin, size1) as root1
  while (end != size1) {
    const auto middle = begin + split(end - begin);
    const bool left = size1 <= middle;
    auto other = left ? range_root(nodes, middle, end) : range_root(nodes, begin, middle);
    if (!add(proof, std::move(other), error)) return tl::unexpected<Error>{std::move(error)};
    if (!left) known = false;
    (left ? end : begin) = middle;
  }
  if (!known && !add(proof, range_root(nodes, begin, end), error)) {
    return tl::unexpected<Error>{std::move(error)};
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

bool verify_inclusion(const InclusionClaim& claim, std::span<const Hash> proof) {
  if (claim.index >= claim.size) return false;
  auto node = claim.index;
  auto last = claim.size - 1;
  Hash hash = claim.leaf;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      // A last node without a right sibling stands for its parents, too.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash == claim.root;
}

bool verify_consistency(const ConsistencyClaim& claim, std::span<const Hash> proof) {
  if (claim.size2 == 0 && claim.root2 != empty_root()) return false;
  if (claim.size1 == claim.size2) return claim.root1 == claim.root2 && proof.empty();
  if (claim.size1 == 0 || claim.size1 > claim.size2 || proof.empty()) return false;
  // If the first tree is complete, its root stands for the first hash of the proof.
  const bool complete = std::has_single_bit(claim.size1);
  const Hash& first = complete ? claim.root1 : proof.front();
  if (!complete) proof = proof.subspan(1);
  auto node = claim.size1 - 1;
  auto last = claim.size2 - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  Hash hash1 = first;
  Hash hash2 = first;
  for (const Hash& sibling : proof) {
    if (last == 0) return false;
    if ((node & 1) != 0 || node == last) {
      hash1 = node_hash(sibling, hash1);
      hash2 = node_hash(sibling, hash2);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash2 = node_hash(hash2, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && hash1 == claim.root1 && hash2 == claim.root2;
}

}  // namespace khien::ledger
