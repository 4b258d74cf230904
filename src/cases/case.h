// Cases: our work on one campaign. Reports and subjects are members by edges, never copies. The
// event log (event.h) is the record; the row is a view of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "cases/context.h"
#include "cases/deadline.h"
#include "cases/ids.h"
#include "cases/page.h"
#include "cases/states.h"
#include "cases/subject.h"
#include "identity/actor.h"
#include "identity/rights.h"
#include "store/executor.h"

namespace khien::cases {

constexpr std::size_t title_size_max = 200 * 4;  // octets
constexpr std::size_t comment_size_max = 4'000 * 4;
constexpr int case_subjects_max = 200;  // a case with more is shown with its first 200

enum class CaseOutcome : std::uint8_t {
  blocked,
  no_abuse,
  out_of_scope,
  duplicate,
  gone,
  referred
};
[[nodiscard]] std::string_view to_string(CaseOutcome outcome) noexcept;
[[nodiscard]] std::optional<CaseOutcome> parse_case_outcome(std::string_view word) noexcept;

struct Case {
  CaseId id;
  std::string number;  ///< NB-26-004217-K
  std::int64_t version = 1;
  CaseState state = CaseState::open;
  std::string title;
  std::optional<Category> category;
  identity::AccountId assignee;  ///< empty for nobody
  std::optional<CaseOutcome> outcome;
  std::optional<InstantMs> hold_until_ms;
  std::int64_t report_count = 0;
  std::int64_t reports_waiting = 0;  ///< not yet triaged
  std::int64_t subject_count = 0;
  std::optional<InstantMs> due_at_ms;  ///< nearest open deadline
  std::optional<DeadlineKind> due_kind;
  InstantMs opened_at_ms = 0;
  InstantMs changed_at_ms = 0;
  std::int64_t cursor = 0;  ///< change sequence: grows with every change of the case
};

struct CaseFilter {
  std::string query = {};  ///< words to find with and without diacritics, or a number
  std::optional<CaseState> state = {};
  std::optional<Category> category = {};
  std::string assignee = {};  ///< account id, "none", or empty for all of them
};
/// Newest change first. A query looks through the newest store::search_results_max hits.
[[nodiscard]] Result<Page<Case>> list_cases(store::Executor& db, const CaseFilter& filter,
                                            const PageRequest& page);

[[nodiscard]] Result<Case> load_case(store::Executor& db, const CaseId& id);
[[nodiscard]] Result<Case> find_case_by_number(store::Executor& db, std::string_view number);
/// At most case_subjects_max, oldest first.
[[nodiscard]] Result<std::vector<Subject>> list_case_subjects(store::Executor& db,
                                                              const CaseId& id);

// ---- moves ----------------------------------------------------------------------------------
// Each asks identity::may, checks the version, writes one event and one leaf. Common errors: denied
// with the words of identity::may; conflict "stale_version", "wrong_state"; not_found.

struct CaseEdit {
  CaseId id;
  std::int64_t version;
  std::optional<std::string> title = {};
  std::optional<Category> category = {};
};
/// Leaf case.edited. denied "choice_category".
[[nodiscard]] Result<Case> edit_case(store::Transaction& tx, const Context& context,
                                     const identity::Actor& actor, const CaseEdit& edit);
/// Who may work cases may be given one.
constexpr auto assignee_right = identity::Action::case_edit;
/// `account` empty: nobody. An open case becomes triaged. invalid_argument "not_assignable" for an
/// account that is locked or may not work cases. Leaf case.assigned.
[[nodiscard]] Result<Case> assign_case(store::Transaction& tx, const Context& context,
                                       const identity::Actor& actor, const CaseId& id,
                                       std::int64_t version, const identity::AccountId& account);
struct CaseMove {
  CaseId id;
  std::int64_t version;
  CaseState to;                            ///< not closed: close_case()
  std::string reason = {};                 ///< needed for on_hold
  std::optional<InstantMs> until_ms = {};  ///< on_hold: wakes by itself, into assessing
};
/// Leaf case.moved.
[[nodiscard]] Result<Case> move_case(store::Transaction& tx, const Context& context,
                                     const identity::Actor& actor, const CaseMove& move);
struct CaseClose {
  CaseId id;
  std::int64_t version;
  CaseOutcome outcome;
  std::string reason;
};
/// conflict "open_work" while a report waits, an order is not over, a task is open or an appeal is
/// undecided. Its reports become answered. Leaf case.closed.
[[nodiscard]] Result<Case> close_case(store::Transaction& tx, const Context& context,
                                      const identity::Actor& actor, const CaseClose& close);
/// Leaf case.reopened.
[[nodiscard]] Result<Case> reopen_case(store::Transaction& tx, const Context& context,
                                       const identity::Actor& actor, const CaseId& id,
                                       std::int64_t version, std::string_view reason);
/// Written into the timeline; no leaf, because it decides nothing. Returns the event's id.
[[nodiscard]] Result<std::int64_t> comment_case(store::Transaction& tx, const Context& context,
                                                const identity::Actor& actor, const CaseId& id,
                                                std::string_view text);
/// Extracts subjects from `text` and makes them members. Leaf case.subjects_added.
[[nodiscard]] Result<std::vector<Subject>> add_case_subjects(store::Transaction& tx,
                                                             const Context& context,
                                                             const identity::Actor& actor,
                                                             const CaseId& id, std::int64_t version,
                                                             std::string_view text);

// ---- tasks ----------------------------------------------------------------------------------

struct Task {
  TaskId id;
  CaseId case_id;
  std::string title;
  identity::AccountId assignee;
  std::optional<InstantMs> due_at_ms;
  std::optional<InstantMs> done_at_ms;
};
struct TaskDraft {
  CaseId case_id;
  std::string title;
  identity::AccountId assignee = {};
  std::optional<InstantMs> due_at_ms = {};
};
/// Leaf case.task_added.
[[nodiscard]] Result<Task> add_task(store::Transaction& tx, const Context& context,
                                    const identity::Actor& actor, const TaskDraft& draft);
/// Leaf case.task_done. conflict "wrong_state" if it was done before.
[[nodiscard]] Result<Task> finish_task(store::Transaction& tx, const Context& context,
                                       const identity::Actor& actor, const TaskId& id);
[[nodiscard]] Result<std::vector<Task>> list_tasks(store::Executor& db, const CaseId& id);

}  // namespace khien::cases
