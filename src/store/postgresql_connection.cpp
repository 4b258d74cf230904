#include "store/postgresql_connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "store/executor.h"
#include "store/postgresql_handles.h"
#include "store/sqlite_connection.h"

namespace khien::store {
namespace {

// Object identifiers of the built-in types (PostgreSQL's pg_type.dat); they never change.
constexpr Oid oid_bool = 16;
constexpr Oid oid_bytea = 17;
constexpr Oid oid_name = 19;
constexpr Oid oid_int8 = 20;
constexpr Oid oid_int2 = 21;
constexpr Oid oid_int4 = 23;
constexpr Oid oid_text = 25;
constexpr Oid oid_varchar = 1043;
constexpr Oid oid_numeric = 1700;
constexpr Oid oid_void = 2278;

constexpr int binary_format = 1;

std::int64_t read_big_endian(Bytes octets) noexcept {
  // The first octet carries the sign.
  std::uint64_t value = !octets.empty() && octets.front() >= 0x80 ? ~std::uint64_t{0} : 0;
  for (const auto octet : octets) value = (value << 8) | octet;
  return static_cast<std::int64_t>(value);
}

std::array<std::uint8_t, 8> big_endian(std::int64_t number) noexcept {
  std::array<std::uint8_t, 8> out{};
  auto value = static_cast<std::uint64_t>(number);
  for (auto octet = out.rbegin(); octet != out.rend(); ++octet) {
    *octet = static_cast<std::uint8_t>(value);
    value >>= 8;
  }
  return out;
}

// numeric in binary: int16 digit count, weight, sign (0x4000 negative), scale, then digits of base
// 10,000. sum(bigint) gives this type; whole numbers that fit are taken, all else is refused.
Result<Value> read_numeric(Bytes octets) {
  const auto refused = fail(ErrorCode::internal, "a numeric column is not a 64-bit integer");
  if (octets.size() < 8) return refused;
  const auto digit_count = read_big_endian(octets.subspan(0, 2));
  const auto weight = read_big_endian(octets.subspan(2, 2));
  const auto sign = read_big_endian(octets.subspan(4, 2));
  if (digit_count < 0 || weight > 4 || weight < -1 || digit_count > weight + 1 ||
      (sign != 0 && sign != 0x4000) ||
      octets.size() != 8 + 2 * static_cast<std::size_t>(digit_count)) {
    return refused;
  }
  std::int64_t value = 0;  // gathered as a negative number: the range is one larger there
  for (std::int64_t i = 0; i <= weight; ++i) {
    const auto at = 8 + 2 * static_cast<std::size_t>(i);
    const auto digit = i < digit_count ? read_big_endian(octets.subspan(at, 2)) : 0;
    if (__builtin_mul_overflow(value, std::int64_t{10'000}, &value) ||
        __builtin_sub_overflow(value, digit, &value)) {
      return refused;
    }
  }
  if (sign == 0 && __builtin_mul_overflow(value, std::int64_t{-1}, &value)) return refused;
  return Value{value};
}

Result<Value> read_column(const PGresult* result, int row, int index) {
  if (PQgetisnull(result, row, index) == 1) return Value{};
  const auto size = static_cast<std::size_t>(PQgetlength(result, row, index));
  const Bytes octets = as_bytes(std::string_view{PQgetvalue(result, row, index), size});
  switch (PQftype(result, index)) {
    case oid_int8:
    case oid_int4:
    case oid_int2: return Value{read_big_endian(octets)};
    case oid_bool: return Value{std::int64_t{!octets.empty() && octets.front() != 0}};
    case oid_text:
    case oid_varchar:
    case oid_name: return Value{to_text(octets)};
    case oid_bytea: return Value{to_octets(octets)};
    case oid_numeric: return read_numeric(octets);
    case oid_void: return Value{};
    default: return fail(ErrorCode::internal, "a statement gave a column of a type we do not use");
  }
}

// Parameters laid out as libpq wants them; borrows the values.
struct Parameters {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  std::vector<std::array<std::uint8_t, 8>> integers;
  std::string signature;  // one letter a parameter: statements are prepared for their types

  explicit Parameters(std::span<const Value> parameters) {
    integers.reserve(parameters.size());  // no reallocation: `values` points into it
    for (const Value& parameter : parameters) add(parameter.storage());
  }

 private:
  void add(const Value::Storage& storage) {
    formats.push_back(binary_format);
    if (const auto* number = std::get_if<std::int64_t>(&storage)) {
      integers.push_back(big_endian(*number));
      push(oid_int8, 'i', as_text(integers.back()));
    } else if (const auto* text = std::get_if<std::string>(&storage)) {
      push(oid_text, 't', *text);
    } else if (const auto* octets = std::get_if<Octets>(&storage)) {
      // An empty vector's data() may be null, which libpq would take for NULL.
      push(oid_bytea, 'o', octets->empty() ? std::string_view{""} : as_text(*octets));
    } else {
      types.push_back(0);  // the server infers the type from where the NULL stands
      signature += 'n';
      values.push_back(nullptr);
      lengths.push_back(0);
    }
  }
  void push(Oid type, char letter, std::string_view octets) {
    types.push_back(type);
    signature += letter;
    values.push_back(octets.data());
    lengths.push_back(static_cast<int>(octets.size()));
  }
};

// The highest n of the statement's `$n`, outside of quotes. The server would silently take more
// parameters than the statement names.
std::size_t parameter_count(std::string_view sql) noexcept {
  std::size_t highest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] == '\'') quoted = !quoted;
    if (quoted || sql[i] != '$') continue;
    std::size_t number = 0;
    while (i + 1 < sql.size() && sql[i + 1] >= '0' && sql[i + 1] <= '9' && number < 100'000) {
      number = number * 10 + static_cast<std::size_t>(sql[++i] - '0');
    }
    highest = std::max(highest, number);
  }
  return highest;
}

class PostgresqlConnection final : public Connection {
 public:
  PostgresqlConnection(ConnectionHandle connection, int silence_max_ms)
      : connection_(std::move(connection)), silence_max_ms_(silence_max_ms) {}

