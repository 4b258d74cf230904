// Opening and closing deadlines inside a move. Internal to the module.
#pragma once

#include <string_view>

#include "cases/context.h"
#include "cases/deadline.h"
#include "cases/ids.h"
#include "store/executor.h"

namespace khien::cases {

struct DeadlineDraft {
  DeadlineKind kind;
  std::string_view record;
  std::string_view record_id;
  CaseId case_id = {};
  InstantMs due_at_ms;
};

/// Opens a deadline, in place of an open one of the same record and kind.
[[nodiscard]] Result<void> open_deadline(store::Transaction& tx, const Context& context,
                                         const DeadlineDraft& draft);
/// Closes it as done; no error if none is open.
[[nodiscard]] Result<void> close_deadline(store::Transaction& tx, const Context& context,
                                          std::string_view record_id, DeadlineKind kind);
/// Closes all of a record.
[[nodiscard]] Result<void> close_deadlines(store::Transaction& tx, const Context& context,
                                           std::string_view record_id);

}  // namespace khien::cases
