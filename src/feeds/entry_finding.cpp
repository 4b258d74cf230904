#include "feeds/entry_finding.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/enum_words.h"
#include "feeds/rows.h"
#include "text/normalise.h"

namespace khien::feeds {
namespace {

constexpr std::array<std::string_view, 4> entry_state_words{"open", "kept", "dropped", "withdrawn"};
constexpr int out_step = 50'000;  // rows read in one go
constexpr std::size_t reason_size_min = 3;

#define KHIEN_ENTRIES                                                                \
  "SELECT id, feed_id, name, finding, looks, since_ms, server, state, found_at_ms, " \
  "lapses_at_ms, decided_by, decided_at_ms, reason FROM feed_entry WHERE "
constexpr std::string_view sql_by_id = KHIEN_ENTRIES "id = $1";
constexpr std::string_view sql_standing =
    KHIEN_ENTRIES "feed_id = $1 AND name = $2 AND state IN ('open', 'dropped')";
constexpr std::string_view sql_list =
    KHIEN_ENTRIES "state = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
#undef KHIEN_ENTRIES
constexpr std::string_view sql_kept_lately = R"(
SELECT count(*) FROM feed_entry WHERE feed_id = $1 AND name = $2 AND finding = $3
  AND state = 'kept' AND decided_at_ms > $4)";
constexpr std::string_view sql_count_standing =
    "SELECT count(*) FROM feed_entry WHERE feed_id = $1 AND state IN ('open', 'dropped')";
constexpr std::string_view sql_insert = R"(
INSERT INTO feed_entry (feed_id, name, finding, looks, since_ms, server, state, found_at_ms,
  lapses_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8))";
constexpr std::string_view sql_decide = R"(
UPDATE feed_entry SET state = $2, decided_by = $3, decided_at_ms = $4, reason = $5
WHERE id = $1 AND state = 'open')";
constexpr std::string_view sql_due_feeds = R"(
SELECT DISTINCT feed_id FROM feed_entry WHERE state = 'open' AND lapses_at_ms <= $1
ORDER BY feed_id)";
constexpr std::string_view sql_drop_due = R"(
UPDATE feed_entry SET state = 'dropped', decided_at_ms = $2,
  reason = 'nobody decided in time'
WHERE feed_id = $1 AND state = 'open' AND lapses_at_ms <= $2)";
constexpr std::string_view sql_any_due =
    "SELECT count(*) FROM feed_entry WHERE state = 'open' AND lapses_at_ms <= $1";
constexpr std::string_view sql_count_open = "SELECT count(*) FROM feed_entry WHERE state = 'open'";
constexpr std::string_view sql_tidy = R"(
DELETE FROM feed_entry WHERE id IN (SELECT e.id FROM feed_entry e JOIN feed f ON f.id = e.feed_id
  WHERE (e.state IN ('kept', 'withdrawn') AND e.decided_at_ms < $1) OR f.state = 'lapsed'
  ORDER BY e.id LIMIT $2))";
constexpr std::string_view sql_mark = R"(
SELECT count(*), CAST(COALESCE(sum(id), 0) AS BIGINT) FROM feed_entry
WHERE state = 'dropped' OR (state = 'open' AND lapses_at_ms <= $1))";
constexpr std::string_view sql_out = R"(
SELECT id, feed_id, name FROM feed_entry
WHERE (state = 'dropped' OR (state = 'open' AND lapses_at_ms <= $1)) AND id > $2
ORDER BY id LIMIT $3)";

Result<EntryFinding> read_entry(const store::Row& row) {
  const auto finding = cases::parse_recheck_finding(row.text(3));
  const auto state = parse_entry_state(row.text(7));
  if (!finding || !state) return fail(ErrorCode::corrupt, "an entry with an unknown word");
  return EntryFinding{
      .id = row.integer(0),
      .feed = FeedId{row.text(1)},
      .name = row.text(2),
      .finding = *finding,
      .grounds = {.looks = row.integer(4), .since_ms = row.integer(5), .server = row.text(6)},
      .state = *state,
      .found_at_ms = row.integer(8),
      .lapses_at_ms = row.integer(9),
      .decided_by = row.optional_text(10).value_or(""),
      .decided_at_ms = row.optional_integer(11),
      .reason = row.text(12)};
}

Result<std::int64_t> count_with(store::Executor& db, std::string_view sql,
                                std::initializer_list<store::Value> values) {
  auto row = db.query_one(sql, values);
  if (!row) return propagate(std::move(row).error(), "count entries");
  return (*row)->integer(0);
}

