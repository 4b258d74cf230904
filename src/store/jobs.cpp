#include "store/jobs.h"

#include <algorithm>

namespace khien::store {
namespace {

constexpr std::string_view sql_enqueue =
    "INSERT INTO job (kind, dedupe_key, payload, attempts_max, created_at_ms, due_at_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id";
constexpr std::string_view sql_count =
    "SELECT count(*) FROM job WHERE kind = $1 AND dead_at_ms IS NULL";
constexpr std::string_view sql_count_dead =
    "SELECT count(*) FROM job WHERE kind = $1 AND dead_at_ms IS NOT NULL";
// A worker that vanished in its last attempt leaves no other trace.
constexpr std::string_view sql_bury =
    "UPDATE job SET dead_at_ms = $2, lease_token = lease_token + 1,"
    " last_error = coalesce(last_error, 'lease ran out') WHERE kind = $1 AND dead_at_ms IS NULL"
    " AND due_at_ms <= $2 AND attempts >= attempts_max";
constexpr std::string_view sql_claim_sqlite =
    "UPDATE job SET attempts = attempts + 1, lease_token = lease_token + 1, due_at_ms = $3"
    " WHERE id = (SELECT id FROM job WHERE kind = $1 AND dead_at_ms IS NULL AND due_at_ms <= $2"
    "  AND attempts < attempts_max ORDER BY due_at_ms, id LIMIT 1)"
    " RETURNING id, payload, attempts, attempts_max, lease_token";
// Neighbours take the next row instead of waiting for ours.
constexpr std::string_view sql_claim_postgresql =
    "UPDATE job SET attempts = attempts + 1, lease_token = lease_token + 1, due_at_ms = $3"
    " WHERE id = (SELECT id FROM job WHERE kind = $1 AND dead_at_ms IS NULL AND due_at_ms <= $2"
    "  AND attempts < attempts_max ORDER BY due_at_ms, id LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, payload, attempts, attempts_max, lease_token";
constexpr std::string_view sql_finish =
    "DELETE FROM job WHERE id = $1 AND lease_token = $2 AND dead_at_ms IS NULL";
constexpr std::string_view sql_again =
    "UPDATE job SET due_at_ms = $3, last_error = $4, lease_token = lease_token + 1"
    " WHERE id = $1 AND lease_token = $2 AND dead_at_ms IS NULL";
constexpr std::string_view sql_dead =
    "UPDATE job SET dead_at_ms = $3, last_error = $4, lease_token = lease_token + 1"
    " WHERE id = $1 AND lease_token = $2 AND dead_at_ms IS NULL";

constexpr std::string_view sql_list_dead =
    "SELECT id, payload, attempts, created_at_ms, dead_at_ms, last_error FROM job"
    " WHERE kind = $1 AND dead_at_ms IS NOT NULL ORDER BY dead_at_ms DESC, id DESC LIMIT $2";
// Without its key: a live job may have taken it meanwhile.
constexpr std::string_view sql_revive =
    "UPDATE job SET dead_at_ms = NULL, attempts = 0, due_at_ms = $2, dedupe_key = NULL"
    " WHERE kind = $1 AND dead_at_ms IS NOT NULL";
constexpr std::string_view sql_forget = "DELETE FROM job WHERE kind = $1 AND dead_at_ms <= $2";

std::int64_t pause_after(int attempt) noexcept {
  const int doublings = std::clamp(attempt - 1, 0, 20);
  return std::min(job_pause_first_ms << doublings, job_pause_max_ms);
}

// Cut at the beginning of a character, so that it stays UTF-8; empty would break a constraint.
std::string storable_reason(std::string_view why) {
  auto size = std::min(why.size(), job_error_size_max);
  while (size > 0 && size < why.size() && (static_cast<unsigned char>(why[size]) & 0xC0) == 0x80) {
    --size;
  }
  why = why.substr(0, size);
  return why.empty() || !is_storable_text(why) ? "unknown" : std::string{why};
}

Result<void> check_queue(Transaction& tx, std::string_view kind) {
  auto count = tx.query_one(sql_count, {kind});
  if (!count) return propagate(std::move(count).error(), "count jobs");
  if ((*count)->integer(0) > jobs_waiting_max) {
    return fail(ErrorCode::limit_exceeded, "too many jobs of one kind are waiting", "queue_full");
  }
  return {};
}

}  // namespace

std::string job_channel(std::string_view kind) { return "job:" + std::string{kind}; }

Result<bool> enqueue_job(Transaction& tx, const Clock& clock, const JobDraft& draft) {
  if (draft.payload.size() > job_payload_size_max) {
    return fail(ErrorCode::limit_exceeded, "a job's payload is too large", "payload_max");
  }
  const auto now_ms = clock.now_ms();
  auto row =
      tx.query_one(sql_enqueue, {draft.kind, draft.dedupe_key, draft.payload, draft.attempts_max,
                                 now_ms, std::max(now_ms, draft.due_at_ms)});
  if (!row) return propagate(std::move(row).error(), "enqueue job");
  if (!row->has_value()) return false;
  if ((*row)->integer(0) % job_count_stride == 0) {
    if (auto room = check_queue(tx, draft.kind); !room) {
      return tl::unexpected<Error>{std::move(room).error()};
    }
  }
  tx.notify(job_channel(draft.kind));
  return true;
}

Result<std::optional<Job>> claim_job(Database& database, const Clock& clock, std::string_view kind,
                                     std::int64_t lease_ms) {
  const auto now_ms = clock.now_ms();
  auto claimed = database.transact_queue([&](Transaction& tx) -> Result<std::optional<Job>> {
    if (auto buried = tx.execute(sql_bury, {kind, now_ms}); !buried) {
      return tl::unexpected<Error>{std::move(buried).error()};
    }
    const auto sql = tx.engine() == Engine::sqlite ? sql_claim_sqlite : sql_claim_postgresql;
    auto row = tx.query_one(sql, {kind, now_ms, now_ms + lease_ms});
    if (!row) return tl::unexpected<Error>{std::move(row).error()};
    if (!row->has_value()) return std::optional<Job>{};
    return std::optional<Job>{Job{.id = (*row)->integer(0),
                                  .kind = std::string{kind},
                                  .payload = (*row)->text(1),
                                  .attempt = static_cast<int>((*row)->integer(2)),
                                  .attempts_max = static_cast<int>((*row)->integer(3)),
                                  .lease_token = (*row)->integer(4)}};
  });
  if (!claimed) return propagate(std::move(claimed).error(), "claim job");
  return claimed;
}

Result<void> finish_job(Transaction& tx, const Job& job) {
  auto removed = tx.execute(sql_finish, {job.id, job.lease_token});
  if (!removed) return propagate(std::move(removed).error(), "finish job");
  if (*removed == 0) {
    return fail(ErrorCode::conflict, "another worker has taken the job over", "lease_lost");
  }
  return {};
}

Result<JobFate> fail_job(Database& database, const Clock& clock, const Job& job,
                         std::string_view why) {
  const auto now_ms = clock.now_ms();
  const bool dead = job.attempt >= job.attempts_max;
  auto changed = database.transact([&](Transaction& tx) {
    return dead ? tx.execute(sql_dead, {job.id, job.lease_token, now_ms, storable_reason(why)})
                : tx.execute(sql_again, {job.id, job.lease_token, now_ms + pause_after(job.attempt),
                                         storable_reason(why)});
  });
  if (!changed) return propagate(std::move(changed).error(), "fail job");
  if (*changed == 0) {
    return fail(ErrorCode::conflict, "another worker has taken the job over", "lease_lost");
  }
  return dead ? JobFate::dead : JobFate::tried_again;
}

Result<JobCounts> count_jobs(Executor& executor, std::string_view kind) {
  auto waiting = executor.query_one(sql_count, {kind});
  if (!waiting) return propagate(std::move(waiting).error(), "count jobs");
  auto dead = executor.query_one(sql_count_dead, {kind});
  if (!dead) return propagate(std::move(dead).error(), "count jobs");
  return JobCounts{.waiting = (*waiting)->integer(0), .dead = (*dead)->integer(0)};
}

Result<std::vector<DeadJob>> list_dead_jobs(Executor& executor, std::string_view kind,
                                            std::int64_t limit) {
  auto rows = executor.query(sql_list_dead, {kind, limit});
  if (!rows) return propagate(std::move(rows).error(), "list dead jobs");
  std::vector<DeadJob> jobs;
  for (const auto& row : *rows) {
    jobs.push_back({.id = row.integer(0),
                    .payload = row.text(1),
                    .attempts = static_cast<int>(row.integer(2)),
                    .created_at_ms = row.integer(3),
                    .dead_at_ms = row.integer(4),
                    .why = row.text(5)});
  }
  return jobs;
}

Result<std::int64_t> revive_dead_jobs(Transaction& tx, const Clock& clock, std::string_view kind) {
  auto revived = tx.execute(sql_revive, {kind, clock.now_ms()});
  if (!revived) return propagate(std::move(revived).error(), "revive dead jobs");
  tx.notify(job_channel(kind));
  return *revived;
}

Result<std::int64_t> forget_dead_jobs(Transaction& tx, std::string_view kind, InstantMs until_ms) {
  auto forgotten = tx.execute(sql_forget, {kind, until_ms});
  if (!forgotten) return propagate(std::move(forgotten).error(), "forget dead jobs");
  return *forgotten;
}

}  // namespace khien::store
