#include "ledger/log_writer.h"

#include <fmt/format.h>

#include <optional>
#include <system_error>

#include "base/assert.h"
#include "base/file.h"
#include "base/log.h"

namespace khien::ledger {
namespace {

Octets octets_of(std::span<const Hash> hashes) {
  Octets out;
  out.reserve(hashes.size() * sizeof(Hash));
  for (const Hash& hash : hashes) out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

}  // namespace

void TreeEdge::push(const Hash& leaf, std::vector<FullTile>& full) {
  ++size_;
  Hash hash = leaf;
  std::uint64_t count = size_;  // complete nodes of this level, with the new one
  for (std::size_t level = 0;; ++level) {
    if (levels_.size() <= level) levels_.emplace_back();
    auto& tile = levels_[level];
    tile.push_back(hash);
    if (tile.size() < tile_width) return;
    hash = tile_root(tile);
    full.push_back({static_cast<int>(level), count / tile_width - 1, std::move(tile)});
    tile.clear();
    count /= tile_width;
  }
}

Hash TreeEdge::root() const {
  // From the right: the lowest level's partial tile is the last part of the tree. A partial tile of
  // w hashes is the tree of its w subtrees, and the part to its right joins it as one more,
  // smaller.
  std::optional<Hash> right;
  for (const auto& tile : levels_) {
    // Complete subtrees by the bits of the width, smallest last.
    std::size_t end = tile.size();
    while (end > 0) {
      const auto width = end & (~end + 1);
      const auto part = tile_root(std::span{tile}.subspan(end - width, width));
      right = right ? node_hash(part, *right) : part;
      end -= width;
    }
  }
  return right ? *right : empty_root();
}

Result<TreeEdge> TreeEdge::load(const std::filesystem::path& folder, std::uint64_t size) {
  TreeEdge edge;
  edge.size_ = size;
  for (int level = 0; level < tile_levels_max && (size >> (level * tile_height)) > 0; ++level) {
    const auto count = size >> (level * tile_height);
    const auto width = static_cast<unsigned>(count % tile_width);
    edge.levels_.emplace_back();
    if (width == 0) continue;
    auto tile = read_tile(folder, {.level = level, .index = count / tile_width, .width = width});
    if (!tile) return tl::unexpected<Error>{std::move(tile).error()};
    edge.levels_.back() = std::move(*tile);
  }
  return edge;
}

Result<LogWriter> LogWriter::open(std::filesystem::path folder, const LogKey& key) {
  LogWriter writer{std::move(folder), key};
  std::error_code error;
  std::filesystem::create_directories(writer.folder_, error);
  if (error) return fail(ErrorCode::unavailable, "make folder " + writer.folder_.string());
  if (auto loaded = writer.load(); !loaded) {
    return propagate(std::move(loaded).error(), "open log folder");
  }
  return writer;
}

Result<void> LogWriter::load() {
  published_ = Checkpoint{.origin = key_.name(), .size = 0, .root = empty_root()};
  auto note = read_file(folder_ / "checkpoint", note_size_max);
  if (!note) {
    if (note.error().code == ErrorCode::not_found) return {};
    return tl::unexpected<Error>{std::move(note).error()};
  }
  auto checkpoint = open_checkpoint(as_text(*note), key_.verifier());
  if (!checkpoint) return tl::unexpected<Error>{std::move(checkpoint).error()};
  published_ = std::move(*checkpoint);
  has_checkpoint_ = true;

  const auto count = static_cast<unsigned>(published_.size % tile_width);
  auto edge = TreeEdge::load(folder_, published_.size);
  Octets bundle;
  bool whole = edge.has_value() && edge->root() == published_.root;
  if (whole && count > 0) {
    auto entries = read_bundle(folder_, published_.size / tile_width, count);
    whole = entries.has_value();
    for (std::size_t i = 0; whole && i < entries->size(); ++i) {
      const auto& entry = (*entries)[i];
      whole = leaf_hash(entry) == edge->levels()[0][i] && add_entry(bundle, entry).has_value();
    }
  }
  if (!whole) {
    KHIEN_LOG(warning, "ledger_folder_rewritten", {"size", published_.size});
    // From the first entry; the published root must come out again. Outgrown partial tiles are not
    // written anew, so the damaged ones must go.
    std::error_code error;
    std::filesystem::remove_all(folder_ / "tile", error);
    if (error) return fail(ErrorCode::unavailable, "remove damaged tiles");
    return {};
  }
  edge_ = std::move(*edge);
  bundle_ = std::move(bundle);
  return {};
}

Result<void> LogWriter::reached(WriteStep step) const {
  if (!hook_) return {};
  return hook_(step);
}

Result<void> LogWriter::write(const TileName& name, Bytes content) {
  if (auto go = reached(WriteStep::before_tile); !go) return go;
  const auto path = folder_ / tile_path(name);
  std::error_code error;
  const bool made = std::filesystem::create_directories(path.parent_path(), error);
  if (error) return fail(ErrorCode::unavailable, "make folder " + path.parent_path().string());
  // New folders' names must survive a power cut, too.
  for (auto folder = path.parent_path(); made && folder != folder_; folder = folder.parent_path()) {
    if (auto synced = sync_folder(folder.parent_path()); !synced) return synced;
  }
  if (auto written = write_file_atomically(path, content, FileAccess::everybody); !written) {
    return written;
  }
  return reached(WriteStep::after_tile);
}

Result<void> LogWriter::add(Bytes entry) {
  if (auto added = add_entry(bundle_, entry); !added) return added;
  std::vector<TreeEdge::FullTile> full;
  edge_.push(leaf_hash(entry), full);
  if (size() == published_.size && edge_.root() != published_.root) {
    return fail(ErrorCode::corrupt,
                fmt::format("the entries contradict the published checkpoint of {}", size()),
                "fork");
  }
  if (full.empty()) return {};
  const TileName name{.level = entries_level, .index = size() / tile_width - 1};
  if (auto written = write(name, bundle_); !written) return written;
  bundle_.clear();
  outgrown_.push_back(name);
  for (const auto& tile : full) {
    const TileName done{.level = tile.level, .index = tile.index};
    if (auto written = write(done, octets_of(tile.hashes)); !written) return written;
    outgrown_.push_back(done);
  }
  return {};
}

Result<void> LogWriter::publish(const Hash& root) {
  if (edge_.root() != root) {
    return fail(ErrorCode::corrupt,
                fmt::format("the entries do not give the root decided for {}", size()), "fork");
  }
  if (size() < published_.size) {
    return fail(ErrorCode::corrupt, "the log would become shorter", "fork");
  }
  const auto count = static_cast<unsigned>(size() % tile_width);
  if (count > 0) {
    const TileName name{.level = entries_level, .index = size() / tile_width, .width = count};
    if (auto written = write(name, bundle_); !written) return written;
  }
  for (std::size_t level = 0; level < edge_.levels().size(); ++level) {
    const auto& tile = edge_.levels()[level];
    if (tile.empty()) continue;
    const int shift = static_cast<int>(level) * tile_height;
    const TileName name{.level = static_cast<int>(level),
                        .index = (size() >> shift) / tile_width,
                        .width = static_cast<unsigned>(tile.size())};
    if (auto written = write(name, octets_of(tile)); !written) return written;
  }
  if (auto go = reached(WriteStep::before_checkpoint); !go) return go;
  const auto note = key_.sign(size(), root);
  auto written =
      write_file_atomically(folder_ / "checkpoint", as_bytes(note), FileAccess::everybody);
  if (!written) return written;
  published_ = Checkpoint{.origin = key_.name(), .size = size(), .root = root};
  has_checkpoint_ = true;
  if (auto go = reached(WriteStep::after_checkpoint); !go) return go;
  remove_outgrown();
  return {};
}

void LogWriter::remove_outgrown() noexcept {
  for (const auto& name : outgrown_) {
    std::error_code error;  // what stays behind is only clutter
    std::filesystem::remove_all(folder_ / (tile_path(name) + ".p"), error);
  }
  outgrown_.clear();
}

}  // namespace khien::ledger
