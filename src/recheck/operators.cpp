#include "recheck/operators.h"

#include <optional>
#include <system_error>

#include "cases/name_list.h"
#include "text/host.h"

namespace khien::recheck {
namespace {

Result<void> read_into(std::set<std::string, std::less<>>& names,
                       std::span<const std::filesystem::path> folders, std::string_view file) {
  for (const auto& folder : folders) {
    const auto path = folder / "operators" / file;
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    auto list = cases::load_name_list(path);
    if (!list) return propagate(std::move(list).error(), "load " + path.string());
    for (auto& listed : list->names) names.insert(std::move(listed.name));
    if (names.size() > operators_max) {
      return fail(ErrorCode::limit_exceeded, "more than 10,000 names in " + path.string());
    }
  }
  return {};
}

}  // namespace

Result<Operators> Operators::load(std::span<const std::filesystem::path> folders) {
  Names parking;
  Names sinkholes;
  auto read = read_into(parking, folders, "parking.txt");
  if (read) read = read_into(sinkholes, folders, "sinkhole.txt");
  if (!read) return tl::unexpected<Error>{std::move(read).error()};
  return Operators{std::move(parking), std::move(sinkholes)};
}

bool Operators::holds(const Names& names, std::string_view server) {
  for (auto at = std::optional{server}; at; at = text::parent_of(*at)) {
    if (names.contains(*at)) return true;
  }
  return false;
}

}  // namespace khien::recheck
