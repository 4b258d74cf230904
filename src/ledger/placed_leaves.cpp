#include "ledger/placed_leaves.h"

namespace khien::ledger {
namespace {

constexpr std::string_view sql_count = "SELECT coalesce(max(size), 0) FROM ledger_head";
constexpr std::string_view sql_leaves = R"(
SELECT seq, type, entry FROM ledger_leaf
WHERE seq >= $1 AND seq < $2 AND type LIKE $3 ORDER BY seq)";

}  // namespace

Result<std::int64_t> placed_count(store::Executor& db) {
  auto row = db.query_one(sql_count);
  if (!row) return propagate(std::move(row).error(), "count the placed leaves");
  return row->has_value() ? (*row)->integer(0) : 0;
}

Result<std::vector<PlacedLeaf>> placed_leaves(store::Executor& db, std::int64_t from,
                                              std::string_view type_prefix) {
  auto rows = db.query(sql_leaves, {from, from + placed_window, std::string{type_prefix} + "%"});
  if (!rows) return propagate(std::move(rows).error(), "read placed leaves");
  std::vector<PlacedLeaf> leaves;
  leaves.reserve(rows->size());
  for (const auto& row : *rows) {
    leaves.push_back({.place = row.integer(0), .type = row.text(1), .entry = row.text(2)});
  }
  return leaves;
}

}  // namespace khien::ledger
