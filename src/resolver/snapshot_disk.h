// The snapshot file on disk: written beside the old one and renamed over it, mapped to be read. The
// format is policy's (docs/formats/snapshot.md).
#pragma once

#include <filesystem>
#include <memory>

#include "policy/rule_set.h"

namespace khien::resolver {

constexpr std::string_view snapshot_file_name = "rules.snapshot";
/// Larger files are refused: far above 100 M names.
constexpr std::uint64_t snapshot_size_max = std::uint64_t{16} << 30;

/// Writes all pieces, syncs, renames and syncs the folder. After a crash the old file or the new
/// one stands there, whole. unavailable on I/O errors.
[[nodiscard]] Result<void> save_snapshot(const policy::RuleSet& rules,
                                         const std::filesystem::path& path);

/// Maps the file and checks it. not_found, corrupt, unavailable.
[[nodiscard]] Result<std::shared_ptr<const policy::RuleSet>> map_snapshot(
    const std::filesystem::path& path);

}  // namespace khien::resolver
