// For tests: what the sequencer does in the database.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "store/database.h"

namespace khien::ledger::testing {

/// Gives every leaf a place, in the order of the keys.
inline Result<void> place_all_leaves(store::Database& database) {
  return database.transact([](store::Transaction& tx) -> Result<void> {
    auto placed = tx.execute(
        "UPDATE ledger_leaf SET seq = (SELECT count(*) FROM ledger_leaf b WHERE b.key < "
        "ledger_leaf.key) WHERE seq IS NULL");
    if (!placed) return tl::unexpected(std::move(placed).error());
    const Octets root(32, 0);
    auto head = tx.execute(
        "INSERT INTO ledger_head (size, root, at_ms) SELECT count(*), $1, 0 FROM ledger_leaf "
        "HAVING count(*) > 0 AND count(*) NOT IN (SELECT size FROM ledger_head)",
        {root});
    if (!head) return tl::unexpected(std::move(head).error());
    return {};
  });
}

}  // namespace khien::ledger::testing
