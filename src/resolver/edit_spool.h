// The changes of one transfer, or of list files, sorted by the shard of rules that they fall into
// while they come in, so that they can take effect shard by shard (ADR 0604). Within a shard they
// keep their order; all changes of a name are in one.
//
// A few stay in memory. Many go to a file without a name in the given folder, by write(2): the
// pages are the kernel's, not ours, and a kill leaves nothing behind. Without a folder, or where
// the disk refuses, they stay in memory: a full disk must not hold up a block. One thread.
#pragma once

#include <filesystem>

#include "base/file.h"
#include "policy/rule_shard.h"
#include "resolver/rule_edits.h"

namespace khien::resolver {

/// Octets of a shard's changes that are written at once; 64 shards hold at most 1 MiB back.
constexpr std::size_t spool_chunk_size = 16'384;
/// Octets of changes (as RuleEdits) that are also kept in the order in which they came.
constexpr std::size_t spool_in_order_size_max = std::size_t{1} << 20;
/// Octets of rare records of one transfer: what a zone may hold, taken away and given anew.
constexpr std::size_t spool_rare_size_max = 3 * policy::rare_octets_max;

/// One change of a name's rule of one source.
struct SpoolEdit {
  policy::Source source = {};
  bool add = true;
  bool exact = false;  ///< the name itself
  bool below = false;  ///< what lies below it
  bool nodata = false;
  bool rare = false;  ///< whether the trigger is one of rare() has to be looked up there
  Bytes name = {};    // borrowed
};

class EditSpool {
 public:
  /// `key` is that of the rules which will be changed. An empty `folder` keeps all in memory.
  explicit EditSpool(const policy::HashKey& key = {}, std::filesystem::path folder = {});
  EditSpool(EditSpool&&) noexcept = default;
  EditSpool& operator=(EditSpool&&) noexcept = default;

  /// The name is a checked wire name of at least policy::rule_labels_min labels.
  void push(policy::Source source, const RuleEdit& edit);
  void push_all(policy::Source source, const RuleEdits& edits);
  /// `name` and what lies below it, of a list: not kept in order.
  void push_whole(policy::Source source, Bytes name);

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool touches(std::size_t shard) const noexcept { return parts_[shard].count != 0; }
  /// The most names that `shard` can get by it, and their octets.
  [[nodiscard]] std::size_t names(std::size_t shard) const noexcept { return parts_[shard].count; }
  [[nodiscard]] std::size_t name_octets(std::size_t shard) const noexcept {
    return parts_[shard].name_octets;
  }
  /// All of them as they came, for the journal; nullptr if they are more than that takes.
  [[nodiscard]] const RuleEdits* in_order() const noexcept {
    return is_large_ ? nullptr : &in_order_;
  }
  /// Those of a third party's zone that are no plain blocks, as they came. In memory.
  [[nodiscard]] const RuleEdits& rare() const noexcept { return rare_; }
  /// How many of these there was no room for.
  [[nodiscard]] std::size_t rare_dropped() const noexcept { return rare_dropped_; }
  /// What it holds in memory now, beside its tables of contents.
  [[nodiscard]] std::size_t memory_size() const noexcept;
  /// What it has put into its file.
  [[nodiscard]] std::uint64_t file_size() const noexcept { return file_end_; }

  /// Calls visit(edit) -> Result<void> for the changes in `shard`, in their order, up to the
  /// first error. unavailable if the file cannot be read.
  template <typename Visit>
  Result<void> for_each(std::size_t shard, Visit&& visit) const {
    const Part& part = parts_[shard];
    Octets buffer;
    for (const Chunk& chunk : part.chunks) {
      auto octets = read(chunk, buffer);
      if (!octets) return tl::unexpected(std::move(octets).error());
      if (auto done = for_each_of(*octets, visit); !done) return done;
    }
    return for_each_of(part.rest, visit);
  }

 private:
  struct Chunk {
    std::uint64_t offset = 0;
    std::size_t size = 0;
    Octets octets = {};  // if they could not be written
  };
  struct Part {
    std::vector<Chunk> chunks;
    Octets rest;
    std::size_t count = 0;
    std::size_t name_octets = 0;
  };

  void put(const SpoolEdit& edit);
  [[nodiscard]] bool put_rare(policy::Source source, const RuleEdit& edit);
  void put_away(Part& part);
  [[nodiscard]] bool write(Bytes octets);
  [[nodiscard]] Result<Bytes> read(const Chunk& chunk, Octets& buffer) const;

  template <typename Visit>
  static Result<void> for_each_of(Bytes octets, Visit& visit) {
    for (std::size_t at = 0; at < octets.size();) {
      const SpoolEdit edit = edit_at(octets, at);
      if (auto done = visit(edit); !done) return done;
      at += edit_size(edit.name);
    }
    return {};
  }
  // In memory and in the file: flags, source, size of the name, the name.
  [[nodiscard]] static SpoolEdit edit_at(Bytes octets, std::size_t at) noexcept;
  [[nodiscard]] static std::size_t edit_size(Bytes name) noexcept { return 3 + name.size(); }
  [[nodiscard]] bool joins_last(const SpoolEdit& edit) noexcept;

  policy::HashKey key_;
  std::filesystem::path folder_;
  FileDescriptor file_;
  std::uint64_t file_end_ = 0;
  std::vector<Part> parts_;  // one a shard
  Part* last_ = nullptr;     // where the last change stands, at last_at_ in its `rest`
  std::size_t last_at_ = 0;
  RuleEdits in_order_;
  RuleEdits rare_;
  std::size_t rare_dropped_ = 0;
  bool is_large_ = false;
  std::size_t count_ = 0;
};

}  // namespace khien::resolver
