#include "feeds/subscriptions.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "feeds/rows.h"
#include "text/normalise.h"
#include "text/url.h"

namespace khien::feeds {
namespace {

constexpr std::size_t reason_size_min = 3;
constexpr int runs_page_max = 200;

// The columns stand in feed_columns too; SQL is whole constants, so they are written out.
constexpr std::string_view sql_insert = R"(
INSERT INTO feed (id, version, state, name, source, format, category, scope, csv_column, licence,
  entries_max, change_max_permyriad, interval_s, valid_until_ms, reason, proposed_by,
  proposed_at_ms, approved_by, entries, set_hash, good_names, etag, last_modified, next_run_at_ms)
VALUES ($1, 1, 'proposed', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, NULL, 0,
  '', 0, '', '', 0))";
constexpr std::string_view sql_by_id = R"(
SELECT id, version, state, name, source, format, category, scope, csv_column, licence, entries_max,
  change_max_permyriad, interval_s, valid_until_ms, reason, proposed_by, proposed_at_ms,
  approved_by, entries, set_hash, good_names, etag, last_modified, next_run_at_ms,
  entries_until_ms
FROM feed WHERE id = $1)";
constexpr std::string_view sql_all = R"(
SELECT id, version, state, name, source, format, category, scope, csv_column, licence, entries_max,
  change_max_permyriad, interval_s, valid_until_ms, reason, proposed_by, proposed_at_ms,
  approved_by, entries, set_hash, good_names, etag, last_modified, next_run_at_ms,
  entries_until_ms
FROM feed ORDER BY proposed_at_ms DESC, id DESC)";
constexpr std::string_view sql_count = "SELECT count(*) FROM feed WHERE state <> 'lapsed'";
constexpr std::string_view sql_same = R"(
SELECT id FROM feed WHERE state <> 'lapsed' AND source = $1 AND category = $2
  AND valid_until_ms > $3 LIMIT 1)";
constexpr std::string_view sql_approve = R"(
UPDATE feed SET state = 'active', approved_by = $2, next_run_at_ms = $3, version = version + 1
WHERE id = $1)";
constexpr std::string_view sql_state =
    "UPDATE feed SET state = $2, next_run_at_ms = $3, version = version + 1 WHERE id = $1";
constexpr std::string_view sql_run_now =
    "UPDATE feed SET next_run_at_ms = $2, etag = '', last_modified = '' WHERE id = $1";
constexpr std::string_view sql_over =
    "SELECT id FROM feed WHERE state <> 'lapsed' AND valid_until_ms <= $1 ORDER BY id";
constexpr std::string_view sql_due = R"(
SELECT id FROM feed WHERE state = 'active' AND next_run_at_ms <= $1 AND valid_until_ms > $1
ORDER BY next_run_at_ms, id)";
constexpr std::string_view sql_held =
    "SELECT set_hash, set_size, good_names FROM feed_set WHERE feed_id = $1 AND kind = 'held'";
constexpr std::string_view sql_drop_set = "DELETE FROM feed_set WHERE feed_id = $1 AND kind = $2";
constexpr std::string_view sql_accept_held =
    "UPDATE feed_set SET kind = 'accepted' WHERE feed_id = $1 AND kind = 'held'";
constexpr std::string_view sql_note_accepted =
    "UPDATE feed SET set_hash = $2, entries = $3, good_names = $4 WHERE id = $1";
constexpr std::string_view sql_entries_until =
    "UPDATE feed SET entries_until_ms = $2 WHERE id = $1";
constexpr std::string_view sql_stale = R"(
SELECT id FROM feed WHERE state IN ('active', 'stopped') AND set_hash <> ''
  AND entries_until_ms <= $1 AND valid_until_ms > $1 ORDER BY id)";
constexpr std::string_view sql_runs = R"(
SELECT id, feed_id, state, started_at_ms, ended_at_ms, set_hash, set_size, counts, problem_code,
  problem_reason, problem_message
FROM feed_run WHERE feed_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3)";

tl::unexpected<Error> bad(std::string_view reason, std::string_view message) {
  return fail(ErrorCode::invalid_argument, std::string{message}, std::string{reason});
}

// A file below the feed folder: no way out of it, no hidden names.
bool is_feed_file(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find('\\') != std::string_view::npos)
    return false;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    if (part.empty() || part.front() == '.') return false;
    path.remove_prefix(std::min(path.size(), part.size() + 1));
  }
  return true;
}

Result<void> check_source(std::string_view source) {
  if (source.size() > feed_source_size_max) return bad("feed_source", "source is too long");
  if (source.find("://") == std::string_view::npos) {
    if (is_feed_file(source)) return {};
    return bad("feed_source", "not a file below the feed folder");
  }
  const auto url = text::read_url(source);
  if (!url || !source.starts_with("https://")) return bad("feed_source", "only https:// addresses");
  return {};
}

