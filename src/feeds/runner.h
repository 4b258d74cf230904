// One run of a feed: fetch, read, filter, compare, stop or accept. Blocking; call it from a worker
// thread. Several workers may try the same feed: one gets it.
#pragma once

#include <filesystem>
#include <functional>

#include "base/metrics.h"
#include "base/result.h"
#include "cases/impact.h"
#include "feeds/feed.h"
#include "feeds/subscriptions.h"
#include "http/fetch.h"
#include "store/database.h"

namespace khien::feeds {

/// A run that has not ended after this was left by a process that died.
constexpr std::int64_t run_abandoned_ms = 10 * ms_per_minute;
/// How often a run writes how far it is (FeedRun::counts while it is running).
constexpr std::int64_t run_progress_ms = 2 * ms_per_second;
/// A failed run is tried again after this, or after the interval if that is shorter.
constexpr std::int64_t run_retry_ms = 15 * ms_per_minute;
/// Kept for each feed; older ones are removed.
constexpr std::int64_t runs_kept_max = 1'000;

using Fetch =
    std::function<Result<http::Fetched>(const http::FetchRequest&, const http::FetchSink&)>;

struct RunnerParts {
  store::Database& database;
  const Context& context;
  const cases::ImpactData& impact;
  std::filesystem::path feed_folder;  ///< sources without https:// are files below it
  Fetch fetch = http::fetch;
};

/// Runs `id` once and returns the finished run: applied, unchanged, stopped by the breaker, or
/// failed with its problem. An error here means that not even the run could be written: not_found,
/// conflict ("wrong_state", "already_running"), or the store's.
///
/// `applied` writes the set and one leaf "feed.changed" (counts, set hash) in one transaction, and
/// wakes channel_sets. About 10 s and 300 octets of memory a name for a million names.
[[nodiscard]] Result<FeedRun> run_feed(const RunnerParts& parts, const FeedId& id);

}  // namespace khien::feeds
