// How domain code talks to the database: statements with parameters, rows as values. Executor is a
// snapshot for reading, Transaction adds writing; both live only inside Database::read() and
// Database::transact() and belong to that thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/connection.h"
#include "store/value.h"

namespace khien::store {

/// An answer with more rows than this is limit_exceeded: page through it by key.
constexpr std::size_t answer_rows_max = 100'000;

/// SQL is a constant of the program with `$1`…`$n`, never put together from values. What both
/// engines understand alike: docs/formats/database.md.
///
/// Errors of every function:
///   conflict, reason "duplicate"   a primary key or unique constraint
///   conflict, reason "constraint"  any other constraint; the message names it, never the values
///   unavailable                    locked, disk full (reason "disk_full"), server away
///   timeout                        the statement took longer than DatabaseOptions allow
///   invalid_argument               a text parameter that is not UTF-8 or holds NUL
///   limit_exceeded                 more than answer_rows_max rows
///   corrupt                        the database file is damaged
///   internal                       a wrong statement
class Executor {
 public:
  explicit Executor(Connection& connection) noexcept : connection_(&connection) {}
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  [[nodiscard]] Result<std::vector<Row>> query(std::string_view sql,
                                               std::span<const Value> parameters);
  [[nodiscard]] Result<std::vector<Row>> query(std::string_view sql,
                                               std::initializer_list<Value> parameters = {}) {
    return query(sql, std::span<const Value>{parameters.begin(), parameters.size()});
  }

  /// The only row, or none. More than one is `internal`: the statement promised a key.
  [[nodiscard]] Result<std::optional<Row>> query_one(std::string_view sql,
                                                     std::span<const Value> parameters);
  [[nodiscard]] Result<std::optional<Row>> query_one(std::string_view sql,
                                                     std::initializer_list<Value> parameters = {}) {
    return query_one(sql, std::span<const Value>{parameters.begin(), parameters.size()});
  }

  /// How many rows were inserted, updated or deleted.
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql,
                                             std::span<const Value> parameters);
  [[nodiscard]] Result<std::int64_t> execute(std::string_view sql,
                                             std::initializer_list<Value> parameters = {}) {
    return execute(sql, std::span<const Value>{parameters.begin(), parameters.size()});
  }

  [[nodiscard]] Engine engine() const noexcept { return connection_->engine(); }

 protected:
  ~Executor() = default;
  /// The first failure, which every later statement repeats; see Transaction.
  std::optional<Error> failed_;

 private:
  friend class Database;
  [[nodiscard]] Result<Answer> run(std::string_view sql, std::span<const Value> parameters);
  Connection* connection_;
};

/// A transaction that Database::transact() commits or rolls back.
///
/// After a statement has failed, every further one fails with the same error and the transaction
/// will not commit, whatever the work returns: PostgreSQL works so, and SQLite is made to agree.
/// Where a duplicate is expected, say `ON CONFLICT DO NOTHING` and look at the count.
class Transaction final : public Executor {
 public:
  using Executor::Executor;

  /// Runs `action` on this thread once the commit is durable, and never otherwise. It may begin
  /// transactions of its own.
  void after_commit(std::function<void()> action) { after_commit_.push_back(std::move(action)); }

  /// Wakes the subscribers of `channel` once the commit is durable: Database::subscribe().
  void notify(std::string_view channel) { channels_.emplace_back(channel); }

 private:
  friend class Database;
  std::vector<std::function<void()>> after_commit_;
  std::vector<std::string> channels_;
};

}  // namespace khien::store
