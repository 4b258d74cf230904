#include "publish/canaries.h"

#include <algorithm>
#include <system_error>

#include "cases/name_list.h"

namespace khien::publish {
namespace {

bool is_blocked(const std::vector<Canaries::Asked>& path, const Canaries::Look& look) {
  if (look(path.front()).name) return true;
  return std::any_of(path.begin() + 1, path.end(),
                     [&look](const Canaries::Asked& above) { return look(above).below; });
}

std::vector<Canaries::Asked> path_of(const dns::Name& name) {
  std::vector<Canaries::Asked> path;
  // A rule has two labels at least, so nothing shorter is asked.
  for (dns::NameView at = name; at.label_count() >= 2; at = at.parent()) {
    std::string text = at.to_text();
    text.pop_back();
    path.push_back({.text = std::move(text), .name = dns::Name{at}});
  }
  return path;
}

}  // namespace

Result<std::vector<std::string>> load_canaries(std::span<const std::filesystem::path> folders) {
  std::vector<std::string> names;
  for (const auto& folder : folders) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator at{folder / "canaries", error}, end;
         !error && at != end; at.increment(error)) {
      if (at->path().extension() == ".txt") files.push_back(at->path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      auto list = cases::load_name_list(file);
      if (!list) return propagate(std::move(list).error(), "load the canaries");
      for (auto& listed : list->names) names.push_back(std::move(listed.name));
      if (names.size() > canaries_max) {
        return fail(ErrorCode::limit_exceeded,
                    "more than " + std::to_string(canaries_max) + " canaries");
      }
    }
  }
  return names;
}

Canaries::Canaries(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    for (const std::string& text : {name, "www." + name}) {
      const auto parsed = dns::Name::from_text(text);
      if (!parsed || parsed->label_count() < 2) continue;
      paths_.push_back(path_of(parsed->lower()));
      for (const Asked& asked : paths_.back()) reach_.insert(asked.text);
    }
  }
}

std::optional<std::string> Canaries::first_blocked(const Look& before, const Look& after) const {
  for (const auto& path : paths_) {
    if (is_blocked(path, after) && !is_blocked(path, before)) return path.front().text;
  }
  return std::nullopt;
}

bool Canaries::concern(std::string_view name) const { return reach_.contains(std::string{name}); }

}  // namespace khien::publish
