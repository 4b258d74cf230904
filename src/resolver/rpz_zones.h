// The file of third parties' zones that an operator gives with --rpz (docs/formats/rpz-zones.md):
// which zones, from which primaries, in which order, and what each is for. Read at start, strictly:
// one error refuses the whole file with the zone and the field at fault.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "policy/third_party.h"
#include "resolver/secondary.h"

namespace khien::resolver {

constexpr std::size_t rpz_file_size_max = std::size_t{1} << 20;

struct RpzZone {
  policy::ThirdPartyZone zone;
  ZonePrimary primary;
};

/// In the order of precedence. malformed, limit_exceeded, conflict; what reading key files and
/// certificates says.
[[nodiscard]] Result<std::vector<RpzZone>> parse_rpz_zones(std::string_view json);
[[nodiscard]] Result<std::vector<RpzZone>> read_rpz_zones(const std::filesystem::path& path);

}  // namespace khien::resolver
