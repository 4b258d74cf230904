// Proofs that a leaf is in the log: made here, checkable by anybody with the log's public key and
// nothing else. The text form is C2SP tlog-proof with the entry itself as extra data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/checkpoint.h"
#include "ledger/leaf.h"
#include "store/database.h"

namespace khien::ledger {

/// A proof text above this is refused unread.
constexpr std::size_t proof_size_max = 256 * 1024;

struct Proof {
  std::uint64_t index = 0;
  std::string entry;            ///< the leaf's octets: canonical JSON
  std::vector<Hash> path;       ///< siblings from the leaf up
  std::string checkpoint_note;  ///< as signed
  Checkpoint checkpoint;

  /// `c2sp.org/tlog-proof@v1` …
  [[nodiscard]] std::string text() const;
};

/// The proof of leaf `id` from the published log in `folder`; none while it is pending, which lasts
/// a second. not_found if there is no such leaf; corrupt if folder and database disagree.
[[nodiscard]] Result<std::optional<Proof>> prove(store::Database& database,
                                                 const std::filesystem::path& folder,
                                                 const LogVerifier& verifier, const LeafId& id);

/// A leaf with its proof, or none while it is pending.
struct ProvenLeaf {
  std::string entry;
  std::optional<Proof> proof = {};
};

/// prove() for several leaves under one and the same checkpoint, in the order of `ids`.
[[nodiscard]] Result<std::vector<ProvenLeaf>> prove_all(store::Database& database,
                                                        const std::filesystem::path& folder,
                                                        const LogVerifier& verifier,
                                                        std::span<const LeafId> ids);

/// Checks a proof text without network and database. malformed if it is out of form; denied with
/// reason "bad_signature" or "bad_proof" if it does not hold.
[[nodiscard]] Result<Proof> verify_proof(std::string_view text, const LogVerifier& verifier);

/// The proof that the log of `older` leaves is a prefix of the published one, for monitors.
[[nodiscard]] Result<std::vector<Hash>> prove_growth(const std::filesystem::path& folder,
                                                     const LogVerifier& verifier,
                                                     std::uint64_t older);

}  // namespace khien::ledger