Result<void> clean(FeedDraft& draft) {
  auto name = text::clean_line(draft.name, feed_name_size_max);
  if (!name || name->empty()) return bad("feed_name", "a feed needs a short name");
  auto reason = text::clean_text(draft.reason, feed_reason_size_max);
  if (!reason || reason->size() < reason_size_min) return bad("feed_reason", "a reason is needed");
  auto licence = text::clean_line(draft.licence, feed_name_size_max);
  if (!licence) return bad("feed_licence", "licence is too long");
  auto column = text::clean_line(draft.csv_column, feed_name_size_max);
  if (!column || column->empty()) return bad("feed_column", "a CSV column is needed");
  draft.name = std::move(*name);
  draft.reason = std::move(*reason);
  draft.licence = std::move(*licence);
  draft.csv_column = std::move(*column);
  return check_source(draft.source);
}

Result<void> check_numbers(const FeedDraft& draft, InstantMs now_ms) {
  if (draft.entries_max < 1 || draft.entries_max > entries_max_max) {
    return bad("feed_entries_max", "the cap on names must be 1 to 5,000,000");
  }
  if (draft.change_max_permyriad < 0 || draft.change_max_permyriad > 10'000) {
    return bad("feed_change_max", "the largest change must be 0 to 100 %");
  }
  if (draft.interval_s < interval_min_s || draft.interval_s > interval_max_s) {
    return bad("feed_interval", "the interval must be 5 minutes to 7 days");
  }
  if (draft.valid_until_ms <= now_ms || draft.valid_until_ms > now_ms + feed_life_max_ms) {
    return bad("feed_valid_until", "a feed needs an end within 366 days");
  }
  return {};
}

Result<Feed> load_for(store::Transaction& tx, const Move& move,
                      std::initializer_list<FeedState> allowed) {
  auto feed = find_feed(tx, move.id);
  if (!feed) return feed;
  if (move.version != feed->version) {
    return fail(ErrorCode::conflict, "the feed has changed meanwhile", "stale_version");
  }
  if (std::find(allowed.begin(), allowed.end(), feed->state) == allowed.end()) {
    return fail(ErrorCode::conflict,
                "not possible while the feed is " + std::string{to_string(feed->state)},
                "wrong_state");
  }
  return feed;
}

Result<void> need_reason(const Move& move) {
  auto reason = text::clean_text(move.reason, feed_reason_size_max);
  if (!reason || reason->size() < reason_size_min) return bad("feed_reason", "a reason is needed");
  return {};
}

Result<void> need_second_person(const Feed& feed, const Move& move) {
  if (move.actor != feed.proposed_by && !move.actor.empty()) return {};
  return fail(ErrorCode::denied, "the proposer of a feed does not approve it", "own_feed");
}

ledger::LeafField reason_field(const Feed& feed, const Move& move) {
  return {"reason_commitment", ledger::commitment(feed.id.value, move.reason)};
}

// The end of every move: leaf, wake-ups, and the feed as it is now.
Result<Feed> finish(store::Transaction& tx, const Context& context, std::string_view leaf_type,
                    const Move& move, std::vector<ledger::LeafField> fields) {
  auto feed = find_feed(tx, move.id);
  if (!feed) return feed;
  auto leaf = append_leaf(tx, context, leaf_type, *feed, move.actor, std::move(fields));
  if (!leaf) return tl::unexpected(std::move(leaf).error());
  tx.notify(channel_sets);
  tx.notify(channel_due);
  return feed;
}

// Makes what the breaker held back the accepted set.
Result<std::vector<ledger::LeafField>> accept_held(store::Transaction& tx, const FeedId& id) {
  auto held = tx.query_one(sql_held, {id});
  if (!held) return propagate(std::move(held).error(), "look for a held set");
  if (!held->has_value()) return std::vector<ledger::LeafField>{};
  const std::string hash = (*held)->text(0);
  const auto size = (*held)->integer(1);
  for (auto result : {tx.execute(sql_drop_set, {id, "accepted"}), tx.execute(sql_accept_held, {id}),
                      tx.execute(sql_note_accepted, {id, hash, size, (*held)->integer(2)})}) {
    if (!result) return propagate(std::move(result).error(), "accept a held set");
  }
  return std::vector<ledger::LeafField>{{"set_sha256", hash}, {"count", size}};
}

