#include "ledger/schema.h"

#include <array>

namespace khien::ledger {
namespace {

// A leaf is written once; only its place, `seq`, is filled in later, and never changed. A head says
// which root a size has: two roots for one size would be a fork, so the size is the key.
constexpr std::string_view leaves = R"(
CREATE TABLE ledger_leaf (
  key {serial_key},
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  at_ms {int64} NOT NULL,
  entry TEXT NOT NULL,
  seq {int64},
  CONSTRAINT ledger_leaf_seq_range CHECK (seq >= 0)
) {strict};
CREATE UNIQUE INDEX ledger_leaf_seq ON ledger_leaf (seq);
CREATE INDEX ledger_leaf_waiting ON ledger_leaf (key) WHERE seq IS NULL;
{no_update ledger_leaf key, id, type, at_ms, entry}
{no_delete ledger_leaf}
{refuse ledger_leaf_seq_once|UPDATE OF seq ON ledger_leaf|OLD.seq IS NOT NULL}

CREATE TABLE ledger_head (
  size {int64} NOT NULL PRIMARY KEY,
  root {octets} NOT NULL,
  at_ms {int64} NOT NULL,
  CONSTRAINT ledger_head_size_range CHECK (size >= 1),
  CONSTRAINT ledger_head_root_size CHECK (length(root) = 32)
) {strict};
{append_only ledger_head}
)";

constexpr std::array all{store::Migration{.number = 1, .name = "leaves", .sql = leaves}};

}  // namespace

std::span<const store::Migration> migrations() { return all; }

}  // namespace khien::ledger
