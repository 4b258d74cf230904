#include "ledger/adopt.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "codec/json.h"
#include "ledger/leaf.h"
#include "ledger/tiles.h"
#include "ledger/verify.h"

namespace khien::ledger {
namespace {

constexpr std::string_view sql_size = "SELECT size FROM ledger_head ORDER BY size DESC LIMIT 1";
constexpr std::string_view sql_entries =
    "SELECT seq, entry FROM ledger_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq";
constexpr std::string_view sql_known = "SELECT key, entry, seq FROM ledger_leaf WHERE id = $1";
constexpr std::string_view sql_place = "UPDATE ledger_leaf SET seq = $2 WHERE key = $1";
constexpr std::string_view sql_insert =
    "INSERT INTO ledger_leaf (id, type, at_ms, entry, seq) VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view sql_head =
    "INSERT INTO ledger_head (size, root, at_ms) VALUES ($1, $2, $3)";

tl::unexpected<Error> fork(std::uint64_t seq) {
  return fail(ErrorCode::corrupt,
              fmt::format("leaf {} is another in the log than in the database", seq), "fork");
}

Result<std::uint64_t> size_of(store::Executor& executor) {
  auto row = executor.query_one(sql_size);
  if (!row) return propagate(std::move(row).error(), "read the database's head");
  return row->has_value() ? static_cast<std::uint64_t>((*row)->integer(0)) : std::uint64_t{0};
}

/// One leaf of the log at its place. It may wait in the database for a place already.
Result<void> take_leaf(store::Transaction& tx, std::int64_t seq, const std::string& entry) {
  auto json = codec::Json::parse(as_bytes(entry), {.size_max = leaf_size_max});
  if (!json) return propagate(std::move(json).error(), fmt::format("read leaf {}", seq));
  const auto id = json->text_at("id");
  const auto type = json->text_at("type");
  const auto at_ms = json->integer_at("at_ms");
  if (!id || !type || !at_ms) return fail(ErrorCode::corrupt, fmt::format("leaf {}", seq));
  auto known = tx.query_one(sql_known, {*id});
  if (!known) return propagate(std::move(known).error(), "look for a leaf");
  if (!known->has_value()) {
    auto inserted = tx.execute(sql_insert, {*id, *type, *at_ms, entry, seq});
    if (!inserted) return propagate(std::move(inserted).error(), "take a leaf");
    return {};
  }
  const auto& row = **known;
  if (row.text(1) != entry || !row.is_null(2)) return fork(static_cast<std::uint64_t>(seq));
  auto placed = tx.execute(sql_place, {row.integer(0), seq});
  if (!placed) return propagate(std::move(placed).error(), "place a leaf");
  return {};
}

/// The log's entries, after those that both have are found equal.
Result<std::vector<std::string>> missing_entries(store::Executor& executor,
                                                 const std::filesystem::path& folder,
                                                 std::uint64_t log_size,
                                                 std::uint64_t database_size) {
  std::vector<std::string> missing;
  for (std::uint64_t index = 0; index * tile_width < log_size; ++index) {
    const auto width = tile_width_at(entries_level, index, log_size);
    auto entries = read_bundle(folder, index, width);
    if (!entries) return tl::unexpected<Error>{std::move(entries).error()};
    const auto first = index * tile_width;
    const auto both = std::min<std::uint64_t>(first + width, database_size);
    std::vector<store::Row> rows;
    if (both > first) {
      auto read = executor.query(
          sql_entries, {static_cast<std::int64_t>(first), static_cast<std::int64_t>(both)});
      if (!read) return propagate(std::move(read).error(), "read leaves");
      rows = std::move(*read);
      if (rows.size() != both - first) return fork(first);
    }
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const std::string entry = to_text((*entries)[i]);
      if (i >= rows.size()) {
        missing.push_back(entry);
      } else if (rows[i].text(1) != entry) {
        return fork(first + i);
      }
    }
  }
  return missing;
}

}  // namespace

Result<LogAndDatabase> compare_sizes(store::Database& database, const std::filesystem::path& folder,
                                     const LogVerifier& verifier) {
  auto note = read_file(folder / "checkpoint", note_size_max);
  if (!note) return propagate(std::move(note).error(), "read the checkpoint");
  auto checkpoint = open_checkpoint(as_text(*note), verifier);
  if (!checkpoint) return propagate(std::move(checkpoint).error(), "read the checkpoint");
  auto size = database.read([](store::Executor& executor) { return size_of(executor); });
  if (!size) return tl::unexpected<Error>{std::move(size).error()};
  return LogAndDatabase{.log_size = checkpoint->size, .database_size = *size};
}

Result<std::vector<std::string>> adopt_log(store::Database& database,
                                           const std::filesystem::path& folder,
                                           const LogVerifier& verifier, const Clock& clock) {
  auto report = verify_folder(folder, verifier);
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  const auto& checkpoint = report->checkpoint;
  return database.transact([&](store::Transaction& tx) -> Result<std::vector<std::string>> {
    auto size = size_of(tx);
    if (!size) return tl::unexpected<Error>{std::move(size).error()};
    if (*size >= checkpoint.size) return std::vector<std::string>{};
    auto missing = missing_entries(tx, folder, checkpoint.size, *size);
    if (!missing) return missing;
    auto seq = static_cast<std::int64_t>(*size);
    for (const std::string& entry : *missing) {
      if (auto taken = take_leaf(tx, seq++, entry); !taken) {
        return tl::unexpected<Error>{std::move(taken).error()};
      }
    }
    auto head = tx.execute(sql_head, {seq, Bytes{checkpoint.root}, clock.now_ms()});
    if (!head) return propagate(std::move(head).error(), "write head");
    return missing;
  });
}

}  // namespace khien::ledger
