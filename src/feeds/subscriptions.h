// The moves of a subscription, one function each, in the caller's transaction together with its
// leaf in the ledger:
//
//   proposed ──approve──► active ──breaker──► stopped ──resume──► active
//       │                   └──────suspend──────┴──► suspended ──resume──► active
//       └──────────────── each ends by a person or at its end date, for good: lapsed
//
// A feed that no run has confirmed for entries_life_ms is suspended by time.
//
// Who may make a move is asked before (identity::may); that proposer and approver differ is also
// checked here and in the schema. Names of people stay out of leaves: actors are commitments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "feeds/feed.h"
#include "store/database.h"

namespace khien::feeds {

/// Wake-up channels (store::Database::subscribe).
constexpr std::string_view channel_due = "feeds.due";    ///< a run was asked for
constexpr std::string_view channel_sets = "feeds.sets";  ///< what is in force changed: publish

struct Context {
  const Clock& clock;
  Rng& rng;
};

struct Move {
  FeedId id;
  std::int64_t version = 0;  ///< as the actor saw it; another is conflict "stale_version"
  std::string actor;         ///< account id
  std::string reason = {};
};

/// invalid_argument with reasons feed_name, feed_source, feed_reason, feed_licence, feed_column,
/// feed_entries_max, feed_change_max, feed_interval, feed_valid_until; limit_exceeded above
/// feeds_max; conflict "feed_exists" if the same source is subscribed to for the same category,
/// unless that subscription ends within feed_renewal_ms.
[[nodiscard]] Result<Feed> propose_feed(store::Transaction& tx, const Context& context,
                                        FeedDraft draft, std::string_view proposer);
/// denied with reason "own_feed" for the proposer; conflict "wrong_state" unless proposed.
[[nodiscard]] Result<Feed> approve_feed(store::Transaction& tx, const Context& context,
                                        const Move& move);
/// Takes everything of the feed out of force. One person, at once; needs a reason.
[[nodiscard]] Result<Feed> suspend_feed(store::Transaction& tx, const Context& context,
                                        const Move& move);
/// Puts a suspended feed in force again, or accepts what the breaker held back. Needs a reason, and
/// another person than the proposer ("own_feed").
[[nodiscard]] Result<Feed> resume_feed(store::Transaction& tx, const Context& context,
                                       const Move& move);
/// Ends a feed for good, in force or not yet approved. One person, at once; needs a reason.
[[nodiscard]] Result<Feed> end_feed(store::Transaction& tx, const Context& context,
                                    const Move& move);
/// Asks for a run now; conflict "wrong_state" unless active.
[[nodiscard]] Result<Feed> request_run(store::Transaction& tx, const Context& context,
                                       const Move& move);
/// True if lapse_feeds() has something to do.
[[nodiscard]] Result<bool> any_over(store::Executor& executor, InstantMs now_ms);
/// Lapses what is over, and gives the ids. Feeds whose entries no run has confirmed for
/// entries_life_ms are suspended likewise (leaf feed.suspended, reason "no-good-run").
[[nodiscard]] Result<std::vector<FeedId>> lapse_feeds(store::Transaction& tx,
                                                      const Context& context);

[[nodiscard]] Result<Feed> find_feed(store::Executor& executor, const FeedId& id);
/// All of them, newest first.
[[nodiscard]] Result<std::vector<Feed>> list_feeds(store::Executor& executor);
/// Active feeds whose next run is due.
[[nodiscard]] Result<std::vector<FeedId>> due_feeds(store::Executor& executor, InstantMs now_ms);
/// Newest first; `before` is the id of the last run seen, or 0.
[[nodiscard]] Result<std::vector<FeedRun>> list_runs(store::Executor& executor, const FeedId& id,
                                                     std::int64_t before, int count);
[[nodiscard]] Result<std::optional<FeedRun>> last_run(store::Executor& executor, const FeedId& id);

}  // namespace khien::feeds
