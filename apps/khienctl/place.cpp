#include "place.h"

namespace khien::khienctl {

std::string Place::database_url() const {
  return database.empty() ? "sqlite:" + (state / "khien.db").string() : database;
}

Result<std::unique_ptr<store::Database>> Place::open_database() const {
  const auto url = database_url();
  constexpr std::string_view sqlite = "sqlite:";
  if (url.starts_with(sqlite) && !std::filesystem::exists(url.substr(sqlite.size()))) {
    return fail(ErrorCode::not_found,
                "there is no database at " + url.substr(sqlite.size()) +
                    "; name khiend's folder with --state or its database with --database");
  }
  return store::Database::open(url);
}

}  // namespace khien::khienctl
