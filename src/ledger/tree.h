// The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashing, proofs made and checked. Pure
// functions; where the hashes come from is the caller's business (NodeSource). Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace khien::ledger {

using Hash = crypto::Sha256Digest;

/// Leaves and inner nodes are told apart by their first octet, so neither passes for the other.
[[nodiscard]] Hash leaf_hash(Bytes entry);
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);
/// The root of no leaves: SHA-256 of nothing.
[[nodiscard]] Hash empty_root();

/// Hashes of complete subtrees of a tree.
class NodeSource {
 public:
  virtual ~NodeSource() = default;
  /// The root of the 2^level leaves from index * 2^level on.
  [[nodiscard]] virtual Result<Hash> complete(int level, std::uint64_t index) = 0;
};

/// The root of the first `size` leaves. At most 64 calls to `nodes`.
[[nodiscard]] Result<Hash> root_of(NodeSource& nodes, std::uint64_t size);

/// The audit path of leaf `index` in the tree of `size` leaves, the leaf's sibling first (RFC 6962
/// section 2.1.1). invalid_argument unless index < size.
[[nodiscard]] Result<std::vector<Hash>> inclusion_proof(NodeSource& nodes, std::uint64_t index,
                                                        std::uint64_t size);

/// What proves that the tree of `size1` leaves is a prefix of that of `size2` (RFC 6962 section
/// 2.1.2). invalid_argument unless 1 <= size1 <= size2.
[[nodiscard]] Result<std::vector<Hash>> consistency_proof(NodeSource& nodes, std::uint64_t size1,
                                                          std::uint64_t size2);

struct InclusionClaim {
  Hash leaf;  ///< leaf_hash() of the entry
  std::uint64_t index = 0;
  std::uint64_t size = 0;
  Hash root;
};

/// True if `proof` shows that the leaf stands at its index (RFC 9162 section 2.1.3.2).
[[nodiscard]] bool verify_inclusion(const InclusionClaim& claim, std::span<const Hash> proof);

struct ConsistencyClaim {
  std::uint64_t size1 = 0;
  std::uint64_t size2 = 0;
  Hash root1;
  Hash root2;
};

/// True if `proof` shows that the second tree only added to the first (RFC 9162 section 2.1.4.2).
/// Nothing can be shown about an empty first tree: false unless both are empty.
[[nodiscard]] bool verify_consistency(const ConsistencyClaim& claim, std::span<const Hash> proof);

}  // namespace khien::ledger
