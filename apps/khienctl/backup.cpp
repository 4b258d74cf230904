#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/file.h"
#include "commands.h"

namespace khien::khienctl {
namespace {

/// Held as khiend holds it: a restore under a running khiend would tear its state apart.
Result<FileDescriptor> lock_state(const Place& place) {
  const auto path = place.state / "lock";
  FileDescriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock.valid()) return fail(ErrorCode::unavailable, "open " + path.string());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict,
                "khiend is running on " + place.state.string() + ": stop it first", "running");
  }
  return lock;
}

/// The zones hold what newer publications made of them, under numbers that the restored database
/// will give out again. khiend builds them anew from the database, with higher serials.
Result<void> move_zones_aside(const Place& place) {
  const auto zones = place.state / "zones";
  std::error_code error;
  if (!std::filesystem::exists(zones, error)) return {};
  auto aside = zones;
  aside += ".before-restore-" + std::to_string(SystemClock{}.now_ms());
  std::filesystem::rename(zones, aside, error);
  if (error) return fail(ErrorCode::unavailable, "rename " + zones.string());
  fmt::print("{} is now {}: khiend builds the zones anew from the database.\n", zones.string(),
             aside.string());
  return {};
}

}  // namespace

Result<void> backup(const Place& place, const std::filesystem::path& file) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  if (auto done = (*database)->backup_to(file); !done) {
    return propagate(std::move(done).error(), "back up");
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  fmt::print(
      "{}: {:.1f} MB. Now copy STATE/keys (without the seal key contacts and sign-in secrets stay\n"
      "closed), STATE/evidence and STATE/ledger, in this order: every item that the database "
      "names\n"
      "is then in the copy. Runbook: docs/runbooks/backup.md\n",
      file.string(), error ? 0.0 : static_cast<double>(size) / 1e6);
  return {};
}

Result<void> restore(const Place& place, const std::filesystem::path& file) {
  std::error_code error;
  std::filesystem::create_directories(place.state, error);
  auto lock = lock_state(place);
  if (!lock) return tl::unexpected<Error>{std::move(lock).error()};
  if (auto done = store::Database::restore(place.database_url(), file); !done) {
    return propagate(std::move(done).error(), "restore");
  }
  fmt::print("Restored {} into {}.\n", file.string(),
             place.database.empty() ? place.database_url() : "the database");
  if (auto moved = move_zones_aside(place); !moved) return moved;
  if (!std::filesystem::exists(place.state / "keys" / "ledger.key", error)) {
    fmt::print("{}/keys is not there: bring the keys back before khiend starts.\n",
               place.state.string());
    return {};
  }
  if (auto compared = ledger_compare(place); !compared) return compared;
  fmt::print("Start khiend, then: khienctl ledger verify\n");
  return {};
}

}  // namespace khien::khienctl
