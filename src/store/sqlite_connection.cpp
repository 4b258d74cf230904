#include "store/sqlite_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <charconv>
#include <list>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "store/executor.h"

namespace khien::store {
namespace {

// SQLite looks at the deadline after this many of its own instructions: well under a millisecond.
constexpr int instructions_per_look = 10'000;
// A WAL that one long reader let grow is cut back to this at the next checkpoint.
constexpr int wal_size_kept = 64 * 1024 * 1024;

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using DatabaseHandle = std::unique_ptr<sqlite3, CloseDatabase>;
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

// What follows the colon in "CHECK constraint failed: name" and its like: a constraint, or
// "table.column", never a value. A trigger of ours says "khien:name".
std::string constraint_name(std::string_view message) {
  const auto colon = message.find(':');
  if (colon == std::string_view::npos) return "foreign key";
  message.remove_prefix(colon + 1);
  while (!message.empty() && message.front() == ' ') message.remove_prefix(1);
  return std::string{message};
}

tl::unexpected<Error> sqlite_error(sqlite3* db, int code, std::string_view doing) {
  const int extended = db == nullptr ? code : sqlite3_extended_errcode(db);
  const auto words = [&](std::string_view what) { return fmt::format("{}: {}", doing, what); };
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT: {
      const bool duplicate = extended == SQLITE_CONSTRAINT_UNIQUE ||
                             extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
                             extended == SQLITE_CONSTRAINT_ROWID;
      const auto name = constraint_name(sqlite3_errmsg(db));
      return fail(ErrorCode::conflict, words("constraint " + name),
                  duplicate ? "duplicate" : "constraint");
    }
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return fail(ErrorCode::unavailable, words("locked"), "busy");
    case SQLITE_FULL: return fail(ErrorCode::unavailable, words("disk full"), "disk_full");
    case SQLITE_INTERRUPT: return fail(ErrorCode::timeout, words("statement took too long"));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return fail(ErrorCode::corrupt, words(sqlite3_errstr(code)));
    case SQLITE_TOOBIG: return fail(ErrorCode::limit_exceeded, words("value too large"));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return fail(ErrorCode::unavailable,
                  fmt::format("{}: {} ({})", doing, sqlite3_errstr(code), extended));
    case SQLITE_READONLY:
      return fail(ErrorCode::unavailable, words("database is read-only"), "read_only");
    default:
      // sqlite3_errmsg() may hold a value here (JSON, FTS5), so only the code goes on.
      return fail(ErrorCode::internal, fmt::format("{}: {}", doing, sqlite3_errstr(code)));
  }
}

class SqliteConnection final : public Connection {
 public:
  SqliteConnection(DatabaseHandle db, const SqliteOptions& options)
      : db_(std::move(db)), options_(options) {
    sqlite3_progress_handler(db_.get(), instructions_per_look, &SqliteConnection::look, this);
  }

  [[nodiscard]] Result<void> prepare_session();
  [[nodiscard]] Result<Answer> run(std::string_view sql,
                                   std::span<const Value> parameters) override;
  [[nodiscard]] Result<void> run_script(const std::string& sql) override;
  [[nodiscard]] Result<void> begin(TransactionMode mode) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] bool broken() const noexcept override { return broken_; }
  [[nodiscard]] bool may_retry() const noexcept override { return may_retry_; }
  [[nodiscard]] Engine engine() const noexcept override { return Engine::sqlite; }

 private:
  struct Cached {
    StatementHandle statement;
    std::vector<int> positions;  // of $1, $2, … in SQLite's own numbering; 0 if not used
    int parameter_count = 0;
    std::list<std::string>::iterator age;
  };

  static int look(void* self) noexcept {
    const auto* connection = static_cast<const SqliteConnection*>(self);
    return connection->clock_.steady_ms() > connection->deadline_ms_ ? 1 : 0;
  }
  [[nodiscard]] Result<Cached*> prepared(std::string_view sql);
  [[nodiscard]] Result<void> bind(const Cached& cached, std::span<const Value> parameters);
  [[nodiscard]] Result<Answer> step_all(sqlite3_stmt* statement);
  tl::unexpected<Error> failure(int code, std::string_view doing) {
    const int kind = code & 0xFF;
    may_retry_ = kind == SQLITE_BUSY || kind == SQLITE_LOCKED;
    return sqlite_error(db_.get(), code, doing);
  }

  DatabaseHandle db_;
  SqliteOptions options_;
  SystemClock clock_;
  std::int64_t deadline_ms_ = 0;
  bool broken_ = false;
  bool may_retry_ = false;
  std::unordered_map<std::string, Cached> cache_;
  std::list<std::string> ages_;  // front: used last
};

