// Tasks of a case (case.h).
#include "cases/case.h"
#include "cases/deadline_rows.h"
#include "cases/record.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_insert = R"(
INSERT INTO case_task (id, case_id, title, assignee, due_at_ms, made_at_ms)
VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view sql_select =
    "SELECT id, case_id, title, assignee, due_at_ms, done_at_ms FROM case_task WHERE ";
constexpr std::string_view sql_finish =
    "UPDATE case_task SET done_at_ms = $2 WHERE id = $1 AND done_at_ms IS NULL";

Task read_task(const store::Row& row) {
  return Task{.id = TaskId{row.text(0)},
              .case_id = CaseId{row.text(1)},
              .title = row.text(2),
              .assignee = identity::AccountId{row.optional_text(3).value_or("")},
              .due_at_ms = row.optional_integer(4),
              .done_at_ms = row.optional_integer(5)};
}

Result<Task> load_task(store::Executor& db, const TaskId& id) {
  auto row = db.query_one(std::string{sql_select} + "id = $1", {id});
  if (!row) return propagate(std::move(row).error(), "load a task");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such task");
  return read_task(**row);
}

}  // namespace

Result<Task> add_task(store::Transaction& tx, const Context& context, const identity::Actor& actor,
                      const TaskDraft& draft) {
  auto allowed = require(actor, identity::Action::case_edit);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto value = load_case(tx, draft.case_id);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  if (value->state == CaseState::closed) return wrong_state("closed", "changed");
  auto title = text::clean_line(draft.title, title_size_max);
  if (!title) return propagate(std::move(title).error(), "read a task");
  if (title->empty()) return fail(ErrorCode::invalid_argument, "a title is needed", "bad_field");
  const auto id = TaskId::make(context.clock, context.rng);
  auto done = tx.execute(sql_insert, {id, draft.case_id, *title, draft.assignee, draft.due_at_ms,
                                      context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "add a task");
  if (draft.due_at_ms) {
    auto opened = open_deadline(tx, context,
                                {.kind = DeadlineKind::task,
                                 .record = "task",
                                 .record_id = id.value,
                                 .case_id = draft.case_id,
                                 .due_at_ms = *draft.due_at_ms});
    if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
  }
  auto event = record_event(tx, context,
                            {.kind = "case.task_added",
                             .record = "task",
                             .record_id = id.value,
                             .case_id = draft.case_id,
                             .actor = actor.account_id,
                             .text = *title});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return load_task(tx, id);
}

Result<Task> finish_task(store::Transaction& tx, const Context& context,
                         const identity::Actor& actor, const TaskId& id) {
  auto allowed = require(actor, identity::Action::case_edit);
  if (!allowed) return tl::unexpected<Error>{std::move(allowed).error()};
  auto task = load_task(tx, id);
  if (!task) return task;
  auto done = tx.execute(sql_finish, {id, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "finish a task");
  if (*done != 1) return wrong_state("done", "done");
  auto closed = close_deadlines(tx, context, id.value);
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  auto event = record_event(tx, context,
                            {.kind = "case.task_done",
                             .record = "task",
                             .record_id = id.value,
                             .case_id = task->case_id,
                             .actor = actor.account_id});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return load_task(tx, id);
}

Result<std::vector<Task>> list_tasks(store::Executor& db, const CaseId& id) {
  auto rows =
      db.query(std::string{sql_select} + "case_id = $1 ORDER BY made_at_ms, id LIMIT 500", {id});
  if (!rows) return propagate(std::move(rows).error(), "list tasks");
  std::vector<Task> tasks;
  for (const auto& row : *rows) tasks.push_back(read_task(row));
  return tasks;
}

}  // namespace khien::cases
