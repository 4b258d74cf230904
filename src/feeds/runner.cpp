#include "feeds/runner.h"

#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "feeds/breaker.h"
#include "feeds/intake.h"
#include "feeds/rows.h"

namespace khien::feeds {
namespace {

constexpr std::size_t file_piece_size = std::size_t{64} << 10U;

constexpr std::string_view sql_abandon = R"(
UPDATE feed_run SET state = 'failed', ended_at_ms = $2, problem_code = 'internal',
  problem_reason = 'abandoned', problem_message = 'the process that ran it has gone'
WHERE feed_id = $1 AND state = 'running' AND started_at_ms <= $3)";
constexpr std::string_view sql_begin = R"(
INSERT INTO feed_run (feed_id, state, started_at_ms, ended_at_ms, set_hash, set_size, counts,
  problem_code, problem_reason, problem_message)
VALUES ($1, 'running', $2, NULL, '', 0, '{}', '', '', '')
ON CONFLICT DO NOTHING)";
constexpr std::string_view sql_running =
    "SELECT id FROM feed_run WHERE feed_id = $1 AND state = 'running'";
constexpr std::string_view sql_progress =
    "UPDATE feed_run SET counts = $2 WHERE id = $1 AND state = 'running'";
constexpr std::string_view sql_end = R"(
UPDATE feed_run SET state = $2, ended_at_ms = $3, set_hash = $4, set_size = $5, counts = $6,
  problem_code = $7, problem_reason = $8, problem_message = $9
WHERE id = $1 AND state = 'running')";
constexpr std::string_view sql_prune = R"(
DELETE FROM feed_run WHERE feed_id = $1 AND state <> 'running' AND id <= (
  SELECT id FROM feed_run WHERE feed_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2))";
constexpr std::string_view sql_set =
    "SELECT names FROM feed_set WHERE feed_id = $1 AND kind = 'accepted'";
constexpr std::string_view sql_drop_set = "DELETE FROM feed_set WHERE feed_id = $1 AND kind = $2";
constexpr std::string_view sql_put_set = R"(
INSERT INTO feed_set (feed_id, kind, set_hash, set_size, good_names, names)
VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view sql_next =
    "UPDATE feed SET next_run_at_ms = $2, etag = $3, last_modified = $4 WHERE id = $1";
constexpr std::string_view sql_accepted = R"(
UPDATE feed SET set_hash = $2, entries = $3, good_names = $4, version = version + 1
WHERE id = $1)";
constexpr std::string_view sql_confirmed =
    "UPDATE feed SET entries_until_ms = $2 WHERE id = $1 AND entries_until_ms < $2";
constexpr std::string_view sql_stop =
    "UPDATE feed SET state = 'stopped', version = version + 1 WHERE id = $1 AND state = 'active'";

struct Begun {
  Feed feed;
  std::int64_t run_id = 0;
};

Result<Begun> begin(const RunnerParts& parts, const FeedId& id) {
  return parts.database.transact([&](store::Transaction& tx) -> Result<Begun> {
    const InstantMs now_ms = parts.context.clock.now_ms();
    auto feed = find_feed(tx, id);
    if (!feed) return tl::unexpected(std::move(feed).error());
    if (feed->state != FeedState::active || feed->draft.valid_until_ms <= now_ms) {
      return fail(ErrorCode::conflict, "only an active feed runs", "wrong_state");
    }
    if (!feed->set_hash.empty() && feed->entries_until_ms <= now_ms) {
      return fail(ErrorCode::conflict, "its entries have ended: a person resumes it first",
                  "wrong_state");
    }
    auto abandoned = tx.execute(sql_abandon, {id, now_ms, now_ms - run_abandoned_ms});
    if (!abandoned) return propagate(std::move(abandoned).error(), "begin a run");
    auto begun = tx.execute(sql_begin, {id, now_ms});
    if (!begun) return propagate(std::move(begun).error(), "begin a run");
    if (*begun == 0) return fail(ErrorCode::conflict, "the feed is running", "already_running");
    auto row = tx.query_one(sql_running, {id});
    if (!row) return propagate(std::move(row).error(), "begin a run");
    return Begun{std::move(*feed), (*row)->integer(0)};
  });
}

