// What changed in a zone between two of its serials, for those who keep a list and do not want to
// take it whole again. The text depends on the two serials alone, so its signature can be asked for
// apart.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "publish/zone_set.h"

namespace khien::publish {

constexpr std::size_t list_delta_changes_max = 100'000;  // about 5 MB of text

struct ListDelta {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  /// By name, as the set holds it: how far its entry reaches at `to`, or nothing where it has none
  /// any more. Names that are at `to` as they were at `from` stand here not.
  std::map<std::string, std::optional<Scope>> changes;
};

/// From `from` to `to`, or to now. not_found ("history_too_short") where the zone's history does
/// not lead from the one to the other; limit_exceeded ("delta_too_large"): the whole list must be
/// taken.
[[nodiscard]] Result<ListDelta> read_delta(ZoneSet& zones, const ZoneFacts& zone,
                                           std::uint32_t from, std::optional<std::uint32_t> to);

/// docs/formats/signed-lists.md
[[nodiscard]] std::string delta_text(const ZoneFacts& zone, const ListDelta& delta);

}  // namespace khien::publish
