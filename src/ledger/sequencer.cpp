#include "ledger/sequencer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "base/log.h"
#include "ledger/leaf.h"

namespace khien::ledger {
namespace {

constexpr auto look_interval = std::chrono::milliseconds{500};
constexpr auto checkpoint_interval = std::chrono::milliseconds{100};
constexpr auto failure_pause = std::chrono::milliseconds{1'000};
constexpr std::int64_t catch_up_page = 1'000;
constexpr std::string_view lease_name = "ledger";

constexpr std::string_view sql_head =
    "SELECT size, root FROM ledger_head ORDER BY size DESC LIMIT 1";
constexpr std::string_view sql_entries =
    "SELECT seq, entry FROM ledger_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq";
constexpr std::string_view sql_waiting =
    "SELECT key, entry FROM ledger_leaf WHERE seq IS NULL ORDER BY key LIMIT $1";
constexpr std::string_view sql_wait = "SELECT key FROM ledger_leaf WHERE seq IS NULL LIMIT 1";
constexpr std::string_view sql_place = "UPDATE ledger_leaf SET seq = $2 WHERE key = $1";
constexpr std::string_view sql_new_head =
    "INSERT INTO ledger_head (size, root, at_ms) VALUES ($1, $2, $3)";

struct Head {
  std::uint64_t size = 0;
  Hash root{};
};

Result<Head> read_head(store::Executor& executor) {
  auto row = executor.query_one(sql_head);
  if (!row) return propagate(std::move(row).error(), "read head");
  if (!row->has_value()) return Head{.size = 0, .root = empty_root()};
  const auto& root = (*row)->octets(1);
  Head head{.size = static_cast<std::uint64_t>((*row)->integer(0))};
  if (root.size() != head.root.size()) return fail(ErrorCode::corrupt, "a head has a bad root");
  std::copy(root.begin(), root.end(), head.root.begin());
  return head;
}

}  // namespace

Sequencer::Sequencer(store::Database& database, const Clock& clock, const LogKey& key,
                     SequencerOptions options)
    : database_(database),
      clock_(clock),
      key_(key),
      options_(std::move(options)),
      sequenced_((options_.metrics == nullptr ? own_metrics_ : *options_.metrics)
                     .counter("khien_ledger_sequenced_total", "Leaves given their place")),
      size_((options_.metrics == nullptr ? own_metrics_ : *options_.metrics)
                .gauge("khien_ledger_size", "Leaves under the published checkpoint")),
      failures_((options_.metrics == nullptr ? own_metrics_ : *options_.metrics)
                    .counter("khien_ledger_failures_total", "Rounds that failed")) {}

// Brings the folder to what the database has decided.
Result<void> Sequencer::catch_up() {
  auto head = database_.read([](store::Executor& executor) { return read_head(executor); });
  if (!head) return tl::unexpected<Error>{std::move(head).error()};
  LogWriter& writer = *writer_;
  if (writer.published().size > head->size) {
    return fail(
        ErrorCode::corrupt,
        fmt::format("the log has {} leaves signed, the database {}: it is older (a restored "
                    "backup?); nothing is signed until `khienctl ledger adopt`",
                    writer.published().size, head->size),
        "ledger_ahead");
  }
  while (writer.size() < head->size) {
    const auto first = static_cast<std::int64_t>(writer.size());
    const auto end = std::min(first + catch_up_page, static_cast<std::int64_t>(head->size));
    auto rows = database_.read(
        [&](store::Executor& executor) { return executor.query(sql_entries, {first, end}); });
    if (!rows) return propagate(std::move(rows).error(), "read entries");
    if (static_cast<std::int64_t>(rows->size()) != end - first) {
      return fail(ErrorCode::corrupt, fmt::format("leaves from {} on are missing", first));
    }
    for (const auto& row : *rows) {
      if (auto added = writer.add(as_bytes(row.text(1))); !added) return added;
    }
  }
  const bool first_ever = !std::filesystem::exists(options_.folder / "checkpoint");
  if (writer.published().size == writer.size() && !first_ever) return {};
  return writer.publish(head->root);
}

// Reading first: an idle log costs no write.
Result<bool> Sequencer::leaves_wait() {
  auto row = database_.read([](store::Executor& executor) { return executor.query_one(sql_wait); });
  if (!row) return propagate(std::move(row).error(), "look for leaves");
  return row->has_value();
}

void Sequencer::step_down() {
  if (!lease_) return;
  if (auto given = store::give_up_lease(database_, *lease_); !given) {
    KHIEN_LOG(warning, "ledger_lease_kept", {"why", given.error().message});
  }
  lease_.reset();
}

// Takes or renews the lease; another holder is no error.
Result<void> Sequencer::lead() {
  const auto now_ms = clock_.now_ms();
  if (lease_ && lease_->until_ms - now_ms > sequencer_lease_ms * 2 / 3) return {};
  auto lease =
      store::take_lease(database_, clock_, lease_name, options_.holder, sequencer_lease_ms);
  if (!lease) return tl::unexpected<Error>{std::move(lease).error()};
  lease_ = std::move(*lease);
  return {};
}

Result<std::uint64_t> Sequencer::sequence() {
  return database_.transact([&](store::Transaction& tx) -> Result<std::uint64_t> {
    if (auto ours = store::confirm_lease(tx, *lease_); !ours) {
      return tl::unexpected<Error>{std::move(ours).error()};
    }
    auto head = read_head(tx);
    if (!head) return tl::unexpected<Error>{std::move(head).error()};
    // Another holder may have gone on meanwhile: catch up first.
    if (head->size != writer_->size()) return std::uint64_t{0};
    auto waiting = tx.query(sql_waiting, {sequence_batch_max});
    if (!waiting) return propagate(std::move(waiting).error(), "read waiting leaves");
    if (waiting->empty()) return std::uint64_t{0};

    auto edge = writer_->edge();
    std::vector<TreeEdge::FullTile> full;
    for (const auto& row : *waiting) {
      const auto seq = static_cast<std::int64_t>(edge.size());
      edge.push(leaf_hash(as_bytes(row.text(1))), full);
      full.clear();
      auto placed = tx.execute(sql_place, {row.integer(0), seq});
      if (!placed) return propagate(std::move(placed).error(), "place leaf");
    }
    auto decided = tx.execute(sql_new_head, {static_cast<std::int64_t>(edge.size()),
                                             Bytes{edge.root()}, clock_.now_ms()});
    if (!decided) return propagate(std::move(decided).error(), "write head");
    return std::uint64_t{waiting->size()};
  });
}

Result<Sequencer::Round> Sequencer::try_round() {
  if (!writer_) {
    auto opened = LogWriter::open(options_.folder, key_);
    if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
    writer_.emplace(std::move(*opened));
    writer_->set_hook(hook_);
  }
  if (auto done = catch_up(); !done) return tl::unexpected<Error>{std::move(done).error()};
  Round round{.size = writer_->published().size};
  auto wait = leaves_wait();
  if (!wait) return tl::unexpected<Error>{std::move(wait).error()};
  if (!*wait) return round;
  if (auto done = lead(); !done) return tl::unexpected<Error>{std::move(done).error()};
  round.leading = lease_.has_value();
  if (!round.leading) return round;
  auto sequenced = sequence();
  if (!sequenced) {
    if (sequenced.error().reason != "lease_lost") {
      return tl::unexpected<Error>{std::move(sequenced).error()};
    }
    lease_.reset();
    round.leading = false;
    return round;
  }
  round.sequenced = *sequenced;
  if (auto done = catch_up(); !done) return tl::unexpected<Error>{std::move(done).error()};
  round.size = writer_->published().size;
  return round;
}

Result<Sequencer::Round> Sequencer::round() {
  auto done = try_round();
  if (!done) {
    writer_.reset();  // what is in memory may be ahead of the disk
    failures_.add();
    return propagate(std::move(done).error(), "integrate leaves");
  }
  sequenced_.add(static_cast<std::int64_t>(done->sequenced));
  size_.set(static_cast<std::int64_t>(done->size));
  return done;
}

SequencerThread::SequencerThread(store::Database& database, const Clock& clock, const LogKey& key,
                                 SequencerOptions options)
    : database_(database), sequencer_(database, clock, key, std::move(options)) {
  thread_ = std::jthread{[this](const std::stop_token& stop) {
    try {
      run(stop);
    } catch (const std::exception& error) {
      KHIEN_LOG(error, "ledger_sequencer_stopped", {"why", error.what()});
    }
  }};
}

void SequencerThread::run(const std::stop_token& stop) {
  const auto leaves = database_.subscribe(leaf_channel);
  // A subscription of our own channel lets a pause end early when we are to stop.
  const auto pause = database_.subscribe("ledger-sequencer");
  const std::stop_callback wake{stop, [&] {
                                  leaves->wake();
                                  pause->wake();
                                }};
  while (!stop.stop_requested()) {
    auto round = sequencer_.round();
    if (!round) {
      KHIEN_LOG(error, "ledger_round_failed", {"why", round.error().message});
      (void)pause->wait(failure_pause);
      continue;
    }
    if (round->sequenced > 0) {
      KHIEN_LOG(debug, "ledger_published", {"size", round->size}, {"new", round->sequenced});
      (void)pause->wait(checkpoint_interval);
      continue;  // there may be more
    }
    (void)leaves->wait(look_interval);
  }
  sequencer_.step_down();
}

}  // namespace khien::ledger
