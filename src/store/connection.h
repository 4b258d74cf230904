// One connection to one engine, as Database uses it. Internal to the module: other modules see
// Executor and Transaction. A connection is used by one thread at a time and owns its session.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/value.h"

namespace khien::store {

enum class Engine { sqlite, postgresql };

[[nodiscard]] std::string_view to_string(Engine engine) noexcept;

/// What one statement gave back.
struct Answer {
  std::vector<Row> rows;
  std::int64_t changed = 0;  ///< rows inserted, updated or deleted; triggers' work not counted
};

/// The kinds of transaction that Database begins.
enum class TransactionMode {
  read,   ///< one consistent snapshot, no writing
  write,  ///< serializable: as if transactions ran one after another
  queue,  ///< write, but each statement sees what is committed by then: for SKIP LOCKED
};

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Runs one statement with `$1`…`$n` bound to `parameters`.
  [[nodiscard]] virtual Result<Answer> run(std::string_view sql,
                                           std::span<const Value> parameters) = 0;
  /// Runs several statements separated by semicolons, without parameters or rows.
  [[nodiscard]] virtual Result<void> run_script(const std::string& sql) = 0;
  [[nodiscard]] virtual Result<void> begin(TransactionMode mode) = 0;
  [[nodiscard]] virtual Result<void> commit() = 0;
  /// Never fails as far as the caller can tell: a connection that cannot roll back is broken().
  virtual void rollback() noexcept = 0;

  /// True once the session is lost; the connection is then thrown away.
  [[nodiscard]] virtual bool broken() const noexcept = 0;
  /// True if the last failure says nothing against the transaction itself: it lost against another
  /// one or the server went away before the commit, so the whole of it may be tried again.
  [[nodiscard]] virtual bool may_retry() const noexcept = 0;
  [[nodiscard]] virtual Engine engine() const noexcept = 0;
};

}  // namespace khien::store