Result<void> SqliteConnection::prepare_session() {
  sqlite3_extended_result_codes(db_.get(), 1);
  sqlite3_busy_timeout(db_.get(), options_.busy_timeout_ms);
  // "text" in double quotes is a name, as in PostgreSQL, and the schema cannot be written directly.
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  std::string script =
      "PRAGMA foreign_keys = ON;"
      "PRAGMA recursive_triggers = ON;"   // REPLACE then runs delete triggers: append-only holds
      "PRAGMA case_sensitive_like = ON;"  // as in PostgreSQL
      "PRAGMA temp_store = MEMORY;";
  if (options_.access == SqliteAccess::write) {
    script += fmt::format(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = {};",
        wal_size_kept);
  } else {
    script += "PRAGMA query_only = ON;";
  }
  if (auto done = run_script(script); !done) return done;
  // The first read finds out whether this is a database at all.
  auto first = run("SELECT count(*) FROM sqlite_schema", {});
  if (!first) return tl::unexpected<Error>{std::move(first).error()};
  return {};
}

Result<SqliteConnection::Cached*> SqliteConnection::prepared(std::string_view sql) {
  std::string key{sql};
  if (const auto found = cache_.find(key); found != cache_.end()) {
    ages_.splice(ages_.begin(), ages_, found->second.age);
    return &found->second;
  }
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, &rest);
  StatementHandle statement{raw};
  if (code == SQLITE_ERROR) {
    // Nothing is bound yet, so the text is the program's own.
    return fail(ErrorCode::internal, fmt::format("prepare: {}", sqlite3_errmsg(db_.get())));
  }
  if (code != SQLITE_OK) return failure(code, "prepare");
  if (raw == nullptr || std::string_view{rest}.find_first_not_of(" \n\t;") != std::string::npos) {
    return fail(ErrorCode::internal, "prepare: not exactly one statement");
  }
  Cached cached;
  cached.parameter_count = sqlite3_bind_parameter_count(raw);
  // SQLite numbers $n by first appearance, so every one is looked up by its name.
  for (int n = 1; n <= cached.parameter_count; ++n) {
    const char* name = sqlite3_bind_parameter_name(raw, n);
    int number = 0;
    const std::string_view digits = name == nullptr ? "" : name + 1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size() || number < 1 ||
        number > sqlite3_limit(db_.get(), SQLITE_LIMIT_VARIABLE_NUMBER, -1)) {
      return fail(ErrorCode::internal, "prepare: parameters are written $1, $2, …");
    }
    const auto index = static_cast<std::size_t>(number - 1);
    if (cached.positions.size() <= index) cached.positions.resize(index + 1, 0);
    cached.positions[index] = n;
  }
  cached.statement = std::move(statement);
  if (cache_.size() >= statement_cache_max) {
    cache_.erase(ages_.back());
    ages_.pop_back();
  }
  ages_.push_front(key);
  cached.age = ages_.begin();
  return &cache_.emplace(std::move(key), std::move(cached)).first->second;
}

Result<void> SqliteConnection::bind(const Cached& cached, std::span<const Value> parameters) {
  if (parameters.size() != cached.positions.size()) {
    return fail(ErrorCode::internal, fmt::format("a statement with {} parameters was given {}",
                                                 cached.positions.size(), parameters.size()));
  }
  sqlite3_stmt* statement = cached.statement.get();
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const int position = cached.positions[i];
    if (position == 0) continue;
    // The caller's values outlive the statement's run, so SQLite need not copy them (STATIC).
    const int code = std::visit(
        [&](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          if constexpr (std::is_same_v<T, std::nullptr_t>) {
            return sqlite3_bind_null(statement, position);
          } else if constexpr (std::is_same_v<T, std::int64_t>) {
            return sqlite3_bind_int64(statement, position, value);
          } else if constexpr (std::is_same_v<T, std::string>) {
            return sqlite3_bind_text64(statement, position, value.data(), value.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
          } else {
            if (value.empty()) return sqlite3_bind_zeroblob(statement, position, 0);
            return sqlite3_bind_blob64(statement, position, value.data(), value.size(),
                                       SQLITE_STATIC);
          }
        },
        parameters[i].storage());
    if (code != SQLITE_OK) return failure(code, "bind");
  }
  return {};
}

Result<Value> column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_NULL: return Value{};
    case SQLITE_INTEGER: return Value{std::int64_t{sqlite3_column_int64(statement, index)}};
    case SQLITE_TEXT: {
      const auto* text = sqlite3_column_text(statement, index);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return Value{std::string{as_text(Bytes{text, size})}};
    }
    case SQLITE_BLOB: {
      const auto* octets = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return Value{Octets(octets, octets + size)};
    }
    default: return fail(ErrorCode::internal, "a statement gave a floating-point column");
  }
}

