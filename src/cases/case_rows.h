// The row of a case as a value, and how a move writes it back. Internal to the module.
#pragma once

#include "cases/case.h"
#include "cases/record.h"
#include "store/executor.h"

namespace khien::cases {

/// Writes state, title, category, assignee, outcome and hold of `value` where its version is still
/// current, and counts the version up. conflict "stale_version".
[[nodiscard]] Result<void> save_case(store::Transaction& tx, const Context& context,
                                     const Case& value);

/// Records `happening` (record, id, case and states are filled in), writes the case, and gives it
/// back as it is now.
[[nodiscard]] Result<Case> finish_case_move(store::Transaction& tx, const Context& context,
                                            const Case& before, const Case& after,
                                            Happening happening);

/// Moves the case on because something in it has moved, if the table has that move: a triaged case
/// on its first accepted report, acting on a proposal, monitoring on an approval. Leaf case.moved.
[[nodiscard]] Result<void> advance_case(store::Transaction& tx, const Context& context,
                                        const identity::AccountId& actor, const CaseId& id,
                                        CaseState to);

}  // namespace khien::cases
