// SQLite behind Connection. Internal to the module.
#pragma once

#include <string>

#include "base/result.h"
#include "store/connection.h"

namespace khien::store {

enum class SqliteAccess { read, write };

struct SqliteOptions {
  SqliteAccess access = SqliteAccess::write;
  int busy_timeout_ms = 5'000;  ///< longest wait for another process's write lock
  int statement_timeout_ms = 30'000;
};

/// Statements kept compiled on a connection; the one used longest ago goes first.
constexpr std::size_t statement_cache_max = 128;

/// Opens or makes the file (mode 0600) and checks that it is a database.
[[nodiscard]] Result<std::unique_ptr<Connection>> open_sqlite(const std::string& path,
                                                              const SqliteOptions& options);

/// Copies the live database at `path` page by page into the new file `target`, and syncs it.
/// Writers go on; what they commit meanwhile may or may not be in the copy, whole.
[[nodiscard]] Result<void> copy_sqlite(const std::string& path, const std::string& target);

}  // namespace khien::store
