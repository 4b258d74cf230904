// The timeline: what happened to a record, who did it and why, append-only. Every move writes one
// event and, in the same transaction, one ledger leaf; a comment has no leaf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cases/context.h"
#include "cases/ids.h"
#include "cases/page.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

struct Event {
  std::int64_t id = 0;  ///< the cursor, too
  InstantMs at_ms = 0;
  std::string kind;    ///< "order.approved", "comment"
  std::string record;  ///< "report", "case", "order", "appeal", "subject", "setting"
  std::string record_id;
  CaseId case_id;             ///< empty outside a case
  identity::AccountId actor;  ///< empty: the public or the system
  std::string before;         ///< state before, empty at the beginning
  std::string after;
  std::string text;  ///< reason or comment
};

/// Newest first.
[[nodiscard]] Result<Page<Event>> case_timeline(store::Executor& db, const CaseId& id,
                                                const PageRequest& page);
/// Of one record, oldest first; at most 1,000.
[[nodiscard]] Result<std::vector<Event>> record_history(store::Executor& db,
                                                        std::string_view record_id);
/// Everything after event `id`, oldest first, at most `limit`: for live updates. On PostgreSQL an
/// event may commit after one with a higher id, so a reader looks back a little.
[[nodiscard]] Result<std::vector<Event>> events_after(store::Executor& db, std::int64_t id,
                                                      int limit);

}  // namespace khien::cases
