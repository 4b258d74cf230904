// Deadlines as rows, and the sweep that acts on those that time decides: orders lapse at their end,
// emergencies after four hours, suspensions and holds end by themselves, rechecks open. Everything
// else becomes overdue, which people see. The sweep may run in any number of processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cases/calendar.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "store/database.h"
#include "store/executor.h"

namespace khien::cases {

enum class DeadlineKind : std::uint8_t {
  screen,         ///< a report waits
  approve,        ///< a proposed order waits
  emergency_end,  ///< acts: lapses unless ratified
  order_end,      ///< acts: lapses
  recheck,        ///< acts: due_review
  resume,         ///< acts: a suspension ends
  hold_end,       ///< acts: a case wakes
  task,
  enforce,  ///< published, and not verified everywhere
  lift,     ///< lifted, and not verified everywhere
  appeal_answer,
  appeal_decision,
  proposal_end,  ///< acts: a proposal to lift that nobody answered lifts the order
};
[[nodiscard]] std::string_view to_string(DeadlineKind kind) noexcept;
[[nodiscard]] std::optional<DeadlineKind> parse_deadline_kind(std::string_view word) noexcept;

struct Deadline {
  DeadlineKind kind = DeadlineKind::screen;
  std::string record;  ///< "report", "case", "order", "appeal", "objection", "task"
  std::string record_id;
  CaseId case_id;  ///< empty for a report in no case
  InstantMs due_at_ms = 0;
  std::optional<InstantMs> overdue_at_ms;  ///< when the sweep saw it pass
};

/// Open deadlines that end until `until_ms`, soonest first; at most `limit`.
[[nodiscard]] Result<std::vector<Deadline>> open_deadlines(store::Executor& db, InstantMs until_ms,
                                                           int limit);

/// All open deadlines of one case, its reports, orders, tasks and appeals; soonest first.
[[nodiscard]] Result<std::vector<Deadline>> deadlines_of_case(store::Executor& db,
                                                              const CaseId& id);
/// All open deadlines of one record; soonest first.
[[nodiscard]] Result<std::vector<Deadline>> deadlines_of(store::Executor& db,
                                                         std::string_view record_id);

struct SweepCounts {
  std::int64_t lapsed = 0;
  std::int64_t emergencies_lapsed = 0;
  std::int64_t rechecks = 0;
  std::int64_t resumed = 0;
  std::int64_t woken = 0;
  std::int64_t proposals_lapsed = 0;
  std::int64_t overdue = 0;
  std::int64_t failed = 0;  ///< tried again by the next sweep
};
constexpr int sweep_batch =
    200;  // deadlines looked at in one go; sweep() goes on until none is due

/// Acts on everything due at the context's clock, each in a transaction of its own, the most
/// dangerous kind first (what must leave force). Run it every second, and after every wake-up of
/// next_due(). An error of one record is logged, counted and does not stop the others.
[[nodiscard]] Result<SweepCounts> sweep(store::Database& db, const Context& context);

/// When the next deadline is due; nullopt if none is open.
[[nodiscard]] Result<std::optional<InstantMs>> next_due(store::Executor& db);

}  // namespace khien::cases