// No run has confirmed its entries for their whole life: out they go, and only a person brings the
// feed back.
Result<void> suspend_stale(store::Transaction& tx, const Context& context) {
  auto rows = tx.query(sql_stale, {context.clock.now_ms()});
  if (!rows) return propagate(std::move(rows).error(), "look for feeds without a good run");
  for (const auto& row : *rows) {
    const Move move{.id = FeedId{row.text(0)}, .actor = {}};
    for (auto result : {tx.execute(sql_state, {move.id, "suspended", 0}),
                        tx.execute(sql_drop_set, {move.id, "held"})}) {
      if (!result) return propagate(std::move(result).error(), "suspend a feed");
    }
    auto feed = finish(tx, context, "feed.suspended", move, {{"reason", "no-good-run"}});
    if (!feed) return tl::unexpected(std::move(feed).error());
  }
  return {};
}

}  // namespace

Result<Feed> propose_feed(store::Transaction& tx, const Context& context, FeedDraft draft,
                          std::string_view proposer) {
  const InstantMs now_ms = context.clock.now_ms();
  if (auto cleaned = clean(draft); !cleaned) return tl::unexpected(std::move(cleaned).error());
  if (auto checked = check_numbers(draft, now_ms); !checked) {
    return tl::unexpected(std::move(checked).error());
  }
  auto count = tx.query_one(sql_count);
  if (!count) return propagate(std::move(count).error(), "count feeds");
  if ((*count)->integer(0) >= static_cast<std::int64_t>(feeds_max)) {
    return fail(ErrorCode::limit_exceeded, "too many feeds", "feeds_max");
  }
  auto same =
      tx.query_one(sql_same, {draft.source, to_string(draft.category), now_ms + feed_renewal_ms});
  if (!same) return propagate(std::move(same).error(), "look for the same feed");
  if (same->has_value()) {
    return fail(ErrorCode::conflict, "this source is already subscribed to for this category",
                "feed_exists");
  }
  const auto id = FeedId::make(context.clock, context.rng);
  auto inserted = tx.execute(
      sql_insert, {id, draft.name, draft.source, to_string(draft.format), to_string(draft.category),
                   cases::to_string(draft.scope), draft.csv_column, draft.licence,
                   draft.entries_max, draft.change_max_permyriad, draft.interval_s,
                   draft.valid_until_ms, draft.reason, proposer, now_ms});
  if (!inserted) return propagate(std::move(inserted).error(), "propose a feed");
  const Move move{.id = id, .version = 1, .actor = std::string{proposer}};
  return finish(tx, context, "feed.proposed", move,
                {{"valid_until_ms", draft.valid_until_ms},
                 {"count", draft.entries_max},
                 {"value_sha256", codec::hex(crypto::sha256(draft.source))}});
}

Result<Feed> approve_feed(store::Transaction& tx, const Context& context, const Move& move) {
  auto feed = load_for(tx, move, {FeedState::proposed});
  if (!feed) return feed;
  if (auto second = need_second_person(*feed, move); !second) {
    return tl::unexpected(std::move(second).error());
  }
  if (feed->draft.valid_until_ms <= context.clock.now_ms()) {
    return fail(ErrorCode::conflict, "the feed's end date has passed", "wrong_state");
  }
  auto changed = tx.execute(sql_approve, {move.id, move.actor, context.clock.now_ms()});
  if (!changed) return propagate(std::move(changed).error(), "approve a feed");
  return finish(tx, context, "feed.approved", move,
                {{"valid_until_ms", feed->draft.valid_until_ms}});
}

Result<Feed> suspend_feed(store::Transaction& tx, const Context& context, const Move& move) {
  auto feed = load_for(tx, move, {FeedState::active, FeedState::stopped});
  if (!feed) return feed;
  if (auto given = need_reason(move); !given) return tl::unexpected(std::move(given).error());
  for (auto result : {tx.execute(sql_state, {move.id, "suspended", 0}),
                      tx.execute(sql_drop_set, {move.id, "held"})}) {
    if (!result) return propagate(std::move(result).error(), "suspend a feed");
  }
  return finish(tx, context, "feed.suspended", move, {reason_field(*feed, move)});
}

Result<Feed> end_feed(store::Transaction& tx, const Context& context, const Move& move) {
  auto feed = load_for(
      tx, move, {FeedState::proposed, FeedState::active, FeedState::stopped, FeedState::suspended});
  if (!feed) return feed;
  if (auto given = need_reason(move); !given) return tl::unexpected(std::move(given).error());
  for (auto result : {tx.execute(sql_state, {move.id, "lapsed", 0}),
                      tx.execute(sql_drop_set, {move.id, "held"})}) {
    if (!result) return propagate(std::move(result).error(), "end a feed");
  }
  return finish(tx, context, "feed.ended", move, {reason_field(*feed, move)});
}

