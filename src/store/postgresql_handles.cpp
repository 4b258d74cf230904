#include "store/postgresql_handles.h"

#include <fmt/format.h>

#include <vector>

namespace khien::store {
namespace {

// A peer that no longer acknowledges is given up after this; a query itself is bounded by the
// server's statement_timeout, and its silence by PostgresqlOptions::answer_late_ms.
constexpr const char* tcp_user_timeout_ms = "30000";

std::string_view field(const PGresult* result, int code) noexcept {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

}  // namespace

Result<ConnectionHandle> connect_postgresql(const std::string& url, int connect_timeout_s) {
  const auto timeout = std::to_string(connect_timeout_s);
  // Later keywords win over those inside the expanded URL (libpq 34.1, expand_dbname).
  const char* keywords[] = {"dbname",           "connect_timeout",  "client_encoding",
                            "application_name", "tcp_user_timeout", nullptr};
  const char* values[] = {url.c_str(), timeout.c_str(),     "UTF8",
                          "khien",     tcp_user_timeout_ms, nullptr};
  ConnectionHandle connection{PQconnectdbParams(keywords, values, 1)};
  if (!connection) return fail(ErrorCode::unavailable, "connect to PostgreSQL: no memory");
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    std::string why = PQerrorMessage(connection.get());
    while (!why.empty() && why.back() == '\n') why.pop_back();
    return fail(ErrorCode::unavailable, "connect to PostgreSQL: " + why);
  }
  // Notices may quote values and would go to standard error.
  PQsetNoticeReceiver(connection.get(), [](void*, const PGresult*) {}, nullptr);
  return connection;
}

bool is_retryable_state(std::string_view sqlstate) noexcept {
  return sqlstate == "40001"      // serialization_failure
         || sqlstate == "40P01"   // deadlock_detected
         || sqlstate == "55P03";  // lock_not_available
}

Error postgresql_error(const PGresult* result, std::string_view doing) {
  const auto state = field(result, PG_DIAG_SQLSTATE);
  const auto error = [&](ErrorCode code, std::string_view what, std::string_view reason) {
    return Error{code, fmt::format("{}: {} (SQLSTATE {})", doing, what, state),
                 std::string{reason}};
  };
  const auto kind = state.substr(0, 2);
  if (kind == "23") {
    auto name = field(result, PG_DIAG_CONSTRAINT_NAME);
    if (name.empty()) name = field(result, PG_DIAG_COLUMN_NAME);  // NOT NULL has no name
    return error(ErrorCode::conflict, fmt::format("constraint {}", name),
                 state == "23505" ? "duplicate" : "constraint");
  }
  if (is_retryable_state(state)) return error(ErrorCode::unavailable, "lost to another", "busy");
  if (state == "57014") return error(ErrorCode::timeout, "statement took too long", "");
  if (state == "53100") return error(ErrorCode::unavailable, "disk full", "disk_full");
  if (state == "25006") return error(ErrorCode::unavailable, "database is read-only", "read_only");
  if (state == "22021" || state == "22P05") {
    return error(ErrorCode::invalid_argument, "text is not UTF-8", "bad_text");
  }
  if (state == "54000") return error(ErrorCode::limit_exceeded, "value too large", "");
  if (state == "XX001" || state == "XX002") return error(ErrorCode::corrupt, "damaged", "");
  if (state == "08P01") return error(ErrorCode::internal, "wrong parameters", "");
  if (state.empty() || kind == "08" || kind == "53" || kind == "57") {
    return error(ErrorCode::unavailable, "server away or overloaded", "");
  }
  if (kind == "42") {
    return error(ErrorCode::internal, field(result, PG_DIAG_MESSAGE_PRIMARY), "");
  }
  return error(ErrorCode::internal, "wrong statement", "");
}

}  // namespace khien::store
