// Who is known to serve parked names and sinkholes, by the names of their name servers. Shipped in
// data/operators/ with sources (docs/DATA.md); an operator adds to them in a folder of the same
// name. Immutable after loading; any thread.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::recheck {

constexpr std::size_t operators_max = 10'000;  // of one kind

class Operators {
 public:
  /// From `<folder>/operators/parking.txt` and `sinkhole.txt` of each folder, where there are any,
  /// in the format of docs/formats/never-block.md. The errors of cases::load_name_list;
  /// limit_exceeded past operators_max.
  [[nodiscard]] static Result<Operators> load(std::span<const std::filesystem::path> folders);
  /// Of names that are normalised already; for tests.
  Operators(std::set<std::string, std::less<>> parking,
            std::set<std::string, std::less<>> sinkholes)
      : parking_(std::move(parking)), sinkholes_(std::move(sinkholes)) {}

  /// Whether `server` (lower case, no final dot) is one of theirs or lies below one.
  [[nodiscard]] bool parks(std::string_view server) const { return holds(parking_, server); }
  [[nodiscard]] bool sinkholes(std::string_view server) const { return holds(sinkholes_, server); }
  [[nodiscard]] std::size_t size() const noexcept { return parking_.size() + sinkholes_.size(); }

 private:
  using Names = std::set<std::string, std::less<>>;
  [[nodiscard]] static bool holds(const Names& names, std::string_view server);

  Names parking_;
  Names sinkholes_;
};

}  // namespace khien::recheck
