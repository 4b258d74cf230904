#include "ledger/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/unfinished_file.h"
#include "codec/json.h"
#include "ledger/leaf.h"
#include "ledger/log_writer.h"
#include "ledger/tiles.h"

namespace khien::ledger {
namespace {

constexpr std::string_view sql_entries =
    "SELECT seq, entry FROM ledger_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq";
constexpr std::string_view sql_pending =
    "SELECT count(*) FROM ledger_leaf WHERE seq IS NULL OR seq >= $1";

tl::unexpected<Error> wrong(std::string_view where, std::string_view what) {
  return fail(ErrorCode::corrupt, fmt::format("{}: {}", where, what));
}

// A leaf that is not in canonical form could be read in two ways.
bool is_leaf(Bytes entry) {
  auto json = codec::Json::parse(entry, {.size_max = leaf_size_max});
  if (!json || !json->only({"at_ms", "fields", "id", "type"})) return false;
  auto id = json->text_at("id");
  auto canonical = json->canonical();
  return id && is_id_text(*id) && json->text_at("type") && json->integer_at("at_ms") &&
         json->object_at("fields") && canonical && *canonical == as_text(entry);
}

// A tile or the checkpoint on its way to its place: it may be gone the next moment.
bool is_unfinished(std::string_view path) {
  const auto target = target_of_unfinished(path);
  return target && (*target == "checkpoint" || parse_tile_path(*target).has_value());
}

// Recomputes the log from its entries and compares each tile on the way.
class FolderCheck {
 public:
  FolderCheck(const std::filesystem::path& folder, FolderReport& report)
      : folder_(folder), report_(report), size_(report.checkpoint.size) {}

  Result<void> run() {
    for (std::uint64_t index = 0; index * tile_width < size_; ++index) {
      if (auto done = check_bundle(index); !done) return done;
    }
    for (std::size_t level = 0; level < edge_.levels().size(); ++level) {
      const auto& tile = edge_.levels()[level];
      if (tile.empty()) continue;
      const auto count = size_ >> (static_cast<int>(level) * tile_height);
      if (auto done = compare(static_cast<int>(level), count / tile_width, tile); !done)
        return done;
    }
    if (edge_.root() != report_.checkpoint.root) {
      return wrong("checkpoint", "the entries give another root");
    }
    return check_names();
  }

 private:
  Result<void> check_bundle(std::uint64_t index) {
    const auto width = tile_width_at(entries_level, index, size_);
    const auto where = tile_path({.level = entries_level, .index = index, .width = width});
    auto entries = read_bundle(folder_, index, width);
    if (!entries) return wrong(where, entries.error().message);
    ++report_.bundle_count;
    std::vector<TreeEdge::FullTile> full;
    for (const auto& entry : *entries) {
      if (!is_leaf(entry)) return wrong(where, "an entry is not a leaf in canonical form");
      edge_.push(leaf_hash(entry), full);
    }
    for (const auto& tile : full) {
      if (auto done = compare(tile.level, tile.index, tile.hashes); !done) return done;
    }
    return {};
  }

  Result<void> compare(int level, std::uint64_t index, const std::vector<Hash>& hashes) {
    const TileName name{
        .level = level, .index = index, .width = static_cast<unsigned>(hashes.size())};
    auto tile = read_tile(folder_, name);
    if (!tile) return wrong(tile_path(name), tile.error().message);
    if (*tile != hashes) return wrong(tile_path(name), "not the hashes of what lies below");
    ++report_.tile_count;
    return {};
  }

  // Every file is the checkpoint or a tile that belongs there, and an older partial one is the
  // beginning of what has become of it.
  Result<void> check_names() {
    std::error_code error;
    std::filesystem::recursive_directory_iterator files{folder_, error};
    for (; !error && files != std::filesystem::recursive_directory_iterator{};
         files.increment(error)) {
      if (files->is_directory(error)) continue;
      const auto path = files->path().lexically_relative(folder_).string();
      if (path == "checkpoint") continue;
      const auto name = parse_tile_path(path);
      if (!name) {
        if (!is_unfinished(path)) return wrong(path, "does not belong to a log");
        ++report_.unfinished_count;
        continue;
      }
      const auto width = tile_width_at(name->level, name->index, size_);
      if (name->width > width) {
        ++report_.unsigned_count;
        continue;
      }
      if (name->width == width) continue;  // checked above
      if (auto done = check_older(path, *name, width); !done) return done;
    }
    if (error) return fail(ErrorCode::unavailable, "list " + folder_.string());
    return {};
  }

