#include <fmt/format.h>

#include "commands.h"

namespace khien::khienctl {

Result<void> backup(const Place& place, const std::filesystem::path& file) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  if (auto done = (*database)->backup_to(file); !done) {
    return propagate(std::move(done).error(), "back up");
  }
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  fmt::print(
      "{}: {:.1f} MB. Keep STATE/keys and STATE/evidence with it: without the seal key\n"
      "contacts and sign-in secrets in it stay closed.\n",
      file.string(), error ? 0.0 : static_cast<double>(size) / 1e6);
  return {};
}

Result<void> restore(const Place& place, const std::filesystem::path& file) {
  if (auto done = store::Database::restore(place.database_url(), file); !done) {
    return propagate(std::move(done).error(), "restore");
  }
  fmt::print("Restored {} into {}. Start khiend, then: khienctl ledger verify\n", file.string(),
             place.database.empty() ? place.database_url() : "the database");
  return {};
}

}  // namespace khien::khienctl
