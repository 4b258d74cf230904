// A PostgreSQL server of a test's own: a new cluster in a temporary folder, reachable by a Unix
// socket there and by nothing else. It dies with the test program, however that ends.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::store::testing {

/// Whether commits are synced: tests of behaviour do without, figures need it.
enum class ServerSync { off, on };

class PostgresqlServer {
 public:
  /// Starts one; takes about two seconds. not_found if PostgreSQL 15 is not installed.
  [[nodiscard]] static Result<std::unique_ptr<PostgresqlServer>> start(
      const std::filesystem::path& folder, ServerSync sync = ServerSync::off);
  PostgresqlServer(const PostgresqlServer&) = delete;
  PostgresqlServer& operator=(const PostgresqlServer&) = delete;
  ~PostgresqlServer();

  [[nodiscard]] std::string url(std::string_view database) const;
  /// Runs one statement as the server's owner, for example CREATE DATABASE.
  [[nodiscard]] Result<void> administer(const std::string& sql) const;
  /// Ends every session but the caller's own, as a restart of the server does.
  [[nodiscard]] Result<void> disconnect_all() const;

 private:
  PostgresqlServer(std::filesystem::path folder, pid_t process) noexcept
      : folder_(std::move(folder)), process_(process) {}
  std::filesystem::path folder_;
  pid_t process_;
};

/// The server of this test program, started on first use; null with the reason on standard error if
/// there can be none.
[[nodiscard]] PostgresqlServer* shared_postgresql_server();

}  // namespace khien::store::testing
