// Work that outlives a request: queued in the transaction that causes it, done by any worker of any
// process, tried again with growing pauses, and dead with a reason when that does not help. A job
// runs at least once: a worker that vanishes loses its lease and another takes over, so whatever a
// job does must bear being done twice, or be done in the transaction that finish_job() is part of.
//
// Kinds are constants of the program. Payloads hold ids, not personal data: dead jobs are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace khien::store {

/// A payload above this is limit_exceeded.
constexpr std::size_t job_payload_size_max = 64 * 1024;
/// With this many jobs of a kind waiting or running, further ones are limit_exceeded with reason
/// "queue_full". Looked at for one job in job_count_stride, so it may be passed by a few.
constexpr std::int64_t jobs_waiting_max = 100'000;
constexpr std::int64_t job_count_stride = 64;
/// A job's error text is cut to this.
constexpr std::size_t job_error_size_max = 500;
/// The pause after the first failure; it doubles up to the second number.
constexpr std::int64_t job_pause_first_ms = 1'000;
constexpr std::int64_t job_pause_max_ms = 15 * ms_per_minute;

struct JobDraft {
  std::string kind;
  std::string payload = {};                    ///< for the worker alone to understand
  std::optional<std::string> dedupe_key = {};  ///< one live job of this kind and key
  InstantMs due_at_ms = 0;                     ///< not before this
  int attempts_max = 10;                       ///< then the job is dead
};

/// A job on lease to this worker.
struct Job {
  std::int64_t id = 0;
  std::string kind;
  std::string payload;
  int attempt = 0;  ///< 1 for the first
  int attempts_max = 0;
  std::int64_t lease_token = 0;  ///< proves that the lease is still ours
};

/// Queues a job with the caller's transaction and wakes workers waiting on the channel "job:KIND".
/// False if a live job with the dedupe key is there already.
[[nodiscard]] Result<bool> enqueue_job(Transaction& tx, const Clock& clock, const JobDraft& draft);

/// The job of `kind` that has been due longest, on lease for `lease_ms`, or none. Also takes jobs
/// whose lease ran out; one that has used up its attempts that way is made dead instead.
[[nodiscard]] Result<std::optional<Job>> claim_job(Database& database, const Clock& clock,
                                                   std::string_view kind, std::int64_t lease_ms);

/// Removes the job in the transaction that holds its effect. conflict with reason "lease_lost" if
/// another worker has it by now; the caller's transaction then must not commit.
[[nodiscard]] Result<void> finish_job(Transaction& tx, const Job& job);

enum class JobFate { tried_again, dead };

/// After a failure: due again after a pause, or dead once attempts_max is reached. `why` is kept
/// for the operator and must not hold personal data.
[[nodiscard]] Result<JobFate> fail_job(Database& database, const Clock& clock, const Job& job,
                                       std::string_view why);

struct JobCounts {
  std::int64_t waiting = 0;  ///< due, due later or on lease
  std::int64_t dead = 0;
};
[[nodiscard]] Result<JobCounts> count_jobs(Executor& executor, std::string_view kind);

/// A job that was given up.
struct DeadJob {
  std::int64_t id = 0;
  std::string payload;
  int attempts = 0;
  InstantMs created_at_ms = 0;
  InstantMs dead_at_ms = 0;
  std::string why;
};
/// The dead jobs of a kind, newest first, `limit` at most: for the operator.
[[nodiscard]] Result<std::vector<DeadJob>> list_dead_jobs(Executor& executor, std::string_view kind,
                                                          std::int64_t limit);
/// Gives every dead job of a kind all its attempts anew, due at once. Gives how many.
[[nodiscard]] Result<std::int64_t> revive_dead_jobs(Transaction& tx, const Clock& clock,
                                                    std::string_view kind);
/// Deletes what died at `until_ms` or before. Gives how many.
[[nodiscard]] Result<std::int64_t> forget_dead_jobs(Transaction& tx, std::string_view kind,
                                                    InstantMs until_ms);

/// The wake-up channel of a kind.
[[nodiscard]] std::string job_channel(std::string_view kind);

}  // namespace khien::store
