// Takes leaves that stand signed in the published log, and that the database lacks, back into the
// database: after the restore of a backup that is older than the log. Without it the log could only
// stop, or fork. What the leaves tell of is not restored; who calls it says which decisions those
// are.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ledger/checkpoint.h"
#include "store/database.h"

namespace khien::ledger {

/// How far the signed checkpoint in `folder` and the database are. not_found without a checkpoint.
struct LogAndDatabase {
  std::uint64_t log_size = 0;
  std::uint64_t database_size = 0;
};
[[nodiscard]] Result<LogAndDatabase> compare_sizes(store::Database& database,
                                                   const std::filesystem::path& folder,
                                                   const LogVerifier& verifier);

/// Verifies the whole folder, then writes its leaves beyond the database's last into the database,
/// in one transaction, and returns their entries (canonical JSON). Empty if it lacks none. corrupt
/// with reason "fork" if the two disagree about what both have: then nothing is written.
[[nodiscard]] Result<std::vector<std::string>> adopt_log(store::Database& database,
                                                         const std::filesystem::path& folder,
                                                         const LogVerifier& verifier,
                                                         const Clock& clock);

}  // namespace khien::ledger
