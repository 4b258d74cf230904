#include "ledger/tiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/assert.h"
#include "base/file.h"

namespace khien::ledger {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// "x001/x234/067" of 1,234,067.
std::string index_path(std::uint64_t index) {
  auto path = fmt::format("{:03}", index % 1'000);
  while (index >= 1'000) {
    index /= 1'000;
    path = fmt::format("x{:03}/{}", index % 1'000, path);
  }
  return path;
}

Result<Octets> read_whole_or_prefix(const std::filesystem::path& folder, TileName name,
                                    std::size_t size_max) {
  auto content = read_file(folder / tile_path(name), size_max);
  if (content || content.error().code != ErrorCode::not_found || name.width == tile_width) {
    return content;
  }
  name.width = tile_width;
  return read_file(folder / tile_path(name), size_max);
}

// Entries up to `count`; what follows them is left in `rest`.
Result<std::vector<Bytes>> first_entries(Bytes bundle, unsigned count, Bytes& rest) {
  std::vector<Bytes> entries;
  for (unsigned i = 0; i < count; ++i) {
    if (bundle.size() < 2) return fail(ErrorCode::malformed, "a bundle ends too early");
    const std::size_t size = (std::size_t{bundle[0]} << 8) | bundle[1];
    bundle = bundle.subspan(2);
    if (size > bundle.size()) return fail(ErrorCode::malformed, "a bundle ends in an entry");
    entries.push_back(bundle.first(size));
    bundle = bundle.subspan(size);
  }
  rest = bundle;
  return entries;
}

}  // namespace

std::string tile_path(const TileName& name) {
  auto path = name.level == entries_level ? std::string{"tile/entries/"}
                                          : fmt::format("tile/{}/", name.level);
  path += index_path(name.index);
  if (name.width < tile_width) path += fmt::format(".p/{}", name.width);
  return path;
}

Result<TileName> parse_tile_path(std::string_view path) {
  const auto refused = fail(ErrorCode::malformed, "not the path of a tile");
  const std::string_view whole = path;
  if (!path.starts_with("tile/")) return refused;
  path.remove_prefix(5);
  TileName name;
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return refused;
  if (path.substr(0, slash) == "entries") {
    name.level = entries_level;
  } else {
    const auto level = parse_number(path.substr(0, slash));
    if (!level || *level >= tile_levels_max) return refused;
    name.level = static_cast<int>(*level);
  }
  path.remove_prefix(slash + 1);
  if (const auto partial = path.find(".p/"); partial != std::string_view::npos) {
    const auto width = parse_number(path.substr(partial + 3));
    if (!width || *width == 0 || *width >= tile_width) return refused;
    name.width = static_cast<unsigned>(*width);
    path = path.substr(0, partial);
  }
  std::string digits;
  for (const char c : path) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const auto index = parse_number(digits);
  if (!index) return refused;
  name.index = *index;
  // The one way of writing it: anything else would be a second name for the same tile.
  if (tile_path(name) != whole) return refused;
  return name;
}

unsigned tile_width_at(int level, std::uint64_t index, std::uint64_t size) noexcept {
  const int shift = level == entries_level ? 0 : level * tile_height;
  const auto hashes = shift >= 64 ? 0 : size >> shift;
  if (index > hashes / tile_width) return 0;
  return static_cast<unsigned>(std::min<std::uint64_t>(hashes - index * tile_width, tile_width));
}

Result<void> add_entry(Octets& bundle, Bytes entry) {
  if (entry.size() > entry_size_max) {
    return fail(ErrorCode::limit_exceeded, "an entry is too large", "entry_size_max");
  }
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<std::uint8_t>(entry.size() & 0xFF));
  bundle.insert(bundle.end(), entry.begin(), entry.end());
  return {};
}

Result<std::vector<Bytes>> entries_of(Bytes bundle, unsigned count) {
  Bytes rest;
  auto entries = first_entries(bundle, count, rest);
  if (entries && !rest.empty()) return fail(ErrorCode::malformed, "a bundle is too long");
  return entries;
}

Result<std::vector<Hash>> read_tile(const std::filesystem::path& folder, const TileName& name) {
  auto content = read_whole_or_prefix(folder, name, std::size_t{tile_width} * sizeof(Hash));
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  const std::size_t wanted = name.width * sizeof(Hash);
  if (content->size() != wanted && content->size() != tile_width * sizeof(Hash)) {
    return fail(ErrorCode::corrupt, tile_path(name) + " has the wrong size");
  }
  std::vector<Hash> hashes(name.width);
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const auto from = Bytes{*content}.subspan(i * sizeof(Hash), sizeof(Hash));
    std::copy(from.begin(), from.end(), hashes[i].begin());
  }
  return hashes;
}

Result<std::vector<Octets>> read_bundle(const std::filesystem::path& folder, std::uint64_t index,
                                        unsigned width) {
  const TileName name{.level = entries_level, .index = index, .width = width};
  auto content = read_whole_or_prefix(folder, name, bundle_size_max);
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  Bytes rest;
  auto entries = first_entries(*content, width, rest);
  // What follows may only be the rest of the full bundle.
  if (!entries || (!rest.empty() && !entries_of(*content, tile_width))) {
    return fail(ErrorCode::corrupt, tile_path(name) + " is damaged");
  }
  std::vector<Octets> owned;
  owned.reserve(entries->size());
  for (const Bytes entry : *entries) owned.push_back(to_octets(entry));
  return owned;
}

Hash tile_root(std::span<const Hash> hashes) {
  KHIEN_ASSERT(!hashes.empty() && hashes.size() <= tile_width);
  std::vector<Hash> row{hashes.begin(), hashes.end()};
  // Pairs from the left; an odd last one goes up as it is (RFC 6962 section 2.1 comes to the same).
  while (row.size() > 1) {
    std::vector<Hash> above;
    for (std::size_t i = 0; i + 1 < row.size(); i += 2)
      above.push_back(node_hash(row[i], row[i + 1]));
    if (row.size() % 2 == 1) above.push_back(row.back());
    row = std::move(above);
  }
  return row.front();
}

Result<Hash> TileNodes::complete(int level, std::uint64_t index) {
  const int tile_level = level / tile_height;
  const int below = level % tile_height;
  const auto first = index << below;
  const auto tile_index = first / tile_width;
  const auto offset = static_cast<std::size_t>(first % tile_width);
  const auto count = std::size_t{1} << below;
  const auto key = std::pair{tile_level, tile_index};
  auto found = tiles_.find(key);
  if (found == tiles_.end()) {
    const auto width = tile_width_at(tile_level, tile_index, size_);
    if (width == 0) return fail(ErrorCode::internal, "a node beyond the tree");
    auto tile = read_tile(folder_, {.level = tile_level, .index = tile_index, .width = width});
    if (!tile) return propagate(std::move(tile).error(), "read tile");
    if (tiles_.size() >= tiles_kept_max) tiles_.clear();
    found = tiles_.emplace(key, std::move(*tile)).first;
  }
  if (count > found->second.size() || offset > found->second.size() - count) {
    return fail(ErrorCode::internal, "a node beyond the tree");
  }
  return tile_root(std::span{found->second}.subspan(offset, count));
}

}  // namespace khien::ledger