Result<std::optional<EntryFinding>> standing_of(store::Executor& db, const FeedId& feed,
                                                std::string_view name) {
  auto row = db.query_one(sql_standing, {feed, name});
  if (!row) return propagate(std::move(row).error(), "look for an entry");
  if (!row->has_value()) return std::optional<EntryFinding>{};
  auto entry = read_entry(**row);
  if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
  return std::optional{std::move(*entry)};
}

struct Decision {
  EntryState state;
  std::string actor = {};
  std::string reason = {};
};
Result<void> decide(store::Transaction& tx, const Context& context, std::int64_t id,
                    const Decision& decision) {
  std::optional<std::string> actor;
  if (!decision.actor.empty()) actor = decision.actor;
  auto done = tx.execute(
      sql_decide, {id, to_string(decision.state), actor, context.clock.now_ms(), decision.reason});
  if (!done) return propagate(std::move(done).error(), "decide an entry");
  if (*done == 0) {
    return fail(ErrorCode::conflict, "this entry has been decided meanwhile", "wrong_state");
  }
  return {};
}

/// A new finding of an entry without one: refused to a person's "keep", and past the limit.
Result<bool> has_room(store::Executor& db, const Context& context, const FoundEntry& found) {
  auto kept = count_with(db, sql_kept_lately,
                         {found.feed, found.name, cases::to_string(found.finding),
                          context.clock.now_ms() - cases::kept_for_ms});
  if (!kept) return tl::unexpected<Error>{std::move(kept).error()};
  if (*kept > 0) return false;
  auto standing = count_with(db, sql_count_standing, {found.feed});
  if (!standing) return tl::unexpected<Error>{std::move(standing).error()};
  if (*standing >= entry_findings_max) {
    return fail(ErrorCode::limit_exceeded, "this feed has too many entries that are no more",
                "entry_findings_max");
  }
  return true;
}

Result<EntryFinding> open_for(store::Transaction& tx, const EntryMove& move) {
  auto entry = load_entry(tx, move.id);
  if (!entry) return entry;
  if (entry->state != EntryState::open) {
    return fail(ErrorCode::conflict, "this entry has been decided", "wrong_state");
  }
  return entry;
}

Result<EntryFinding> finish(store::Transaction& tx, const Context& context,
                            const EntryFinding& entry, const EntryMove& move,
                            std::string_view leaf) {
  auto feed = find_feed(tx, entry.feed);
  if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
  auto written =
      append_leaf(tx, context, leaf, *feed, move.actor,
                  {{"count", 1}, {"reason", std::string{cases::to_string(entry.finding)}}});
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  tx.notify(channel_sets);
  return load_entry(tx, entry.id);
}

}  // namespace

std::string_view to_string(EntryState state) noexcept {
  return entry_state_words[static_cast<std::size_t>(state)];
}
std::optional<EntryState> parse_entry_state(std::string_view word) noexcept {
  return parse_word<EntryState>(entry_state_words, word);
}

Result<bool> find_entry(store::Transaction& tx, const Context& context, const FoundEntry& found) {
  const auto now_ms = context.clock.now_ms();
  auto standing = standing_of(tx, found.feed, found.name);
  if (!standing) return tl::unexpected<Error>{std::move(standing).error()};
  auto lapses_at_ms = now_ms + cases::proposal_days_default * ms_per_day;
  if (found.finding == cases::RecheckFinding::reregistered) {
    lapses_at_ms = now_ms + cases::reregistered_life_ms;
  }
  if (*standing) {
    const auto& old = **standing;
    if (old.state == EntryState::dropped || old.finding == found.finding) return false;
    lapses_at_ms = std::min(lapses_at_ms, old.lapses_at_ms);
    if (lapses_at_ms <= now_ms) return false;  // the timer is about to drop it
    auto decided =
        decide(tx, context, old.id, {.state = EntryState::withdrawn, .reason = "another finding"});
    if (!decided) return tl::unexpected<Error>{std::move(decided).error()};
  } else {
    auto room = has_room(tx, context, found);
    if (!room || !*room) return room;
  }
  const auto& grounds = found.grounds;
  auto done = tx.execute(sql_insert,
                         {found.feed, found.name, cases::to_string(found.finding), grounds.looks,
                          grounds.since_ms, grounds.server, now_ms, lapses_at_ms});
  if (!done) return propagate(std::move(done).error(), "find an entry");
  return true;
}

Result<bool> withdraw_entry(store::Transaction& tx, const Context& context, const FeedId& feed,
                            std::string_view name) {
  auto standing = standing_of(tx, feed, name);
  if (!standing) return tl::unexpected<Error>{std::move(standing).error()};
  if (!*standing || (*standing)->state != EntryState::open ||
      (*standing)->finding == cases::RecheckFinding::reregistered) {
    return false;
  }
  auto decided = decide(tx, context, (*standing)->id,
                        {.state = EntryState::withdrawn, .reason = "the name answers again"});
  if (!decided) return tl::unexpected<Error>{std::move(decided).error()};
  return true;
}

