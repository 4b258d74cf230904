#include "providers/task.h"

#include <algorithm>
#include <array>

#include "codec/crockford.h"
#include "crypto/hash.h"
#include "identity/rights.h"
#include "ledger/leaf.h"
#include "providers/task_review.h"
#include "text/normalise.h"

namespace khien::providers {
namespace {

constexpr std::array<std::string_view, 4> state_words{"open", "answered", "disputed", "closed"};

constexpr std::string_view task_columns = R"(
SELECT t.id, t.version, t.provider_id, t.state, t.opened_at_ms, t.due_at_ms, t.answered_at_ms,
  t.answer, t.officer_answer, t.closed_at_ms,
  (SELECT count(*) FROM provider_task_item i WHERE i.task_id = t.id AND i.done_at_ms IS NULL),
  (SELECT count(*) FROM provider_task_item i WHERE i.task_id = t.id)
FROM provider_task t )";
constexpr std::string_view sql_items = R"(
SELECT i.order_id, o.number, o.name, i.expected, i.verdict, i.since_ms, i.seen_at_ms, i.done_at_ms
FROM provider_task_item i JOIN block_order o ON o.id = i.order_id WHERE i.task_id = $1
ORDER BY CASE WHEN i.done_at_ms IS NULL THEN 0 ELSE 1 END, i.since_ms, i.order_id LIMIT $2)";
constexpr std::string_view sql_put_code =
    "INSERT INTO provider_task_code (code_hash, task_id, made_at_ms) VALUES ($1, $2, $3)";
constexpr std::string_view sql_drop_codes = R"(
DELETE FROM provider_task_code WHERE task_id = $1 AND code_hash NOT IN (
  SELECT code_hash FROM provider_task_code WHERE task_id = $1
  ORDER BY made_at_ms DESC, code_hash LIMIT $2))";
constexpr std::string_view sql_by_code =
    "SELECT task_id FROM provider_task_code WHERE code_hash = $1";
constexpr std::string_view sql_answer = R"(
UPDATE provider_task SET state = $2, answer = $3, answered_at_ms = $4, version = version + 1
WHERE id = $1)";
constexpr std::string_view sql_settle = R"(
UPDATE provider_task SET state = $3, officer_answer = $4, settled_at_ms = $5, due_at_ms = $6,
  closed_at_ms = $7, accepted = $8, version = version + 1
WHERE id = $1 AND version = $2)";

Result<Task> read_task(const store::Row& row) {
  const auto state = parse_task_state(row.text(3));
  if (!state) return fail(ErrorCode::corrupt, "a provider's task is damaged");
  return Task{.id = TaskId{row.text(0)},
              .version = row.integer(1),
              .provider = ProviderId{row.text(2)},
              .state = *state,
              .opened_at_ms = row.integer(4),
              .due_at_ms = row.integer(5),
              .answered_at_ms = row.optional_integer(6),
              .answer = row.text(7),
              .officer_answer = row.text(8),
              .closed_at_ms = row.optional_integer(9),
              .items_open = row.integer(10),
              .items = row.integer(11)};
}

Result<std::optional<Task>> find_where(store::Executor& db, std::string_view where,
                                       std::string_view value) {
  auto row = db.query_one(std::string{task_columns} + std::string{where}, {value});
  if (!row) return propagate(std::move(row).error(), "load a provider's task");
  if (!row->has_value()) return std::optional<Task>{};
  auto task = read_task(**row);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  return std::optional{std::move(*task)};
}

tl::unexpected<Error> is_closed() {
  return fail(ErrorCode::conflict, "this task is closed already", "closed");
}

}  // namespace

std::string_view to_string(TaskState state) noexcept {
  return state_words[static_cast<std::size_t>(state)];
}

std::optional<TaskState> parse_task_state(std::string_view word) noexcept {
  const auto* found = std::ranges::find(state_words, word);
  if (found == state_words.end()) return std::nullopt;
  return static_cast<TaskState>(found - state_words.begin());
}

Result<TaskCounts> review_tasks(store::Database& database, const Context& context,
                                Telling telling) {
  auto providers = database.read([](store::Executor& db) { return list_providers(db); });
  if (!providers) return tl::unexpected<Error>{std::move(providers).error()};
  TaskCounts counts;
  for (const auto& provider : *providers) {
    if (provider.kind == ProviderKind::own) continue;  // what is ours is seen by --verify
    auto reviewed = database.transact(
        [&](store::Transaction& tx) { return review_provider(tx, context, provider, telling); });
    if (!reviewed) return tl::unexpected<Error>{std::move(reviewed).error()};
    counts.opened += reviewed->opened;
    counts.closed += reviewed->closed;
  }
  return counts;
}

