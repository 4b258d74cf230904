// List files on disk: what they are by their stamps, and their domains line by line into a spool of
// changes. Read in small pieces: however large a list is, little of it lies in memory.
#pragma once

#include <filesystem>
#include <vector>

#include "policy/list_text.h"
#include "resolver/edit_spool.h"

namespace khien::resolver {

constexpr std::uint64_t list_size_max = std::uint64_t{4} << 30;  // octets of one list file
constexpr std::size_t list_line_size_max = 4'096;                // a longer line is a bad one

struct ListFile {
  policy::Source source;
  std::filesystem::path path = {};
};

/// What rules made of these lists would say of them; the stamp moves with size and time of change.
/// not_found, unavailable.
[[nodiscard]] Result<std::vector<policy::ZoneState>> stamp_lists(
    const std::vector<ListFile>& lists);

/// Pushes every domain of the file, and what lies below it, to `spool`. not_found, unavailable,
/// limit_exceeded; malformed if less than half of its lines are domains: it is some other file.
Result<policy::ListCounts> read_list(const ListFile& list, EditSpool& spool);

}  // namespace khien::resolver
