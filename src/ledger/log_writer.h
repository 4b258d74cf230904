// Writes a log's folder: full tiles and bundles as they fill, the partial ones and the checkpoint
// when asked to publish. Everything is derived from the entries, so a folder that is behind,
// damaged or lost is written again from the database; but nothing is ever signed that contradicts a
// checkpoint that stands in the folder. One thread, one process at a time for a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/checkpoint.h"
#include "ledger/tiles.h"

namespace khien::ledger {

/// The right edge of the tree: for each level of tiles the hashes of its unfinished one. All that
/// is needed to add leaves and to know the root. A value; about 2,000 hashes at most.
class TreeEdge {
 public:
  struct FullTile {
    int level;
    std::uint64_t index;
    std::vector<Hash> hashes;
  };

  /// Adds a leaf; what became full goes to `full`, lowest level first.
  void push(const Hash& leaf, std::vector<FullTile>& full);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] Hash root() const;
  /// The hashes of the unfinished tile of each level; some may be empty.
  [[nodiscard]] const std::vector<std::vector<Hash>>& levels() const noexcept { return levels_; }

  /// The edge of the log of `size` leaves in `folder`.
  [[nodiscard]] static Result<TreeEdge> load(const std::filesystem::path& folder,
                                             std::uint64_t size);

 private:
  std::uint64_t size_ = 0;
  std::vector<std::vector<Hash>> levels_;
};

/// Where a test may stop the writer, as a power cut would.
enum class WriteStep { before_tile, after_tile, before_checkpoint, after_checkpoint };
using WriteHook = std::function<Result<void>(WriteStep)>;

class LogWriter {
 public:
  /// Reads where the folder stands, making it if absent. A folder whose tiles do not give the root
  /// of its own checkpoint is written again from the first entry: size() is then 0. denied if the
  /// checkpoint is not signed by `key`: the folder is another log's.
  [[nodiscard]] static Result<LogWriter> open(std::filesystem::path folder, const LogKey& key);

  [[nodiscard]] std::uint64_t size() const noexcept { return edge_.size(); }
  [[nodiscard]] const TreeEdge& edge() const noexcept { return edge_; }
  /// What stands signed in the folder.
  [[nodiscard]] const Checkpoint& published() const noexcept { return published_; }

  /// Adds the next entry. corrupt with reason "fork" if the published root is passed by and not
  /// met.
  [[nodiscard]] Result<void> add(Bytes entry);

  /// Writes what is unfinished, syncs, and then signs size() leaves; `root` is what the database
  /// decided. corrupt with reason "fork" if the entries give another root.
  [[nodiscard]] Result<void> publish(const Hash& root);

  void set_hook(WriteHook hook) { hook_ = std::move(hook); }

 private:
  LogWriter(std::filesystem::path folder, const LogKey& key)
      : folder_(std::move(folder)), key_(key) {}
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> write(const TileName& name, Bytes content);
  [[nodiscard]] Result<void> reached(WriteStep step) const;
  void remove_outgrown() noexcept;

  std::filesystem::path folder_;
  LogKey key_;
  TreeEdge edge_;
  Octets bundle_;  // entries of the unfinished bundle
  Checkpoint published_;
  bool has_checkpoint_ = false;
  std::vector<TileName> outgrown_;  // full ones whose partial ones may go after the checkpoint
  WriteHook hook_;
};

}  // namespace khien::ledger
