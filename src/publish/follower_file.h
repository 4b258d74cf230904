// What is known of our followers, in one file: khiend writes it (STATE/zones/followers.state) so
// that a restart does not forget who is behind, khienctl reads it without asking anybody. Format:
// docs/formats/follower-progress.md.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "publish/follower_record.h"

namespace khien::publish {

/// The most that the maxima of followers, zones and servers can come to.
constexpr std::size_t progress_file_size_max = 8U << 20;

[[nodiscard]] std::filesystem::path progress_path(const std::filesystem::path& state);

/// Replaces the file whole. limit_exceeded beyond progress_file_size_max; unavailable.
[[nodiscard]] Result<void> write_progress(const std::filesystem::path& path,
                                          const FollowersRecord& record);
/// not_found; malformed for anything but what write_progress() writes. Zones that are no more are
/// left out.
[[nodiscard]] Result<FollowersRecord> read_progress(const std::filesystem::path& path);

}  // namespace khien::publish