  [[nodiscard]] Result<void> prepare_session(const PostgresqlOptions& options);
  [[nodiscard]] Result<Answer> run(std::string_view sql,
                                   std::span<const Value> parameters) override;
  [[nodiscard]] Result<void> run_script(const std::string& sql) override;
  [[nodiscard]] Result<void> begin(TransactionMode mode) override;
  [[nodiscard]] Result<void> commit() override;
  void rollback() noexcept override;
  [[nodiscard]] bool broken() const noexcept override { return broken_; }
  [[nodiscard]] bool may_retry() const noexcept override { return may_retry_; }
  [[nodiscard]] Engine engine() const noexcept override { return Engine::postgresql; }

 private:
  struct Prepared {
    std::string name;
    std::list<std::string>::iterator age;
  };
  [[nodiscard]] ResultHandle last_result(int sent);
  [[nodiscard]] Result<ResultHandle> checked(int sent, std::string_view doing);
  [[nodiscard]] Result<std::string> prepared(std::string_view sql, const Parameters& parameters);

  ConnectionHandle connection_;
  int silence_max_ms_;
  bool is_silent_ = false;  // given up, though its socket is alive
  bool broken_ = false;
  bool may_retry_ = false;
  std::unordered_map<std::string, Prepared> cache_;
  std::list<std::string> ages_;  // front: used last
  std::uint64_t prepared_count_ = 0;
};

// What one of libpq's PQsend… functions gave (`sent`, 1 if it went out) was answered with: the last
// of several results, which is the error if there is one. nullptr where the connection died or the
// server said nothing for silence_max_ms_.
ResultHandle PostgresqlConnection::last_result(int sent) {
  ResultHandle last;
  PGconn* connection = connection_.get();
  while (sent == 1 && !is_silent_) {
    const int unsent = PQflush(connection);
    if (unsent == 0 && PQisBusy(connection) == 0) {
      ResultHandle next{PQgetResult(connection)};
      if (!next) return last;
      last = std::move(next);
      continue;
    }
    pollfd wanted{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
    if (unsent > 0) wanted.events |= POLLOUT;
    const int ready = unsent < 0 ? -1 : ::poll(&wanted, 1, silence_max_ms_);
    if (ready < 0 && errno == EINTR) continue;
    is_silent_ = ready == 0;
    if (ready < 0 || (ready > 0 && PQconsumeInput(connection) == 0)) break;
  }
  // Whatever a dead connection still has to say is an error of libpq's own, and says so at once.
  return is_silent_ ? nullptr : ResultHandle{PQgetResult(connection)};
}

Result<ResultHandle> PostgresqlConnection::checked(int sent, std::string_view doing) {
  auto result = last_result(sent);
  may_retry_ = false;
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
  if (is_silent_) {
    broken_ = true;
    return fail(ErrorCode::unavailable, fmt::format("{}: PostgreSQL does not answer", doing));
  }
  auto error = postgresql_error(result.get(), doing);
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    // The session died and its transaction with it; the next connection may do better.
    broken_ = true;
    may_retry_ = true;
    error = Error{ErrorCode::unavailable, fmt::format("{}: connection to PostgreSQL lost", doing)};
  } else {
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    may_retry_ = state != nullptr && is_retryable_state(state);
  }
  return tl::unexpected<Error>{std::move(error)};
}

Result<void> PostgresqlConnection::prepare_session(const PostgresqlOptions& options) {
  const auto script = fmt::format(
      "SET statement_timeout = {0};"
      "SET lock_timeout = {0};"
      "SET idle_in_transaction_session_timeout = 60000;"
      "SET TimeZone = 'UTC';"
      "SET standard_conforming_strings = on;"
      "SET synchronous_commit = on;"
      "SET client_min_messages = warning;",
      options.statement_timeout_ms);
  if (auto done = run_script(script); !done) return done;
  auto answer =
      run("SELECT pg_encoding_to_char(encoding)::text, datcollate::text FROM pg_database "
          "WHERE datname = current_database()",
          {});
  if (!answer) return tl::unexpected<Error>{std::move(answer).error()};
  if (answer->rows.size() != 1) return fail(ErrorCode::internal, "no row for our own database");
  const Row& row = answer->rows.front();
  const auto& locale = row.text(1);
  const bool plain =
      locale == "C" || locale == "POSIX" || locale == "C.UTF-8" || locale == "C.utf8";
  if (row.text(0) != "UTF8" || !plain) {
    return fail(ErrorCode::invalid_argument,
                "make the PostgreSQL database with ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE "
                "template0: text must sort as it does in SQLite",
                "bad_locale");
  }
  return {};
}

Result<std::string> PostgresqlConnection::prepared(std::string_view sql,
                                                   const Parameters& parameters) {
  std::string key = parameters.signature + ' ';
  key += sql;
  if (const auto found = cache_.find(key); found != cache_.end()) {
    ages_.splice(ages_.begin(), ages_, found->second.age);
    return found->second.name;
  }
  if (const auto count = parameter_count(sql); count != parameters.types.size()) {
    return fail(ErrorCode::internal, fmt::format("a statement with {} parameters was given {}",
                                                 count, parameters.types.size()));
  }
  if (cache_.size() >= statement_cache_max) {
    const auto oldest = cache_.find(ages_.back());
    KHIEN_ASSERT(oldest != cache_.end());
    const auto sql_text = "DEALLOCATE " + oldest->second.name;
    auto gone = checked(PQsendQuery(connection_.get(), sql_text.c_str()), "forget statement");
    if (!gone) return tl::unexpected<Error>{std::move(gone).error()};
    cache_.erase(oldest);
    ages_.pop_back();
  }
  const auto name = fmt::format("khien_{}", ++prepared_count_);
  auto made =
      checked(PQsendPrepare(connection_.get(), name.c_str(), std::string{sql}.c_str(),
                            static_cast<int>(parameters.types.size()), parameters.types.data()),
              "prepare");
  if (!made) return tl::unexpected<Error>{std::move(made).error()};
  ages_.push_front(key);
  cache_.emplace(std::move(key), Prepared{.name = name, .age = ages_.begin()});
  return name;
}

Result<Answer> PostgresqlConnection::run(std::string_view sql, std::span<const Value> values) {
  const Parameters parameters{values};
  auto name = prepared(sql, parameters);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  auto result =
      checked(PQsendQueryPrepared(connection_.get(), name->c_str(), static_cast<int>(values.size()),
                                  parameters.values.data(), parameters.lengths.data(),
                                  parameters.formats.data(), binary_format),
              "run");
  if (!result) return tl::unexpected<Error>{std::move(result).error()};

  Answer answer;
  const int row_count = PQntuples(result->get());
  const int width = PQnfields(result->get());
  if (static_cast<std::size_t>(row_count) > answer_rows_max) {
    return fail(ErrorCode::limit_exceeded, "an answer has too many rows", "rows_max");
  }
  answer.rows.reserve(static_cast<std::size_t>(row_count));
  for (int row = 0; row < row_count; ++row) {
    std::vector<Value> columns;
    columns.reserve(static_cast<std::size_t>(width));
    for (int index = 0; index < width; ++index) {
      auto value = read_column(result->get(), row, index);
      if (!value) return tl::unexpected<Error>{std::move(value).error()};
      columns.push_back(std::move(*value));
    }
    answer.rows.emplace_back(std::move(columns));
  }
  // "SELECT 5" counts rows given, not changed.
  const std::string_view tag = PQcmdStatus(result->get());
  if (!tag.starts_with("SELECT")) {
    answer.changed = std::strtoll(PQcmdTuples(result->get()), nullptr, 10);
  }
  return answer;
}

Result<void> PostgresqlConnection::run_script(const std::string& sql) {
  auto result = checked(PQsendQuery(connection_.get(), sql.c_str()), "script");
  if (!result) return tl::unexpected<Error>{std::move(result).error()};
  return {};
}

Result<void> PostgresqlConnection::begin(TransactionMode mode) {
  const char* sql = mode == TransactionMode::read
                        ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
                    : mode == TransactionMode::write ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                                                     : "BEGIN ISOLATION LEVEL READ COMMITTED";
  auto done = run_script(sql);
  if (!done) return propagate(std::move(done).error(), "begin");
  return {};
}

Result<void> PostgresqlConnection::commit() {
  auto result = checked(PQsendQuery(connection_.get(), "COMMIT"), "commit");
  if (!result) {
    if (broken_) {
      // The server may have committed before it went away: repeating could do the work twice.
      may_retry_ = false;
      return fail(ErrorCode::unavailable, "commit: connection to PostgreSQL lost",
                  "commit_unknown");
    }
    return tl::unexpected<Error>{std::move(result).error()};
  }
  // A transaction that failed earlier answers COMMIT with ROLLBACK, and no error.
  if (std::string_view{PQcmdStatus(result->get())} != "COMMIT") {
    return fail(ErrorCode::internal, "commit: the transaction had failed");
  }
  return {};
}

void PostgresqlConnection::rollback() noexcept {
  if (is_silent_ || PQstatus(connection_.get()) != CONNECTION_OK) {
    broken_ = true;
    return;
  }
  if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) return;
  const bool retry = may_retry_;
  const auto result = last_result(PQsendQuery(connection_.get(), "ROLLBACK"));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) broken_ = true;
  may_retry_ = retry;
}

}  // namespace

bool is_postgresql_url(std::string_view url) noexcept {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::unique_ptr<Connection>> open_postgresql(const std::string& url,
                                                    const PostgresqlOptions& options) {
  auto handle = connect_postgresql(url, options.connect_timeout_s);
  if (!handle) return tl::unexpected<Error>{std::move(handle).error()};
  // Sending must not block either.
  if (PQsetnonblocking(handle->get(), 1) != 0) {
    return fail(ErrorCode::unavailable, "open PostgreSQL database: its socket cannot be watched");
  }
  auto connection = std::make_unique<PostgresqlConnection>(
      std::move(*handle), options.statement_timeout_ms + options.answer_late_ms);
  if (auto ready = connection->prepare_session(options); !ready) {
    return propagate(std::move(ready).error(), "open PostgreSQL database");
  }
  return std::unique_ptr<Connection>{std::move(connection)};
}

Result<void> notify_postgresql(Connection& connection, std::span<const std::string> channels) {
  for (const auto& channel : channels) {
    const Value parameters[] = {Value{notification_channel}, Value{channel}};
    auto sent = connection.run("SELECT pg_notify($1, $2)", parameters);
    if (!sent) return propagate(std::move(sent).error(), "notify");
  }
  return {};
}

}  // namespace khien::store
