#include "tally/new_names.h"

#include <algorithm>

namespace khien::tally {
namespace {

// Names hold neither % nor !, but a search may, and _ is in both.
constexpr std::string_view sql_list = R"(
SELECT n.id, n.name, n.first_ms, t.resolver, t.networks
FROM (SELECT id, name, first_ms FROM new_name
  WHERE id < $1 AND name LIKE $2 ESCAPE '!' ORDER BY id DESC LIMIT $3) n
JOIN new_name_told t ON t.name_id = n.id ORDER BY n.id DESC, t.resolver)";

std::string pattern_of(std::string_view part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace

Result<cases::Page<SeenName>> list_new_names(store::Executor& db, std::string_view part,
                                             const cases::PageRequest& page) {
  const int size = cases::page_size(page);
  auto rows = db.query(sql_list, {cases::page_start(page), pattern_of(part), size + 1});
  if (!rows) return propagate(std::move(rows).error(), "list new names");
  std::vector<SeenName> names;
  for (const auto& row : *rows) {
    if (names.empty() || names.back().id != row.integer(0)) {
      names.push_back({.id = row.integer(0), .name = row.text(1), .first_ms = row.integer(2)});
    }
    names.back().resolvers.push_back(row.text(3));
    names.back().networks = std::max(names.back().networks, row.integer(4));
  }
  return cases::make_page(std::move(names), size, [](const SeenName& name) { return name.id; });
}

}  // namespace khien::tally
