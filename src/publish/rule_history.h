// Which rules (a source holding a name) came into one zone at which serial: what a rollback
// withdraws, and how many came in the last minutes. In memory, rebuilt from the log, bounded; the
// history of records, which IXFR is answered from, is zone_history.h.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "publish/zone_table.h"

namespace khien::publish {

/// Additions kept a zone; the oldest serials are forgotten first, and no rollback reaches them.
constexpr std::size_t rules_kept_max = 500'000;

struct AddedRule {
  std::uint32_t name_at = 0;  ///< of the zone's table
  SourceIndex source = 0;
};

class RuleHistory {
 public:
  /// Begins the step from serial `from` to `to`; added() then adds to it.
  void begin(std::uint32_t from, std::uint32_t to, InstantMs at_ms);
  /// A source holds a name that it did not hold, or wider than before.
  void added(AddedRule rule);

  /// What came after `serial`, oldest first; nullopt if that is not covered (or is the future).
  [[nodiscard]] std::optional<std::vector<AddedRule>> since(std::uint32_t serial) const;
  /// The oldest serial that since() knows; `now` if there is none.
  [[nodiscard]] std::uint32_t oldest(std::uint32_t now) const noexcept;
  /// How many came after `at_ms`.
  [[nodiscard]] std::size_t added_after(InstantMs at_ms) const noexcept;

 private:
  struct Step {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    InstantMs at_ms = 0;
    std::vector<AddedRule> rules;
  };
  std::deque<Step> steps_;
  std::size_t rule_count_ = 0;
};

}  // namespace khien::publish