Result<EntryFinding> drop_entry(store::Transaction& tx, const Context& context,
                                const EntryMove& move) {
  auto entry = open_for(tx, move);
  if (!entry) return entry;
  auto decided = decide(tx, context, move.id,
                        {.state = EntryState::dropped, .actor = move.actor, .reason = move.reason});
  if (!decided) return tl::unexpected<Error>{std::move(decided).error()};
  return finish(tx, context, *entry, move, "feed.entries_dropped");
}

Result<EntryFinding> keep_entry(store::Transaction& tx, const Context& context,
                                const EntryMove& move) {
  auto entry = open_for(tx, move);
  if (!entry) return entry;
  auto reason = text::clean_text(move.reason, feed_reason_size_max);
  if (!reason || reason->size() < reason_size_min) {
    return fail(ErrorCode::invalid_argument, "a reason is needed", "feed_reason");
  }
  auto decided =
      decide(tx, context, move.id,
             {.state = EntryState::kept, .actor = move.actor, .reason = std::move(*reason)});
  if (!decided) return tl::unexpected<Error>{std::move(decided).error()};
  return finish(tx, context, *entry, move, "feed.entry_kept");
}

Result<bool> any_entry_due(store::Executor& db, InstantMs now_ms) {
  auto count = count_with(db, sql_any_due, {now_ms});
  if (!count) return tl::unexpected<Error>{std::move(count).error()};
  return *count > 0;
}

Result<std::int64_t> drop_due_entries(store::Transaction& tx, const Context& context) {
  const auto now_ms = context.clock.now_ms();
  auto feeds = tx.query(sql_due_feeds, {now_ms});
  if (!feeds) return propagate(std::move(feeds).error(), "list entries that are due");
  std::int64_t dropped = 0;
  for (const auto& row : *feeds) {
    auto done = tx.execute(sql_drop_due, {row.text(0), now_ms});
    if (!done) return propagate(std::move(done).error(), "drop entries");
    if (*done == 0) continue;  // another process was faster
    auto feed = find_feed(tx, FeedId{row.text(0)});
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    auto leaf = append_leaf(tx, context, "feed.entries_dropped", *feed, {},
                            {{"count", *done}, {"reason", "recheck"}});
    if (!leaf) return tl::unexpected<Error>{std::move(leaf).error()};
    dropped += *done;
  }
  if (dropped > 0) tx.notify(channel_sets);
  return dropped;
}

Result<std::int64_t> tidy_entries(store::Transaction& tx, const Context& context) {
  auto done =
      tx.execute(sql_tidy, {context.clock.now_ms() - entries_decided_kept_ms, entries_tidied_max});
  if (!done) return propagate(std::move(done).error(), "delete old entries");
  return *done;
}

Result<EntryFinding> load_entry(store::Executor& db, std::int64_t id) {
  auto row = db.query_one(sql_by_id, {id});
  if (!row) return propagate(std::move(row).error(), "load an entry");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such entry");
  return read_entry(**row);
}

Result<cases::Page<EntryFinding>> list_entries(store::Executor& db, EntryState state,
                                               const cases::PageRequest& page) {
  const int size = cases::page_size(page);
  auto rows = db.query(sql_list, {to_string(state), cases::page_start(page), size + 1});
  if (!rows) return propagate(std::move(rows).error(), "list entries");
  std::vector<EntryFinding> entries;
  for (const auto& row : *rows) {
    auto entry = read_entry(row);
    if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
    entries.push_back(std::move(*entry));
  }
  return cases::make_page(std::move(entries), size,
                          [](const EntryFinding& entry) { return entry.id; });
}

Result<std::int64_t> count_open_entries(store::Executor& db) {
  return count_with(db, sql_count_open, {});
}

Result<OutMark> out_mark(store::Executor& db, InstantMs now_ms) {
  auto row = db.query_one(sql_mark, {now_ms});
  if (!row) return propagate(std::move(row).error(), "look which entries are out of force");
  return OutMark{.count = (*row)->integer(0), .id_sum = (*row)->integer(1)};
}

Result<std::vector<OutOfForce>> out_of_force(store::Executor& db, InstantMs now_ms) {
  std::vector<OutOfForce> out;
  for (std::int64_t after = 0;;) {
    auto rows = db.query(sql_out, {now_ms, after, out_step});
    if (!rows) return propagate(std::move(rows).error(), "list entries out of force");
    for (const auto& row : *rows) {
      after = row.integer(0);
      out.push_back({.feed = FeedId{row.text(1)}, .name = row.text(2)});
    }
    if (rows->size() < static_cast<std::size_t>(out_step)) return out;
  }
}

}  // namespace khien::feeds
