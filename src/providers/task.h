// What a provider is asked to mend: the orders that are not as they should be when their time is
// over, gathered in one open task a provider. Its people answer with a code, without an account;
// a dispute waits for an officer; the task closes by itself when probes see everything as ordered.
//
//   open ──► answered ("done") ──► closed by what probes see
//     │  ◄── (a rejected dispute)
//     └────► disputed ──► closed (accepted), or open again (rejected)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/actor.h"
#include "providers/summary.h"
#include "store/database.h"

namespace khien::providers {

/// The kind of the job (store/jobs.h) that tells a provider; its payload is the task's id.
constexpr std::string_view job_provider_task = "provider.task";
constexpr int task_mail_attempts_max = 40;      // about eight hours
constexpr std::int64_t task_items_max = 500;    // of one task; the rest follows when some are done
constexpr std::int64_t task_codes_max = 8;      // of one task: each mail has its own
constexpr std::size_t answer_size_max = 2'000;  // octets
/// So long nobody is asked again about what an officer accepted as explained.
constexpr std::int64_t accepted_for_ms = 7 * ms_per_day;

struct TaskTag;
using TaskId = Id<TaskTag>;

enum class TaskState : std::uint8_t { open, answered, disputed, closed };
[[nodiscard]] std::string_view to_string(TaskState state) noexcept;
[[nodiscard]] std::optional<TaskState> parse_task_state(std::string_view word) noexcept;

struct TaskItem {
  cases::OrderId order;
  std::string order_number;
  std::string name;
  probe::Expected expected = probe::Expected::blocked;
  std::string verdict;  ///< as it was seen last
  InstantMs since_ms = 0;
  InstantMs seen_at_ms = 0;
  bool is_done = false;
};
struct Task {
  TaskId id;
  std::int64_t version = 1;
  ProviderId provider;
  TaskState state = TaskState::open;
  InstantMs opened_at_ms = 0;
  InstantMs due_at_ms = 0;
  std::optional<InstantMs> answered_at_ms;
  std::string answer;          ///< the provider's words; empty for "done"
  std::string officer_answer;  ///< to a dispute
  std::optional<InstantMs> closed_at_ms;
  std::int64_t items_open = 0;
  std::int64_t items = 0;
};

/// Whether somebody takes the job that tells a provider.
enum class Telling : std::uint8_t { by_mail, nobody };

struct TaskCounts {
  std::int64_t opened = 0;
  std::int64_t closed = 0;
};
/// Opens, extends and closes the tasks of all providers but our own, by what is held now. Each
/// provider in a transaction of its own; run by a timer, may be run twice.
[[nodiscard]] Result<TaskCounts> review_tasks(store::Database& database, const Context& context,
                                              Telling telling);

/// A new code for the task, shown once and kept as a hash; the oldest of too many opens nothing any
/// more. conflict "closed"; not_found.
[[nodiscard]] Result<std::string> make_code(store::Transaction& tx, const Context& context,
                                            const TaskId& id);
/// By a code as people type it; not_found "unknown_code" for every code that is none.
[[nodiscard]] Result<Task> task_of_code(store::Executor& db, std::string_view code);

[[nodiscard]] Result<Task> load_task(store::Executor& db, const TaskId& id);
/// The one that is not closed, if there is one.
[[nodiscard]] Result<std::optional<Task>> open_task_of(store::Executor& db, const ProviderId& id);
/// Open ones first; at most `limit`.
[[nodiscard]] Result<std::vector<TaskItem>> list_items(store::Executor& db, const TaskId& id,
                                                       std::int64_t limit);

enum class Answer : std::uint8_t { done, disputed };
/// invalid_argument "answer_empty" for a dispute without words; conflict "closed"; not_found.
[[nodiscard]] Result<Task> answer_task(store::Transaction& tx, const Context& context,
                                       std::string_view code, Answer answer,
                                       std::string_view words);

enum class Settlement : std::uint8_t { accepted, rejected };
struct Settling {
  TaskId id;
  std::int64_t version = 0;
  Settlement settlement = Settlement::rejected;
  std::string words;  ///< to the provider
};
/// By who may suspend an order. conflict "stale_version", "not_disputed"; invalid_argument
/// "reason_needed". Leaf provider_task.settled.
[[nodiscard]] Result<Task> settle_dispute(store::Transaction& tx, const Context& context,
                                          const identity::Actor& actor, const Settling& settling);

}  // namespace khien::providers
