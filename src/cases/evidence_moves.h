// Keeping and destroying evidence, by people: each asks identity::may(), looks whether a decision
// still rests on the item, and writes through `evidence` in the caller's transaction.
#pragma once

#include <string_view>

#include "cases/context.h"
#include "cases/ids.h"
#include "evidence/destruction.h"
#include "identity/actor.h"
#include "identity/rights.h"
#include "store/executor.h"

namespace khien::cases {

/// Holds add up: what was held twice is free when it was released twice, by whomever: people leave,
/// and the custody record names each. Destruction needs two people all the same. denied
/// "not_your_role"; errors of evidence::note_custody().
[[nodiscard]] Result<void> hold_evidence(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const evidence::ItemId& id,
                                         std::string_view reason);
[[nodiscard]] Result<void> release_evidence(store::Transaction& tx, const Context& context,
                                            const identity::Actor& actor,
                                            const evidence::ItemId& id, std::string_view reason);

/// denied; conflict "order_rests_on_it" while an order that is not over names the item, or an
/// appeal against such an order is undecided; errors of evidence::ask_destruction().
[[nodiscard]] Result<void> ask_destruction(store::Transaction& tx, const Context& context,
                                           const identity::Actor& actor, const evidence::ItemId& id,
                                           std::string_view reason);
/// By another person. As above, and denied "own_destruction".
[[nodiscard]] Result<void> confirm_destruction(store::Transaction& tx, const Context& context,
                                               const identity::Actor& actor,
                                               const evidence::DestructionId& id);
/// By another person, or by who asked: taken back.
[[nodiscard]] Result<void> refuse_destruction(store::Transaction& tx, const Context& context,
                                              const identity::Actor& actor,
                                              const evidence::DestructionId& id);

/// True while an order that is not over, or an undecided appeal against one, rests on the item.
[[nodiscard]] Result<bool> decision_rests_on(store::Executor& db, const evidence::ItemId& id);

}  // namespace khien::cases
