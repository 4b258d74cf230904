// Destroying evidence takes two people: one asks with a reason, another confirms or refuses. Until
// then nothing happens. Who may do what, and whether a decision still rests on the item, is asked
// by the caller (cases/evidence_moves.h).
//
//   pending ─► confirmed (the item is destroyed) | refused (also by who asked: taken back)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/item.h"

namespace khien::evidence {

struct DestructionTag;
using DestructionId = Id<DestructionTag>;

struct DestructionRequest {
  DestructionId id;
  ItemId item;
  std::string reason;
  std::string asked_by;  ///< account id
  InstantMs asked_at_ms = 0;
};

/// invalid_argument "reason_needed"; conflict "held", "destroyed" or "already_asked"; not_found.
/// Leaf evidence.destruction_asked.
[[nodiscard]] Result<DestructionRequest> ask_destruction(store::Transaction& tx,
                                                         const Context& context, const ItemId& item,
                                                         std::string_view actor,
                                                         std::string_view reason);
/// The item is destroyed (custody.h). denied "own_destruction"; conflict "held" or "wrong_state"
/// (decided already); not_found. Leaf evidence.destroyed.
[[nodiscard]] Result<void> confirm_destruction(store::Transaction& tx, const Context& context,
                                               const DestructionId& id, std::string_view actor);
/// conflict "wrong_state"; not_found. Leaf evidence.destruction_refused.
[[nodiscard]] Result<void> refuse_destruction(store::Transaction& tx, const Context& context,
                                              const DestructionId& id, std::string_view actor);

/// The request that waits for this item, if one does.
[[nodiscard]] Result<std::optional<DestructionRequest>> pending_destruction(store::Executor& db,
                                                                            const ItemId& item);
[[nodiscard]] Result<DestructionRequest> load_destruction(store::Executor& db,
                                                          const DestructionId& id);
/// All that wait, oldest first, at most `limit`.
[[nodiscard]] Result<std::vector<DestructionRequest>> pending_destructions(store::Executor& db,
                                                                           std::int64_t limit);

}  // namespace khien::evidence