Result<Feed> resume_feed(store::Transaction& tx, const Context& context, const Move& move) {
  auto feed = load_for(tx, move, {FeedState::stopped, FeedState::suspended});
  if (!feed) return feed;
  if (auto given = need_reason(move); !given) return tl::unexpected(std::move(given).error());
  if (auto second = need_second_person(*feed, move); !second) {
    return tl::unexpected(std::move(second).error());
  }
  auto fields = accept_held(tx, move.id);
  if (!fields) return tl::unexpected(std::move(fields).error());
  // What was just accepted is fresh; a suspended feed is fetched at once.
  const InstantMs now_ms = context.clock.now_ms();
  const auto next_ms = fields->empty() ? now_ms : now_ms + feed->draft.interval_s * ms_per_second;
  auto changed = tx.execute(sql_state, {move.id, "active", next_ms});
  if (changed) changed = tx.execute(sql_entries_until, {move.id, now_ms + entries_life_ms});
  if (!changed) return propagate(std::move(changed).error(), "resume a feed");
  fields->push_back(reason_field(*feed, move));
  return finish(tx, context, "feed.resumed", move, std::move(*fields));
}

Result<Feed> request_run(store::Transaction& tx, const Context& context, const Move& move) {
  auto feed = load_for(tx, move, {FeedState::active});
  if (!feed) return feed;
  auto changed = tx.execute(sql_run_now, {move.id, context.clock.now_ms()});
  if (!changed) return propagate(std::move(changed).error(), "ask for a run");
  tx.notify(channel_due);
  return find_feed(tx, move.id);
}

Result<bool> any_over(store::Executor& executor, InstantMs now_ms) {
  for (const auto sql : {sql_over, sql_stale}) {
    auto rows = executor.query(sql, {now_ms});
    if (!rows) return propagate(std::move(rows).error(), "look for feeds that are over");
    if (!rows->empty()) return true;
  }
  return false;
}

Result<std::vector<FeedId>> lapse_feeds(store::Transaction& tx, const Context& context) {
  auto rows = tx.query(sql_over, {context.clock.now_ms()});
  if (!rows) return propagate(std::move(rows).error(), "look for feeds that are over");
  std::vector<FeedId> lapsed;
  for (const auto& row : *rows) {
    const Move move{.id = FeedId{row.text(0)}, .actor = {}};
    auto changed = tx.execute(sql_state, {move.id, "lapsed", 0});
    if (!changed) return propagate(std::move(changed).error(), "lapse a feed");
    auto feed = finish(tx, context, "feed.lapsed", move, {});
    if (!feed) return tl::unexpected(std::move(feed).error());
    lapsed.push_back(feed->id);
  }
  if (auto suspended = suspend_stale(tx, context); !suspended) {
    return tl::unexpected(std::move(suspended).error());
  }
  return lapsed;
}

Result<Feed> find_feed(store::Executor& executor, const FeedId& id) {
  auto row = executor.query_one(sql_by_id, {id});
  if (!row) return propagate(std::move(row).error(), "find a feed");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such feed");
  return feed_from_row(**row);
}

Result<std::vector<Feed>> list_feeds(store::Executor& executor) {
  auto rows = executor.query(sql_all);
  if (!rows) return propagate(std::move(rows).error(), "list feeds");
  std::vector<Feed> feeds;
  for (const auto& row : *rows) {
    auto feed = feed_from_row(row);
    if (!feed) return tl::unexpected(std::move(feed).error());
    feeds.push_back(std::move(*feed));
  }
  return feeds;
}

Result<std::vector<FeedId>> due_feeds(store::Executor& executor, InstantMs now_ms) {
  auto rows = executor.query(sql_due, {now_ms});
  if (!rows) return propagate(std::move(rows).error(), "look for due feeds");
  std::vector<FeedId> due;
  for (const auto& row : *rows) due.push_back(FeedId{row.text(0)});
  return due;
}

Result<std::vector<FeedRun>> list_runs(store::Executor& executor, const FeedId& id,
                                       std::int64_t before, int count) {
  const std::int64_t below = before > 0 ? before : INT64_MAX;
  auto rows = executor.query(sql_runs, {id, below, std::clamp(count, 1, runs_page_max)});
  if (!rows) return propagate(std::move(rows).error(), "list runs");
  std::vector<FeedRun> runs;
  for (const auto& row : *rows) {
    auto run = run_from_row(row);
    if (!run) return tl::unexpected(std::move(run).error());
    runs.push_back(std::move(*run));
  }
  return runs;
}

Result<std::optional<FeedRun>> last_run(store::Executor& executor, const FeedId& id) {
  auto runs = list_runs(executor, id, 0, 1);
  if (!runs) return tl::unexpected(std::move(runs).error());
  if (runs->empty()) return std::optional<FeedRun>{};
  return std::optional<FeedRun>{std::move(runs->front())};
}

}  // namespace khien::feeds