/// Writes how far the run is, every run_progress_ms at most. Nobody depends on it: a failure to
/// write is left to the end of the run to report.
class Progress {
 public:
  Progress(const RunnerParts& parts, const Begun& begun)
      : parts_(parts), run_id_(begun.run_id), written_ms_(parts.context.clock.steady_ms()) {}

  void note(const Intake& intake) {
    const auto now_ms = parts_.context.clock.steady_ms();
    if (now_ms - written_ms_ < run_progress_ms) return;
    written_ms_ = now_ms;
    const auto counts = counts_to_text(intake.progress());
    (void)parts_.database.transact(
        [&](store::Transaction& tx) { return tx.execute(sql_progress, {run_id_, counts}); });
  }

 private:
  const RunnerParts& parts_;
  std::int64_t run_id_;
  std::int64_t written_ms_;
};

struct Document {
  bool changed = true;
  std::string etag;
  std::string last_modified;
};

/// What tells that somebody writes the file while we read it.
struct FileStamp {
  std::uintmax_t size = 0;
  std::filesystem::file_time_type written = {};
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

  static FileStamp of(const std::filesystem::path& path) {
    std::error_code error;
    return {.size = std::filesystem::file_size(path, error),
            .written = std::filesystem::last_write_time(path, error)};
  }
};

using TakePiece = std::function<Result<void>(std::string_view)>;

Result<Document> read_feed_file(const RunnerParts& parts, const Feed& feed, const TakePiece& take) {
  std::error_code error;
  const auto folder = std::filesystem::canonical(parts.feed_folder, error);
  if (error) return fail(ErrorCode::unavailable, "the feed folder is not there", "feed_folder");
  const auto path = std::filesystem::canonical(folder / feed.draft.source, error);
  if (error) return fail(ErrorCode::not_found, "no such file in the feed folder", "feed_file");
  // A symbolic link may lead out of the folder; the canonical path tells.
  const auto relative = path.lexically_relative(folder);
  if (relative.empty() || *relative.begin() == ".." ||
      !std::filesystem::is_regular_file(path, error)) {
    return fail(ErrorCode::denied, "the file lies outside the feed folder", "feed_file");
  }
  const auto stamp = FileStamp::of(path);
  std::ifstream file{path, std::ios::binary};
  if (!file) return fail(ErrorCode::unavailable, "the feed file cannot be read", "feed_file");
  std::vector<char> piece(file_piece_size);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (auto taken = take({piece.data(), size}); !taken) {
      return tl::unexpected(std::move(taken).error());
    }
  }
  if (file.bad()) return fail(ErrorCode::unavailable, "reading the feed file failed", "feed_file");
  if (FileStamp::of(path) != stamp) {
    return fail(ErrorCode::unavailable, "the feed file changed while it was read",
                "feed_file_changing");
  }
  return Document{};
}

Result<Document> read_document(const RunnerParts& parts, const Feed& feed, const TakePiece& take) {
  if (!feed.draft.source.starts_with("https://")) return read_feed_file(parts, feed, take);
  http::FetchRequest request{.url = feed.draft.source,
                             .etag = feed.etag,
                             .last_modified = feed.last_modified,
                             .size_max = exchange::list_size_max};
  auto fetched = parts.fetch(request, [&take](Bytes piece) { return take(as_text(piece)); });
  if (!fetched) return tl::unexpected(std::move(fetched).error());
  return Document{fetched->changed, fetched->etag, fetched->last_modified};
}

Result<exchange::NameSet> accepted_set(const RunnerParts& parts, const FeedId& id) {
  auto row = parts.database.read(
      [&](store::Executor& executor) { return executor.query_one(sql_set, {id}); });
  if (!row) return propagate(std::move(row).error(), "read the accepted set");
  if (!row->has_value()) return exchange::NameSet{};
  return exchange::NameSet::read((*row)->octets(0));
}

