// PostgreSQL behind Connection. Internal to the module; libpq's types stay in the .cpp.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/connection.h"

namespace khien::store {

struct PostgresqlOptions {
  int connect_timeout_s = 5;
  int statement_timeout_ms = 30'000;
  /// A server that says nothing for this much longer than a statement may take is given up
  /// (unavailable): stopped, or its machine frozen, with a socket that is alive.
  int answer_late_ms = 5'000;
};

/// The channel of all our wake-ups; the payload names the one that is meant.
constexpr std::string_view notification_channel = "khien";

/// True for "postgresql://…" and "postgres://…".
[[nodiscard]] bool is_postgresql_url(std::string_view url) noexcept;

/// Connects, checks encoding and locale, sets the session up.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_postgresql(const std::string& url,
                                                                  const PostgresqlOptions& options);

/// Sends the wake-ups of a transaction with its commit.
[[nodiscard]] Result<void> notify_postgresql(Connection& connection,
                                             std::span<const std::string> channels);

}  // namespace khien::store
