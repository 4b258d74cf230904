// The log as static files, C2SP tlog-tiles: hash tiles of 256 at heights of 8, entry bundles of
// 256. Here are the paths, the contents and reading; log_writer.h writes. Layout of a log's folder:
//
//   checkpoint                     the signed note
//   tile/<L>/<N>[.p/<W>]           hashes of level L, 32 octets each
//   tile/entries/<N>[.p/<W>]       entries, each behind its size as 16 bits, big-endian
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "ledger/tree.h"

namespace khien::ledger {

constexpr unsigned tile_width = 256;  ///< hashes of a full tile, entries of a full bundle
constexpr int tile_height = 8;        ///< levels of the tree that a tile spans
constexpr int tile_levels_max = 8;    ///< 256^8 leaves are more than can be
/// The size of an entry is written in 16 bits.
constexpr std::size_t entry_size_max = 65'535;
constexpr std::size_t bundle_size_max = std::size_t{tile_width} * (entry_size_max + 2);

/// One tile or bundle of a log. `level` -1 means entries.
struct TileName {
  int level = 0;
  std::uint64_t index = 0;
  unsigned width = tile_width;  ///< 1..256
  auto operator<=>(const TileName&) const = default;
};
constexpr int entries_level = -1;

/// "tile/0/x001/x234/067.p/17".
[[nodiscard]] std::string tile_path(const TileName& name);
/// malformed unless it is what tile_path() writes.
[[nodiscard]] Result<TileName> parse_tile_path(std::string_view path);

/// How wide the tile `index` of `level` is in a tree of `size` leaves; 0 if it is not there.
[[nodiscard]] unsigned tile_width_at(int level, std::uint64_t index, std::uint64_t size) noexcept;

/// Appends an entry to a bundle. limit_exceeded above entry_size_max.
[[nodiscard]] Result<void> add_entry(Octets& bundle, Bytes entry);
/// The `count` entries of a bundle, borrowed. malformed if it holds more or less.
[[nodiscard]] Result<std::vector<Bytes>> entries_of(Bytes bundle, unsigned count);

/// Reads the tile, or its first `width` parts from the full one where the partial one is gone.
/// corrupt if it is too short or too long.
[[nodiscard]] Result<std::vector<Hash>> read_tile(const std::filesystem::path& folder,
                                                  const TileName& name);
/// The entries of a bundle, owned. corrupt as above.
[[nodiscard]] Result<std::vector<Octets>> read_bundle(const std::filesystem::path& folder,
                                                      std::uint64_t index, unsigned width);

/// The root of the hashes of one tile, 1..256 of them, taken as the leaves of a tree.
[[nodiscard]] Hash tile_root(std::span<const Hash> hashes);

/// The nodes of a log of `size` leaves, out of its tiles. Keeps a few tiles; one thread.
class TileNodes final : public NodeSource {
 public:
  TileNodes(std::filesystem::path folder, std::uint64_t size)
      : folder_(std::move(folder)), size_(size) {}
  [[nodiscard]] Result<Hash> complete(int level, std::uint64_t index) override;

 private:
  static constexpr std::size_t tiles_kept_max = 64;
  std::filesystem::path folder_;
  std::uint64_t size_;
  std::map<std::pair<int, std::uint64_t>, std::vector<Hash>> tiles_;
};

}  // namespace khien::ledger