Result<std::string> make_code(store::Transaction& tx, const Context& context, const TaskId& id) {
  auto task = load_task(tx, id);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  if (task->state == TaskState::closed) return is_closed();
  auto code = codec::random_code(context.rng);
  auto plain = codec::normalise_code(code);
  if (!plain) return tl::unexpected<Error>{std::move(plain).error()};
  auto done = tx.execute(sql_put_code, {Bytes{crypto::sha256(*plain)}, id, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "note a code");
  done = tx.execute(sql_drop_codes, {id, task_codes_max});
  if (!done) return propagate(std::move(done).error(), "drop old codes");
  return code;
}

Result<Task> task_of_code(store::Executor& db, std::string_view code) {
  const auto unknown = [] { return fail(ErrorCode::not_found, "no such code", "unknown_code"); };
  const auto plain = codec::normalise_code(code);
  if (!plain) return unknown();
  auto row = db.query_one(sql_by_code, {Bytes{crypto::sha256(*plain)}});
  if (!row) return propagate(std::move(row).error(), "look up a code");
  if (!row->has_value()) return unknown();
  return load_task(db, TaskId{(*row)->text(0)});
}

Result<Task> load_task(store::Executor& db, const TaskId& id) {
  auto task = find_where(db, "WHERE t.id = $1", id.value);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  if (!*task) return fail(ErrorCode::not_found, "no such task");
  return std::move(**task);
}

Result<std::optional<Task>> open_task_of(store::Executor& db, const ProviderId& id) {
  return find_where(db, "WHERE t.provider_id = $1 AND t.state <> 'closed'", id.value);
}

Result<std::vector<TaskItem>> list_items(store::Executor& db, const TaskId& id,
                                         std::int64_t limit) {
  auto rows = db.query(sql_items, {id, limit});
  if (!rows) return propagate(std::move(rows).error(), "list what a task is about");
  std::vector<TaskItem> items;
  for (const auto& row : *rows) {
    const auto expected = probe::parse_expected(row.text(3));
    if (!expected) return fail(ErrorCode::corrupt, "a provider's task is damaged");
    items.push_back({.order = cases::OrderId{row.text(0)},
                     .order_number = row.text(1),
                     .name = row.text(2),
                     .expected = *expected,
                     .verdict = row.text(4),
                     .since_ms = row.integer(5),
                     .seen_at_ms = row.integer(6),
                     .is_done = !row.is_null(7)});
  }
  return items;
}

Result<Task> answer_task(store::Transaction& tx, const Context& context, std::string_view code,
                         Answer answer, std::string_view words) {
  auto task = task_of_code(tx, code);
  if (!task) return task;
  if (task->state == TaskState::closed) return is_closed();
  auto clean = text::clean_text(words, answer_size_max);
  if (!clean) return propagate(std::move(clean).error(), "read an answer");
  const bool disputes = answer == Answer::disputed;
  if (disputes && clean->size() < 3) {
    return fail(ErrorCode::invalid_argument, "say what you measured", "answer_empty");
  }
  const auto state = disputes ? TaskState::disputed : TaskState::answered;
  auto done = tx.execute(sql_answer, {task->id, to_string(state), *clean, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "note an answer");
  return load_task(tx, task->id);
}

Result<Task> settle_dispute(store::Transaction& tx, const Context& context,
                            const identity::Actor& actor, const Settling& settling) {
  if (const auto verdict = identity::may(actor, identity::Action::order_suspend); !verdict) {
    return identity::fail(verdict);
  }
  auto words = clean_decision(settling.words);
  if (!words) return tl::unexpected<Error>{std::move(words).error()};
  auto task = load_task(tx, settling.id);
  if (!task) return task;
  if (task->version != settling.version) {
    return fail(ErrorCode::conflict, "the task has changed meanwhile", "stale_version");
  }
  if (task->state != TaskState::disputed) {
    return fail(ErrorCode::conflict, "nothing is disputed here", "not_disputed");
  }
  auto provider = load_provider(tx, task->provider);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  const auto now_ms = context.clock.now_ms();
  const bool accepted = settling.settlement == Settlement::accepted;
  const auto state = accepted ? TaskState::closed : TaskState::open;
  const auto due_ms = accepted ? task->due_at_ms : now_ms + provider->block_due_ms();
  auto done = tx.execute(sql_settle,
                         {settling.id, settling.version, to_string(state), *words, now_ms, due_ms,
                          accepted ? std::optional{now_ms} : std::nullopt, accepted ? 1 : 0});
  if (!done) return propagate(std::move(done).error(), "settle a dispute");
  if (*done != 1) {
    return fail(ErrorCode::conflict, "the task has changed meanwhile", "stale_version");
  }
  auto leaf = ledger::append(tx, context.clock, context.rng,
                             {.type = "provider_task.settled",
                              .fields = {{"task", settling.id.value},
                                         {"actor", actor.account_id.value},
                                         {"outcome", accepted ? "accepted" : "rejected"}}});
  if (!leaf) return propagate(std::move(leaf).error(), "append leaf");
  return load_task(tx, settling.id);
}

}  // namespace khien::providers