Result<Answer> SqliteConnection::step_all(sqlite3_stmt* statement) {
  Answer answer;
  const auto before = sqlite3_total_changes64(db_.get());
  const int width = sqlite3_column_count(statement);
  while (true) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) break;
    if (code != SQLITE_ROW) return failure(code, "run");
    if (answer.rows.size() >= answer_rows_max) {
      return fail(ErrorCode::limit_exceeded, "an answer has too many rows", "rows_max");
    }
    std::vector<Value> columns;
    columns.reserve(static_cast<std::size_t>(width));
    for (int i = 0; i < width; ++i) {
      auto value = column(statement, i);
      if (!value) return tl::unexpected<Error>{std::move(value).error()};
      columns.push_back(std::move(*value));
    }
    answer.rows.emplace_back(std::move(columns));
  }
  // sqlite3_changes64() still tells of an earlier statement after one that changed nothing.
  if (sqlite3_total_changes64(db_.get()) != before) {
    answer.changed = sqlite3_changes64(db_.get());
  }
  return answer;
}

Result<Answer> SqliteConnection::run(std::string_view sql, std::span<const Value> parameters) {
  may_retry_ = false;
  deadline_ms_ = clock_.steady_ms() + options_.statement_timeout_ms;
  auto cached = prepared(sql);
  if (!cached) return tl::unexpected<Error>{std::move(cached).error()};
  sqlite3_stmt* statement = (*cached)->statement.get();
  auto bound = bind(**cached, parameters);
  Result<Answer> answer =
      bound ? step_all(statement) : Result<Answer>{tl::unexpected<Error>{bound.error()}};
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return answer;
}

Result<void> SqliteConnection::run_script(const std::string& sql) {
  may_retry_ = false;
  deadline_ms_ = clock_.steady_ms() + options_.statement_timeout_ms;
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_ERROR) {
    return fail(ErrorCode::internal, fmt::format("script: {}", sqlite3_errmsg(db_.get())));
  }
  if (code != SQLITE_OK) return failure(code, "script");
  return {};
}

Result<void> SqliteConnection::begin(TransactionMode mode) {
  // A writer takes the lock at once: upgrading a snapshot later could only fail.
  auto begun = run(mode == TransactionMode::read ? "BEGIN DEFERRED" : "BEGIN IMMEDIATE", {});
  if (!begun) return propagate(std::move(begun).error(), "begin");
  return {};
}

Result<void> SqliteConnection::commit() {
  auto done = run("COMMIT", {});
  if (!done) return propagate(std::move(done).error(), "commit");
  return {};
}

void SqliteConnection::rollback() noexcept {
  // Some failures (disk full, I/O) have rolled back by themselves.
  if (sqlite3_get_autocommit(db_.get()) != 0) return;
  const bool retry = may_retry_;
  if (!run("ROLLBACK", {})) broken_ = true;
  may_retry_ = retry;
}

}  // namespace

Result<std::unique_ptr<Connection>> open_sqlite(const std::string& path,
                                                const SqliteOptions& options) {
  if (options.access == SqliteAccess::write) {
    // SQLite makes files by umask; here is personal data, so the owner alone may read.
    const FileDescriptor made{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    if (!made.valid()) {
      return fail(ErrorCode::unavailable, fmt::format("open database {}", path));
    }
  }
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  DatabaseHandle db{raw};
  if (code != SQLITE_OK) return sqlite_error(raw, code, fmt::format("open database {}", path));
  auto connection = std::make_unique<SqliteConnection>(std::move(db), options);
  if (auto ready = connection->prepare_session(); !ready) {
    return propagate(std::move(ready).error(), fmt::format("open database {}", path));
  }
  return std::unique_ptr<Connection>{std::move(connection)};
}

Result<void> copy_sqlite(const std::string& path, const std::string& target) {
  const auto opened = [](const std::string& file, int flags) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    return std::pair{DatabaseHandle{raw}, code};
  };
  const FileDescriptor made{::open(target.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!made.valid()) return fail(ErrorCode::unavailable, fmt::format("make {}", target));
  const auto [source, source_code] = opened(path, SQLITE_OPEN_READONLY);
  if (source_code != SQLITE_OK) return sqlite_error(source.get(), source_code, "open source");
  const auto [copy, copy_code] = opened(target, SQLITE_OPEN_READWRITE);
  if (copy_code != SQLITE_OK) return sqlite_error(copy.get(), copy_code, "open copy");

  sqlite3_busy_timeout(source.get(), 5'000);
  sqlite3_backup* backup = sqlite3_backup_init(copy.get(), "main", source.get(), "main");
  if (backup == nullptr) return sqlite_error(copy.get(), sqlite3_errcode(copy.get()), "copy");
  // All pages in one step: in WAL mode the source is one read snapshot and nobody waits.
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return sqlite_error(copy.get(), stepped, "copy");
  if (finished != SQLITE_OK) return sqlite_error(copy.get(), finished, "copy");
  // A copy of a WAL database says "WAL" in its header; as a plain file it needs no -wal beside it.
  if (sqlite3_exec(copy.get(), "PRAGMA journal_mode = DELETE", nullptr, nullptr, nullptr) !=
      SQLITE_OK) {
    return sqlite_error(copy.get(), sqlite3_errcode(copy.get()), "copy");
  }
  if (::fsync(made.get()) != 0) return fail(ErrorCode::unavailable, "sync copy");
  return {};
}

}  // namespace khien::store
