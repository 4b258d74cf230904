// How a pair of publishers stands, for people: API, khienctl, /healthz. Values; pair.h makes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace khien::publish {

enum class PairRole : std::uint8_t { joins, leads, leads_alone, follows, alone };
[[nodiscard]] std::string_view to_string(PairRole role) noexcept;

/// For people: API, khienctl, /healthz.
struct PairStatus {
  PairRole role = PairRole::joins;
  std::string name = {};
  std::string leader = {};  ///< name of who leads, as far as known
  struct Other {
    std::string name = {};
    std::string address = {};
    std::int64_t heard_ago_ms = 0;
    std::int64_t behind = 0;  ///< batches; negative: ahead of us
    bool stopped = false;
    bool followers_differ = false;
  };
  std::vector<Other> others = {};
  std::int64_t behind = 0;   ///< batches that we have yet to take
  std::int64_t away_ms = 0;  ///< since the database last answered
  bool name_taken = false;   ///< another khiend runs under our name
};

}  // namespace khien::publish