// What a run found, before it is written.
struct Outcome {
  FeedRun run;
  Document document;
  exchange::NameSet set;
  std::int64_t good_names = 0;
};

void note_problem(FeedRun& run, RunState state, const Error& error) {
  run.state = state;
  run.problem_code = std::string{to_string(error.code)};
  run.problem_reason = error.reason;
  run.problem_message = error.message;
}

/// A run that ends here, with how far it came.
Outcome failed_outcome(const Intake& intake, const Error& error) {
  Outcome outcome;
  outcome.run.counts = intake.progress();
  note_problem(outcome.run, RunState::failed, error);
  return outcome;
}

Result<Outcome> evaluate(const RunnerParts& parts, const Begun& begun) {
  const Feed& feed = begun.feed;
  Outcome outcome;
  Intake intake{parts.impact, feed.draft};
  Progress progress{parts, begun};
  auto document = read_document(parts, feed, [&](std::string_view piece) {
    auto read = intake.read(piece);
    progress.note(intake);
    return read;
  });
  if (!document) return failed_outcome(intake, document.error());
  outcome.document = std::move(*document);
  if (!outcome.document.changed) {
    outcome.run.state = RunState::unchanged;
    outcome.run.set_hash = feed.set_hash;
    outcome.run.set_size = feed.entries;
    return outcome;
  }
  auto taken = intake.finish();
  if (!taken) return failed_outcome(intake, taken.error());
  auto before = accepted_set(parts, feed.id);
  if (!before) return tl::unexpected(std::move(before).error());

  const auto change = exchange::difference(*before, taken->set);
  FeedRun& run = outcome.run;
  run.counts = std::move(taken->counts);
  run.counts.added = change.added.size();
  run.counts.removed = change.removed.size();
  run.set_size = static_cast<std::int64_t>(taken->set.size());
  run.set_hash = taken->set.hash();
  run.state = run.set_hash == feed.set_hash ? RunState::unchanged : RunState::applied;
  const auto breaker = judge_change({.before = static_cast<std::int64_t>(before->size()),
                                     .first = feed.set_hash.empty(),
                                     .after = run.set_size,
                                     .added = static_cast<std::int64_t>(change.added.size()),
                                     .removed = static_cast<std::int64_t>(change.removed.size()),
                                     .read = static_cast<std::int64_t>(run.counts.read),
                                     .good_names = taken->good_names,
                                     .good_names_before = feed.good_names,
                                     .change_max_permyriad = feed.draft.change_max_permyriad});
  if (breaker && run.state == RunState::applied) {
    note_problem(run, RunState::stopped,
                 {ErrorCode::limit_exceeded, "the breaker holds the change back for a person",
                  std::string{to_string(*breaker)}});
  }
  outcome.set = std::move(taken->set);
  outcome.good_names = taken->good_names;
  return outcome;
}

Result<void> put_set(store::Transaction& tx, const Feed& feed, const Outcome& outcome,
                     std::string_view kind, const Octets& names) {
  for (auto result : {tx.execute(sql_drop_set, {feed.id, kind}),
                      tx.execute(sql_put_set, {feed.id, kind, outcome.run.set_hash,
                                               outcome.run.set_size, outcome.good_names, names})}) {
    if (!result) return propagate(std::move(result).error(), "write a set");
  }
  return {};
}

std::vector<ledger::LeafField> change_fields(const FeedRun& run) {
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  return {{"set_sha256", run.set_hash},
          {"count", run.set_size},
          {"count_added", number(run.counts.added)},
          {"count_removed", number(run.counts.removed)},
          {"count_duplicate", number(run.counts.duplicate)},
          {"count_redundant", number(run.counts.redundant)},
          {"count_refused", number(run.counts.refused)}};
}

