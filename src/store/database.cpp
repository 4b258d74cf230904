#include "store/database.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "store/pool.h"
#include "store/postgresql_connection.h"
#include "store/postgresql_listener.h"
#include "store/sqlite_connection.h"

namespace khien::store {
namespace {

constexpr std::string_view sqlite_prefix = "sqlite:";
constexpr int retry_pause_max_ms = 64;

// The database that this thread is working in. Beginning a second transaction would wait for the
// writer that we are ourselves.
thread_local const Database* working_in = nullptr;

class Working {
 public:
  explicit Working(const Database& database) noexcept
      : before_(std::exchange(working_in, &database)) {}
  Working(const Working&) = delete;
  Working& operator=(const Working&) = delete;
  ~Working() { working_in = before_; }

 private:
  const Database* before_;
};

// Longer after each lost attempt, and spread so that two losers do not meet again.
std::chrono::milliseconds retry_pause(int attempt, Rng& rng) {
  const int longest = std::min(1 << std::min(attempt, 10), retry_pause_max_ms);
  return std::chrono::milliseconds{1 + rng.below(static_cast<std::uint64_t>(longest))};
}

}  // namespace

Database::Database(Engine engine, std::string url, const DatabaseOptions& options)
    : engine_(engine),
      url_(std::move(url)),
      options_(options),
      transactions_((options.metrics == nullptr ? own_metrics_ : *options.metrics)
                        .counter("khien_store_transactions_total", "Transactions committed")),
      retries_((options.metrics == nullptr ? own_metrics_ : *options.metrics)
                   .counter("khien_store_retries_total", "Transactions begun again")),
      failures_((options.metrics == nullptr ? own_metrics_ : *options.metrics)
                    .counter("khien_store_failures_total",
                             "Transactions that failed in the database, not in the work")) {}

Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(std::string_view url,
                                                 const DatabaseOptions& options) {
  const int wait_ms = options.connection_wait_ms;
  if (url.starts_with(sqlite_prefix) && url.size() > sqlite_prefix.size()) {
    std::string path{url.substr(sqlite_prefix.size())};
    std::unique_ptr<Database> database{new Database{Engine::sqlite, path, options}};
    const SqliteOptions write{.statement_timeout_ms = options.statement_timeout_ms};
    auto read = write;
    read.access = SqliteAccess::read;
    database->writers_ =
        std::make_unique<Pool>(1, wait_ms, [path, write] { return open_sqlite(path, write); });
    database->readers_ = std::make_unique<Pool>(options.readers_max, wait_ms,
                                                [path, read] { return open_sqlite(path, read); });
    auto first = database->writers_->take();
    if (!first) return tl::unexpected<Error>{std::move(first).error()};
    return database;
  }
  if (is_postgresql_url(url)) {
    std::unique_ptr<Database> database{new Database{Engine::postgresql, std::string{url}, options}};
    const PostgresqlOptions session{.statement_timeout_ms = options.statement_timeout_ms};
    database->writers_ = std::make_unique<Pool>(
        options.connections_max, wait_ms,
        [text = std::string{url}, session] { return open_postgresql(text, session); });
    auto first = database->writers_->take();
    if (!first) return tl::unexpected<Error>{std::move(first).error()};
    return database;
  }
  return fail(ErrorCode::invalid_argument,
              "a database is sqlite:PATH or postgresql://USER@HOST/NAME", "bad_url");
}

Result<void> Database::finish(Connection& connection, Transaction& transaction,
                              Result<void> outcome) {
  // A failed statement dooms the transaction even if the work looked away.
  if (outcome && transaction.failed_) outcome = tl::unexpected<Error>{*transaction.failed_};
  if (outcome && engine_ == Engine::postgresql && !transaction.channels_.empty()) {
    outcome = notify_postgresql(connection, transaction.channels_);
  }
  if (outcome) outcome = connection.commit();
  if (!outcome) connection.rollback();
  return outcome;
}

Result<void> Database::run_once(TransactionMode mode, const Work& work, bool& may_retry) {
  may_retry = false;
  Pool& pool = mode == TransactionMode::read && readers_ ? *readers_ : *writers_;
  std::optional<Transaction> transaction;
  {
    auto loan = pool.take();
    if (!loan) return tl::unexpected<Error>{std::move(loan).error()};
    Connection& connection = **loan;
    const Working mark{*this};
    auto outcome = connection.begin(mode);
    if (outcome) {
      transaction.emplace(connection);
      // The work's exceptions are bugs, but they must not leave a transaction open on a pooled
      // connection.
      try {
        outcome = work(*transaction);
      } catch (...) {
        connection.rollback();
        throw;
      }
      outcome = finish(connection, *transaction, std::move(outcome));
    } else {
      connection.rollback();
    }
    if (!outcome) {
      may_retry = connection.may_retry();
      if (connection.broken()) pool.drop_idle();
      if (may_retry || !transaction || transaction->failed_) failures_.add();
      return outcome;
    }
  }
  transactions_.add();
  for (const auto& channel : transaction->channels_) hub_.wake(channel);
  for (const auto& action : transaction->after_commit_) action();
  return {};
}

Result<void> Database::run(TransactionMode mode, const Work& work) {
  if (working_in == this) {
    return fail(ErrorCode::internal, "a transaction was begun inside another one");
  }
  SystemRng rng;
  const auto give_up_ms = clock_.steady_ms() + transaction_wait_max_ms;
  for (int attempt = 1;; ++attempt) {
    bool may_retry = false;
    auto outcome = run_once(mode, work, may_retry);
    if (outcome || !may_retry) return outcome;
    if (attempt >= transaction_attempts_max || clock_.steady_ms() > give_up_ms) {
      return fail(ErrorCode::unavailable,
                  "gave up repeating a transaction: " + outcome.error().message, "busy");
    }
    retries_.add();
    std::this_thread::sleep_for(retry_pause(attempt, rng));
  }
}

std::unique_ptr<Subscription> Database::subscribe(std::string_view channel) {
  // Known to the hub before the listener runs, so that nothing is missed in between.
  auto subscription = std::make_unique<Subscription>(hub_, channel);
  if (engine_ == Engine::postgresql) {
    auto listener = listener_.lock();
    if (!*listener) *listener = std::make_unique<NotificationListener>(url_, hub_);
  }
  return subscription;
}

Result<void> Database::ping() {
  return read([](Executor& executor) -> Result<void> {
    auto row = executor.query_one("SELECT 1");
    if (!row) return propagate(std::move(row).error(), "ping");
    return {};
  });
}

}  // namespace khien::store