  Result<void> check_older(const std::string& path, const TileName& name, unsigned width) {
    auto now = name;
    now.width = width;
    auto old_content = read_file(folder_ / path, bundle_size_max);
    auto content = read_file(folder_ / tile_path(now), bundle_size_max);
    if (!content && width < tile_width) {
      now.width = tile_width;
      content = read_file(folder_ / tile_path(now), bundle_size_max);
    }
    if (!old_content || !content) return wrong(path, "cannot be read");
    const bool begins = old_content->size() <= content->size() &&
                        std::equal(old_content->begin(), old_content->end(), content->begin());
    const bool right_size = name.level == entries_level
                                ? entries_of(*old_content, name.width).has_value()
                                : old_content->size() == name.width * sizeof(Hash);
    if (!begins || !right_size) return wrong(path, "was rewritten");
    return {};
  }

  const std::filesystem::path& folder_;
  FolderReport& report_;
  std::uint64_t size_;
  TreeEdge edge_;
};

Result<void> compare_bundle(store::Database& database, const std::filesystem::path& folder,
                            std::uint64_t index, unsigned width) {
  auto entries = read_bundle(folder, index, width);
  if (!entries) return tl::unexpected<Error>{std::move(entries).error()};
  const auto first = static_cast<std::int64_t>(index * tile_width);
  auto rows = database.read([&](store::Executor& executor) {
    return executor.query(sql_entries, {first, first + static_cast<std::int64_t>(width)});
  });
  if (!rows) return propagate(std::move(rows).error(), "read leaves");
  if (rows->size() != entries->size()) {
    return fail(ErrorCode::corrupt,
                fmt::format("the database lacks leaves of {}…{}", first, first + width - 1));
  }
  for (std::size_t i = 0; i < rows->size(); ++i) {
    if (as_text((*entries)[i]) != (*rows)[i].text(1)) {
      return fail(ErrorCode::corrupt,
                  fmt::format("leaf {} differs between log and database", (*rows)[i].integer(0)));
    }
  }
  return {};
}

}  // namespace

Result<FolderReport> verify_folder(const std::filesystem::path& folder,
                                   const LogVerifier& verifier) {
  auto note = read_file(folder / "checkpoint", note_size_max);
  if (!note) return propagate(std::move(note).error(), "verify log");
  auto checkpoint = open_checkpoint(as_text(*note), verifier);
  if (!checkpoint) return propagate(std::move(checkpoint).error(), "verify log");
  FolderReport report{.checkpoint = std::move(*checkpoint)};
  if (auto done = FolderCheck{folder, report}.run(); !done) {
    return propagate(std::move(done).error(), "verify log");
  }
  return report;
}

Result<DatabaseReport> verify_against(store::Database& database,
                                      const std::filesystem::path& folder,
                                      const LogVerifier& verifier) {
  auto report = verify_folder(folder, verifier);
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  const auto size = report->checkpoint.size;
  for (std::uint64_t index = 0; index * tile_width < size; ++index) {
    const auto width = tile_width_at(entries_level, index, size);
    if (auto same = compare_bundle(database, folder, index, width); !same) {
      return propagate(std::move(same).error(), "verify database");
    }
  }
  auto pending = database.read([&](store::Executor& executor) {
    return executor.query_one(sql_pending, {static_cast<std::int64_t>(size)});
  });
  if (!pending) return propagate(std::move(pending).error(), "verify database");
  return DatabaseReport{.folder = std::move(*report),
                        .pending = static_cast<std::uint64_t>((*pending)->integer(0))};
}

}  // namespace khien::ledger
