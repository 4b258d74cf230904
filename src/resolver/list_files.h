// List files into rules at start-up, or from the snapshot if they are what it was made of.
#pragma once

#include <vector>

#include "resolver/service.h"

namespace khien::resolver {

/// What a snapshot made of these lists would say of them; the stamp moves with size and time of
/// change. not_found, unavailable.
[[nodiscard]] Result<std::vector<policy::ZoneState>> stamp_lists(
    const std::vector<ListFile>& lists);

/// Reads and compiles all lists.
[[nodiscard]] Result<policy::NameTable> compile_lists(const std::vector<ListFile>& lists,
                                                      const policy::HashKey& key);

}  // namespace khien::resolver
