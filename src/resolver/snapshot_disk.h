// The snapshot file on disk: written beside the old one and renamed over it, mapped to be read. The
// format is policy's (docs/formats/snapshot.md).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "policy/rule_set.h"

namespace khien::resolver {

constexpr std::string_view snapshot_file_name = "rules.snapshot";
/// Larger files are refused: far above 100 M names.
constexpr std::uint64_t snapshot_size_max = std::uint64_t{16} << 30;

/// Asked between two pieces of work of some milliseconds: whether to leave the rest for later.
using Interrupted = std::function<bool()>;

/// What goes into a snapshot. Borrows everything.
struct SnapshotContent {
  const policy::RuleSet& rules;
  const std::vector<policy::ZoneState>& zones;
  const policy::RareZones& rare;
};

/// Writes and syncs a snapshot beside `path`; its checksum, or nullopt if it was interrupted: then
/// nothing is left of it. unavailable on I/O errors.
[[nodiscard]] Result<std::optional<crypto::Sha256Digest>> write_snapshot(
    const SnapshotContent& content, const std::filesystem::path& path,
    const Interrupted& interrupted);

/// Puts what write_snapshot() wrote in the place of `path` and syncs the folder. After a crash the
/// old file or the new one stands there, whole.
Result<void> put_snapshot_in_place(const std::filesystem::path& path);

/// Maps the file and checks it. The pages of a shard are given back when it is replaced, the file's
/// room on the disk when all are. not_found, corrupt, unavailable.
[[nodiscard]] Result<std::shared_ptr<const policy::RuleSet>> map_snapshot(
    const std::filesystem::path& path);

}  // namespace khien::resolver
