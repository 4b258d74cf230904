// Database::migrate(): all outstanding migrations in one transaction, one program at a time.
#include <fmt/format.h>

#include <map>
#include <utility>

#include "base/log.h"
#include "store/database.h"
#include "store/pool.h"
#include "store/schema.h"

namespace khien::store {
namespace {

constexpr std::string_view sql_make_table =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "  module TEXT NOT NULL, number {int64} NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL,"
    "  applied_at_ms {int64} NOT NULL, PRIMARY KEY (module, number)) {strict};";
constexpr std::string_view sql_applied =
    "SELECT module, number, checksum FROM schema_migration ORDER BY module, number";
constexpr std::string_view sql_record =
    "INSERT INTO schema_migration (module, number, name, checksum, applied_at_ms)"
    " VALUES ($1, $2, $3, $4, $5)";
// Held to the end of the transaction: a second program waits here. The number only has to be ours.
constexpr std::string_view sql_lock = "SELECT pg_advisory_xact_lock(74656891)";

using Applied = std::map<std::pair<std::string, std::int64_t>, std::string>;

Result<Applied> read_applied(Connection& connection) {
  auto make = expand_tokens(sql_make_table, connection.engine());
  if (!make) return tl::unexpected<Error>{std::move(make).error()};
  if (auto made = connection.run_script(*make); !made) {
    return tl::unexpected<Error>{std::move(made).error()};
  }
  auto answer = connection.run(sql_applied, {});
  if (!answer) return tl::unexpected<Error>{std::move(answer).error()};
  Applied applied;
  for (const Row& row : answer->rows) {
    applied.emplace(std::pair{row.text(0), row.integer(1)}, row.text(2));
  }
  return applied;
}

Result<void> apply(Connection& connection, std::string_view module, const Migration& migration,
                   InstantMs now_ms) {
  const bool sqlite = connection.engine() == Engine::sqlite;
  const auto own = sqlite ? migration.sqlite_sql : migration.postgresql_sql;
  for (const auto part : {migration.sql, own}) {
    if (part.empty()) continue;
    auto script = expand_tokens(part, connection.engine());
    if (!script) return tl::unexpected<Error>{std::move(script).error()};
    if (auto done = connection.run_script(*script); !done) return done;
  }
  const Value values[] = {module, migration.number, migration.name, migration_checksum(migration),
                          now_ms};
  auto recorded = connection.run(sql_record, values);
  if (!recorded) return tl::unexpected<Error>{std::move(recorded).error()};
  KHIEN_LOG(info, "migration_applied", {"module", module}, {"number", migration.number},
            {"name", migration.name});
  return {};
}

// Applies what `module` still lacks, and takes what it knows out of `applied`.
Result<void> bring_up_to_date(Connection& connection, const ModuleMigrations& module,
                              Applied& applied, InstantMs now_ms) {
  int expected = 1;
  for (const Migration& migration : module.migrations) {
    const auto title =
        fmt::format("migration {} {} {}", module.module, migration.number, migration.name);
    if (migration.number != expected++) {
      return fail(ErrorCode::internal, title + " is out of order");
    }
    const auto found = applied.find({std::string{module.module}, migration.number});
    if (found == applied.end()) {
      if (auto done = apply(connection, module.module, migration, now_ms); !done) {
        return propagate(std::move(done).error(), title);
      }
      continue;
    }
    if (found->second != migration_checksum(migration)) {
      return fail(ErrorCode::conflict,
                  title + " was applied with another text: released migrations are never edited",
                  "changed_migration");
    }
    applied.erase(found);
  }
  return {};
}

Result<void> migrate_on(Connection& connection, std::span<const ModuleMigrations> modules,
                        InstantMs now_ms) {
  if (connection.engine() == Engine::postgresql) {
    auto locked = connection.run(sql_lock, {});
    if (!locked) return tl::unexpected<Error>{std::move(locked).error()};
  }
  auto applied = read_applied(connection);
  if (!applied) return tl::unexpected<Error>{std::move(applied).error()};
  const ModuleMigrations own{.module = "store", .migrations = migrations()};
  if (auto done = bring_up_to_date(connection, own, *applied, now_ms); !done) return done;
  for (const auto& module : modules) {
    if (auto done = bring_up_to_date(connection, module, *applied, now_ms); !done) return done;
  }
  if (!applied->empty()) {
    const auto& [key, checksum] = *applied->begin();
    return fail(ErrorCode::conflict,
                fmt::format("the database has migration {} {}, which this program does not know: "
                            "it is newer than the program",
                            key.first, key.second),
                "newer_database");
  }
  return {};
}

}  // namespace

Result<void> Database::migrate(std::span<const ModuleMigrations> modules, const Clock& clock) {
  auto loan = writers_->take();
  if (!loan) return tl::unexpected<Error>{std::move(loan).error()};
  Connection& connection = **loan;
  // READ COMMITTED on PostgreSQL: after waiting for the lock we must see what the other one did.
  if (auto begun = connection.begin(TransactionMode::queue); !begun) return begun;
  auto done = migrate_on(connection, modules, clock.now_ms());
  if (done) done = connection.commit();
  if (!done) {
    connection.rollback();
    return propagate(std::move(done).error(), "migrate");
  }
  return {};
}

}  // namespace khien::store
