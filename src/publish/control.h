// The operator's hand on the publisher with API and database away: a stop switch and a rollback, as
// small files in the publisher's folder, which khienctl writes and the publisher looks at once a
// second. Only who may write that folder can use them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace khien::publish {

class ZoneSet;

constexpr std::int64_t control_poll_ms = 1'000;

/// While stopped, nothing from the database is applied. What is served stays served; orders whose
/// time is over still lapse, and secondaries still get their transfers.
[[nodiscard]] Result<void> set_stopped(const std::filesystem::path& folder, bool stopped);
[[nodiscard]] bool is_stopped(const std::filesystem::path& folder);

/// Stops, and makes `zone` serve what it served at `serial` (ZoneSet::rollback). If a publisher has
/// the folder open it is asked, and its answer awaited for at most `wait_ms`; otherwise it is done
/// here. Returns a sentence for the operator. timeout if the publisher does not answer.
struct RollbackRequest {
  std::filesystem::path folder;
  std::string zone;
  std::uint32_t serial = 0;
  std::int64_t wait_ms = 5'000;
};
[[nodiscard]] Result<std::string> roll_back(const RollbackRequest& request, const Clock& clock);

/// For the publisher: does what is asked in `folder`, if anything, and writes the answer.
void serve_control(const std::filesystem::path& folder, ZoneSet& zones);

}  // namespace khien::publish