Result<void> write_change(store::Transaction& tx, const RunnerParts& parts, const Feed& feed,
                          const Outcome& outcome, const Octets& names) {
  const FeedRun& run = outcome.run;
  const bool stopped = run.state == RunState::stopped;
  auto put = put_set(tx, feed, outcome, stopped ? "held" : "accepted", names);
  if (!put) return put;
  auto noted =
      stopped ? tx.execute(sql_stop, {feed.id})
              : tx.execute(sql_accepted, {feed.id, run.set_hash, run.set_size, outcome.good_names});
  if (!noted) return propagate(std::move(noted).error(), "note a change");
  auto now = find_feed(tx, feed.id);
  if (!now) return tl::unexpected(std::move(now).error());
  tx.notify(channel_sets);
  return append_leaf(tx, parts.context, stopped ? "feed.stopped" : "feed.changed", *now, {},
                     change_fields(run));
}

Result<FeedRun> end(const RunnerParts& parts, const Begun& begun, Outcome outcome) {
  const Octets names = outcome.set.write();
  return parts.database.transact([&](store::Transaction& tx) -> Result<FeedRun> {
    const InstantMs now_ms = parts.context.clock.now_ms();
    FeedRun run = outcome.run;
    run.id = begun.run_id;
    run.feed_id = begun.feed.id;
    run.ended_at_ms = now_ms;
    auto feed = find_feed(tx, begun.feed.id);
    if (!feed) return tl::unexpected(std::move(feed).error());
    const bool changes = run.state == RunState::applied || run.state == RunState::stopped;
    if (changes && feed->state != FeedState::active) {
      // Suspended or lapsed while we were fetching: the person was faster.
      note_problem(run, RunState::failed,
                   {ErrorCode::conflict, "the feed is no longer active", "wrong_state"});
    } else if (changes) {
      auto written = write_change(tx, parts, *feed, outcome, names);
      if (!written) return tl::unexpected(std::move(written).error());
    }
    const bool failed = run.state == RunState::failed;
    // Read whole and in force: the source lists each entry today.
    if (run.state == RunState::applied || run.state == RunState::unchanged) {
      auto confirmed = tx.execute(sql_confirmed, {begun.feed.id, now_ms + entries_life_ms});
      if (!confirmed) return propagate(std::move(confirmed).error(), "renew the entries");
    }
    const auto interval_ms = begun.feed.draft.interval_s * ms_per_second;
    const auto next_ms = now_ms + (failed ? std::min(interval_ms, run_retry_ms) : interval_ms);
    // After a failure the old validators stay, or the next fetch would get "not changed".
    const auto& etag = failed ? begun.feed.etag : outcome.document.etag;
    const auto& modified = failed ? begun.feed.last_modified : outcome.document.last_modified;
    for (auto result :
         {tx.execute(sql_end, {run.id, to_string(run.state), now_ms, run.set_hash, run.set_size,
                               counts_to_text(run.counts), run.problem_code, run.problem_reason,
                               run.problem_message}),
          tx.execute(sql_next, {begun.feed.id, next_ms, etag, modified}),
          tx.execute(sql_prune, {begun.feed.id, runs_kept_max})}) {
      if (!result) return propagate(std::move(result).error(), "end a run");
    }
    return run;
  });
}

}  // namespace

Result<FeedRun> run_feed(const RunnerParts& parts, const FeedId& id) {
  auto begun = begin(parts, id);
  if (!begun) return tl::unexpected(std::move(begun).error());
  const InstantMs started_ms = parts.context.clock.now_ms();
  auto outcome = evaluate(parts, *begun);
  Outcome ended;
  if (outcome) {
    ended = std::move(*outcome);
  } else {
    note_problem(ended.run, RunState::failed, outcome.error());
  }
  ended.run.started_at_ms = started_ms;
  auto run = end(parts, *begun, std::move(ended));
  if (!run) return propagate(std::move(run).error(), "end a run");
  return run;
}

}  // namespace khien::feeds
