// A registrable name that clients began to ask for, as khiend is told (resolver-report.md): only
// once so many of their networks asked that it says nothing of any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace khien::resolver {

constexpr std::size_t new_names_taken_max = 10'000;  // of one report

struct NewName {
  std::string name;            ///< lower-case A-labels, without the last dot
  std::uint32_t networks = 0;  ///< an estimate, never below k
};

/// Where they come from. The functions are called on the reporter's thread; all may be empty.
struct NewNameSource {
  std::function<std::vector<NewName>()> take =
      {};  ///< at most new_names_taken_max, no longer there
  /// What was taken and could not be told.
  std::function<void(std::vector<NewName>)> put_back = {};
  /// Observations and names that found no room, since the start.
  std::function<std::uint64_t()> dropped_total = {};
};

}  // namespace khien::resolver
