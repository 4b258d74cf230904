// Fixed good names that must go on resolving. Before a zone's new state can be seen by anybody,
// each canary and its www. is asked through it, as a resolver with RPZ would: the record of the
// name itself, or `*.` of a name above it. Independent of what the rules of the gate know; the cost
// does not depend on the zone.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "publish/zone_table.h"

namespace khien::publish {

constexpr std::size_t canaries_max = 1'000;  // shipped and the operator's together

/// The names of all `canaries/*.txt` below the folders (docs/formats/never-block.md); a folder
/// without any gives none. limit_exceeded above canaries_max; fails whole if a file is bad.
[[nodiscard]] Result<std::vector<std::string>> load_canaries(
    std::span<const std::filesystem::path> folders);

class Canaries {
 public:
  /// Names that are none are left out.
  explicit Canaries(const std::vector<std::string>& names);

  /// One look into a zone: for the name itself or for one above it.
  struct Asked {
    std::string text;  ///< lower case, no last dot
    dns::Name name;
  };
  using Look = std::function<Shown(const Asked&)>;

  /// The first canary that `after` blocks and `before` does not.
  [[nodiscard]] std::optional<std::string> first_blocked(const Look& before,
                                                         const Look& after) const;
  /// True if a rule for `name` can block a canary at all: it is one, or lies above one.
  [[nodiscard]] bool concern(std::string_view name) const;
  [[nodiscard]] std::size_t size() const noexcept { return paths_.size(); }

 private:
  std::vector<std::vector<Asked>> paths_;  // of each question: from the name upwards
  std::unordered_set<std::string> reach_;  // every text of the paths
};

}  // namespace khien::publish
