// How every move is written down: one timeline event and one ledger leaf in the move's transaction.
// Internal to the module.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cases/context.h"
#include "cases/ids.h"
#include "identity/actor.h"
#include "identity/rights.h"
#include "ledger/leaf.h"
#include "store/executor.h"

namespace khien::cases {

/// What happened. The leaf gets the record's id, the states, the actor's id and `fields` (keys of
/// ledger::allowed_leaf_keys()); never `text`.
struct Happening {
  std::string_view kind;    ///< "order.approved": type of the event and of the leaf
  std::string_view record;  ///< "order": a leaf key
  std::string record_id;
  CaseId case_id = {};
  identity::AccountId actor = {};  ///< empty: the public or a timer
  std::string_view before = {};
  std::string_view after = {};
  std::string text = {};
  std::vector<ledger::LeafField> fields = {};
};

/// Writes event and leaf, moves the case to the front of the queue and wakes the waiting. Returns
/// the event's id, which is the change sequence of what moved.
[[nodiscard]] Result<std::int64_t> record_event(store::Transaction& tx, const Context& context,
                                                const Happening& happening);

/// A comment: an event without a leaf.
[[nodiscard]] Result<std::int64_t> record_comment(store::Transaction& tx, const Context& context,
                                                  const identity::AccountId& actor,
                                                  const CaseId& case_id, std::string_view text);

/// denied with identity's word, or nothing.
[[nodiscard]] Result<void> require(const identity::Actor& actor, identity::Action action,
                                   const identity::Facts& facts = {});
/// conflict "stale_version".
[[nodiscard]] Result<void> expect_version(std::int64_t seen, std::int64_t now);
/// conflict "wrong_state" with the states in the message.
[[nodiscard]] tl::unexpected<Error> wrong_state(std::string_view from, std::string_view to);
/// `text` cleaned, with at least 3 characters; invalid_argument "reason_needed", limit_exceeded
/// "reason_too_long".
[[nodiscard]] Result<std::string> clean_reason(std::string_view text);

}  // namespace khien::cases
