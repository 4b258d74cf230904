// The database of the control plane: SQLite in one file or PostgreSQL, behind the same calls.
// Thread-safe. Work is a function that gets a transaction; what it returns decides the commit.
//
//   auto db = store::Database::open("sqlite:/var/lib/khien/khien.db");
//   auto id = (*db)->transact([&](store::Transaction& tx) -> Result<std::int64_t> {
//     auto changed = tx.execute("UPDATE account SET name = $2 WHERE id = $1", {id, name});
//     if (!changed) return propagate(std::move(changed).error(), "rename account");
//     return *changed;
//   });
//
// SQLite: one writer behind a queue, readers beside it, every commit synced (WAL,
// synchronous=FULL). PostgreSQL: SERIALIZABLE transactions over a bounded pool. Either way a work
// function may be run again after losing against another transaction, so it must have no effect
// outside the database except through Transaction::after_commit().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/executor.h"
#include "store/migration.h"
#include "store/wakeups.h"

namespace khien::store {

/// A transaction that loses against others is begun again at most this often…
constexpr int transaction_attempts_max = 12;
/// …and for no longer than this; then it is unavailable with reason "busy".
constexpr std::int64_t transaction_wait_max_ms = 15'000;

struct DatabaseOptions {
  std::size_t readers_max = 4;        ///< SQLite: read connections beside the one writer
  std::size_t connections_max = 8;    ///< PostgreSQL: connections of this process, reading or not
  int connection_wait_ms = 10'000;    ///< longest wait for a free one; then unavailable
  int statement_timeout_ms = 30'000;  ///< longest statement; then timeout
  Metrics* metrics = nullptr;         ///< counters khien_store_…; must outlive the database
};

class Pool;
class NotificationListener;

class Database {
 public:
  /// `url` is "sqlite:PATH" (made if absent, readable by the owner alone) or
  /// "postgresql://user@host/name?…" (libpq connection URI; the database must be UTF8 and of locale
  /// C or C.UTF-8, so that text sorts as in SQLite).
  /// invalid_argument for any other; unavailable if it cannot be reached; corrupt if the file is
  /// not a database.
  [[nodiscard]] static Result<std::unique_ptr<Database>> open(std::string_view url,
                                                              const DatabaseOptions& options = {});
  /// Every Subscription must be gone by then.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Brings the schema up to date, all or nothing, one program at a time. `modules` is the whole
  /// list, in layer order; this module's own tables come first by themselves.
  /// conflict with reason "changed_migration" if an applied migration has another text now, or
  /// "newer_database" if the database has one that this program does not know.
  [[nodiscard]] Result<void> migrate(std::span<const ModuleMigrations> modules,
                                     const Clock& clock = SystemClock{});

  /// Runs `work(Transaction&) -> Result<T>`; commits if it succeeds, else rolls back and returns
  /// its error. `work` may run several times and must not begin another transaction (`internal`).
  /// unavailable "busy" after transaction_attempts_max; unavailable "commit_unknown" if the server
  /// was lost during the commit: it may or may not have taken place.
  template <typename F>
  auto transact(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return run_typed<Transaction>(TransactionMode::write, work);
  }

  /// Runs `work(Executor&) -> Result<T>` on one consistent snapshot. Writing in it fails.
  template <typename F>
  auto read(F&& work) -> std::invoke_result_t<F&, Executor&> {
    return run_typed<Executor>(TransactionMode::read, work);
  }

  /// transact() whose statements each see what is committed by then. Only for taking work from a
  /// queue with SKIP LOCKED, where a serializable transaction would lose against its neighbours.
  template <typename F>
  auto transact_queue(F&& work) -> std::invoke_result_t<F&, Transaction&> {
    return run_typed<Transaction>(TransactionMode::queue, work);
  }

  /// A subscription to the wake-ups of `channel`. It must not outlive this database.
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::string_view channel);

  /// A consistent copy of everything while work goes on: an SQLite file, or PostgreSQL's custom
  /// archive made by pg_dump. Written beside `file`, synced, then renamed; readable by the owner.
  [[nodiscard]] Result<void> backup_to(const std::filesystem::path& file);
  /// Fills the empty or absent database at `url` from a backup of the same engine.
  /// conflict with reason "not_empty" otherwise; malformed if `file` is no such backup.
  [[nodiscard]] static Result<void> restore(std::string_view url,
                                            const std::filesystem::path& file);

  /// One round trip, for health checks.
  [[nodiscard]] Result<void> ping();
  [[nodiscard]] Engine engine() const noexcept { return engine_; }

 private:
  Database(Engine engine, std::string url, const DatabaseOptions& options);

  using Work = std::function<Result<void>(Executor&)>;
  [[nodiscard]] Result<void> run(TransactionMode mode, const Work& work);
  [[nodiscard]] Result<void> run_once(TransactionMode mode, const Work& work, bool& may_retry);
  [[nodiscard]] Result<void> finish(Connection& connection, Transaction& transaction,
                                    Result<void> outcome);

  template <typename Given, typename F>
  auto run_typed(TransactionMode mode, F& work) -> std::invoke_result_t<F&, Given&> {
    std::optional<std::invoke_result_t<F&, Given&>> answer;
    auto done = run(mode, [&](Executor& executor) -> Result<void> {
      answer.emplace(work(static_cast<Given&>(executor)));
      if (!*answer) return tl::unexpected<Error>{answer->error()};
      return {};
    });
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    return std::move(*answer);
  }

  Engine engine_;
  std::string url_;  // with the password, if it has one: never logged
  DatabaseOptions options_;
  SystemClock clock_;
  Metrics own_metrics_;  // used where the options bring none
  Metric& transactions_;
  Metric& retries_;
  Metric& failures_;
  std::unique_ptr<Pool> writers_;
  std::unique_ptr<Pool> readers_;  // null on PostgreSQL: one pool serves both
  WakeupHub hub_;
  Guarded<std::unique_ptr<NotificationListener>>
      listener_;  // PostgreSQL, from the first subscriber
};

}  // namespace khien::store
