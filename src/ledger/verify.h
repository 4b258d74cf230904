// Checks a whole log, trusting nothing but the public key: what an auditor runs on a copy of the
// folder, and what we run against our own database.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "ledger/checkpoint.h"
#include "store/database.h"

namespace khien::ledger {

struct FolderReport {
  Checkpoint checkpoint;
  std::uint64_t tile_count = 0;    ///< hash tiles checked, partial ones included
  std::uint64_t bundle_count = 0;  ///< entry bundles checked
  /// Tiles beyond the checkpoint: written, not yet signed, as they are for some milliseconds of
  /// every publication. They are not part of the log.
  std::uint64_t unsigned_count = 0;
  /// Files that are being written beside their place, or were when a writer was killed: no part of
  /// the log, and nobody is served them.
  std::uint64_t unfinished_count = 0;
};

/// Every entry is canonical JSON with an id of its own place's hash; all entries hash to the tiles,
/// all tiles to the root, the root is signed, and the folder holds no other files,
/// but for those that are being written. corrupt with the file's name at the first thing that does
/// not hold. Reads all of it: about 1 s for a million leaves a core at disk speed; memory for two
/// tiles a level.
[[nodiscard]] Result<FolderReport> verify_folder(const std::filesystem::path& folder,
                                                 const LogVerifier& verifier);

struct DatabaseReport {
  FolderReport folder;
  std::uint64_t pending = 0;  ///< leaves without a place, or not yet under the checkpoint
};

/// verify_folder(), and every leaf of the database with a place stands there with the same octets,
/// and the other way round.
[[nodiscard]] Result<DatabaseReport> verify_against(store::Database& database,
                                                    const std::filesystem::path& folder,
                                                    const LogVerifier& verifier);

}  // namespace khien::ledger
