// Where khienctl works: the state folder of a khiend and its database, used beside a running khiend
// or without one.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "store/database.h"

namespace khien::khienctl {

struct Place {
  std::filesystem::path state;
  std::string database;  ///< empty: sqlite:STATE/khien.db
  std::filesystem::path data;

  [[nodiscard]] std::string database_url() const;
  /// not_found if there is no state folder or no SQLite file: nothing is made by looking.
  [[nodiscard]] Result<std::unique_ptr<store::Database>> open_database() const;
};

}  // namespace khien::khienctl
