// Owners of libpq's objects and the meaning of its errors. Internal to the module.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::store {

struct FinishConnection {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using ConnectionHandle = std::unique_ptr<PGconn, FinishConnection>;
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// Connects with our fixed parameters laid over those of `url`. unavailable if that fails; the
/// message names host and reason but never the password.
[[nodiscard]] Result<ConnectionHandle> connect_postgresql(const std::string& url,
                                                          int connect_timeout_s);

/// What a failed result means. The server's own text may quote values, so only the SQLSTATE and the
/// name of a constraint go on; for SQLSTATE class 42, where the text is about our statement, the
/// text too.
[[nodiscard]] Error postgresql_error(const PGresult* result, std::string_view doing);

/// True for SQLSTATEs after which the same transaction may succeed when begun again.
[[nodiscard]] bool is_retryable_state(std::string_view sqlstate) noexcept;

}  // namespace khien::store
