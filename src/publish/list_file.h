// Writing one list to disk in two passes: the entries first, because the head says how many they
// are; then head, entries and tail into the file itself, hashed on their way. Internal to
// list_shelf.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "crypto/blake2b.h"
#include "exchange/list_writer.h"
#include "publish/list_catalogue.h"
#include "publish/zone_set.h"

namespace khien::publish {

/// The entries of a list in one format, in an unnamed file.
struct ListEntries {
  FileDescriptor file;
  std::uint64_t size = 0;
  std::uint64_t serial = 0;
  std::uint64_t count = 0;
  std::uint64_t domain_count = 0;
  std::uint64_t left_out = 0;  ///< names that no list can carry
};

/// Reads the zones as they are now. limit_exceeded ("list_too_large") above `size_max` octets;
/// unavailable where the disk takes no more.
[[nodiscard]] Result<ListEntries> write_entries(const std::filesystem::path& folder, ZoneSet& zones,
                                                const ListFacts& list, exchange::ListOutput output,
                                                std::uint64_t size_max);

struct WrittenList {
  std::uint64_t size = 0;
  crypto::Blake2bDigest digest{};
};
/// Head, entries and tail as `path`, which must not exist.
[[nodiscard]] Result<WrittenList> write_list(const std::filesystem::path& path,
                                             std::string_view head, const ListEntries& entries,
                                             std::string_view tail);

}  // namespace khien::publish
