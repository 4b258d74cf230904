#include "providers/task_review.h"

#include "store/jobs.h"

namespace khien::providers {
namespace {

// Not as ordered, still expected, its time over (too much blocked has no time), and not accepted as
// explained by an officer lately.
constexpr std::string_view sql_mismatches = R"(
SELECT c.order_id, c.expected, c.verdict, c.since_ms, c.seen_at_ms
FROM provider_check c JOIN block_order o ON o.id = c.order_id
WHERE c.provider_id = $1 AND o.category <> 'child-abuse'
  AND (c.verdict = 'over_enforced'
    OR (c.verdict IN ('not_enforced', 'stale_serial') AND c.since_ms <= $2)
    OR (c.verdict = 'lift_pending' AND c.since_ms <= $3))
  AND (c.expected = 'blocked') = EXISTS (SELECT 1 FROM publication p WHERE p.order_id = c.order_id
    AND p.action = 'add' AND p.removed_by IS NULL)
  AND NOT EXISTS (SELECT 1 FROM provider_task_item i JOIN provider_task t ON t.id = i.task_id
    WHERE t.provider_id = c.provider_id AND t.accepted = 1 AND t.closed_at_ms > $4
      AND i.order_id = c.order_id AND i.expected = c.expected AND i.since_ms = c.since_ms)
ORDER BY c.since_ms, c.order_id LIMIT $5)";
constexpr std::string_view sql_open = R"(
INSERT INTO provider_task (id, provider_id, state, opened_at_ms, due_at_ms)
VALUES ($1, $2, 'open', $3, $4))";
constexpr std::string_view sql_put_item = R"(
INSERT INTO provider_task_item (task_id, order_id, expected, verdict, since_ms, seen_at_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (task_id, order_id, expected) DO UPDATE SET verdict = excluded.verdict,
  since_ms = excluded.since_ms, seen_at_ms = excluded.seen_at_ms, done_at_ms = NULL)";
// As ordered by now, or nothing of the kind is expected any more. Broken and contested say neither.
constexpr std::string_view sql_mark_done = R"(
UPDATE provider_task_item SET done_at_ms = $2 WHERE task_id = $1 AND done_at_ms IS NULL AND (
  EXISTS (SELECT 1 FROM provider_check c JOIN provider_task t ON t.id = $1
    WHERE c.provider_id = t.provider_id AND c.order_id = provider_task_item.order_id
      AND c.expected = provider_task_item.expected AND c.verdict IN ('enforced', 'lifted'))
  OR (provider_task_item.expected = 'blocked') <> EXISTS (SELECT 1 FROM publication p
    WHERE p.order_id = provider_task_item.order_id AND p.action = 'add' AND p.removed_by IS NULL)))";
constexpr std::string_view sql_close = R"(
UPDATE provider_task SET state = 'closed', closed_at_ms = $2, version = version + 1
WHERE id = $1 AND state <> 'closed'
  AND NOT EXISTS (SELECT 1 FROM provider_task_item i WHERE i.task_id = $1 AND i.done_at_ms IS NULL))";

Result<TaskId> open_task(store::Transaction& tx, const Context& context, const Provider& provider,
                         Telling telling) {
  const auto now_ms = context.clock.now_ms();
  const auto id = TaskId::make(context.clock, context.rng);
  auto done = tx.execute(sql_open, {id, provider.id, now_ms, now_ms + provider.block_due_ms()});
  if (!done) return propagate(std::move(done).error(), "open a provider's task");
  if (telling == Telling::nobody || !provider.has_contact) return id;
  auto queued = store::enqueue_job(tx, context.clock,
                                   {.kind = std::string{job_provider_task},
                                    .payload = id.value,
                                    .dedupe_key = id.value,
                                    .attempts_max = task_mail_attempts_max});
  if (!queued) return tl::unexpected<Error>{std::move(queued).error()};
  return id;
}

}  // namespace

Result<TaskCounts> review_provider(store::Transaction& tx, const Context& context,
                                   const Provider& provider, Telling telling) {
  const auto now_ms = context.clock.now_ms();
  auto mismatches = tx.query(
      sql_mismatches, {provider.id, now_ms - provider.block_due_ms(),
                       now_ms - provider.lift_due_ms(), now_ms - accepted_for_ms, task_items_max});
  if (!mismatches) return propagate(std::move(mismatches).error(), "list what is not as ordered");
  auto task = open_task_of(tx, provider.id);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  TaskCounts counts;
  if (!*task && mismatches->empty()) return counts;
  std::optional<TaskId> id;
  if (*task) {
    id = (*task)->id;
  } else {
    auto opened = open_task(tx, context, provider, telling);
    if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
    id = std::move(*opened);
    counts.opened = 1;
  }
  auto done = tx.execute(sql_mark_done, {*id, now_ms});
  if (!done) return propagate(std::move(done).error(), "mark what is done");
  for (const auto& row : *mismatches) {
    done = tx.execute(sql_put_item,
                      {*id, row.text(0), row.text(1), row.text(2), row.integer(3), row.integer(4)});
    if (!done) return propagate(std::move(done).error(), "add to a provider's task");
  }
  auto closed = tx.execute(sql_close, {*id, now_ms});
  if (!closed) return propagate(std::move(closed).error(), "close a provider's task");
  counts.closed = *closed;
  return counts;
}

}  // namespace khien::providers
