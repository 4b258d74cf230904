// The changes of one zone's records, serial by serial: what IXFR is answered from. In memory and
// bounded; names are kept as places in the zone's table, which never moves them. What holders add,
// for rollbacks, is in rule_history.h.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "publish/zone_table.h"

namespace khien::publish {

/// Record changes kept a zone; the oldest serials are forgotten first ("too old" gets an AXFR).
constexpr std::size_t history_changes_max = 500'000;

enum class RecordChangeKind : std::uint8_t { add_name, remove_name, add_below, remove_below };

struct RecordChange {
  NamePlace name_at = 0;
  RecordChangeKind kind = RecordChangeKind::add_name;
};

/// One step from a serial to the next.
struct SerialStep {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::vector<RecordChange> changes;
};

class ZoneHistory {
 public:
  /// Begins the step from `from` to `to`; record() then adds to it.
  void begin(std::uint32_t from, std::uint32_t to);
  void record(const TableChange& change);
  /// Forgets everything, because no step leads here from before.
  void reset();

  /// The steps from `serial` to now, oldest first; nullopt if that is not covered (or is the
  /// future). Empty if `serial` is the newest.
  [[nodiscard]] std::optional<std::vector<SerialStep>> since(std::uint32_t serial) const;
  [[nodiscard]] std::size_t change_count() const noexcept { return change_count_; }

 private:
  void push(NamePlace name_at, const Shown& before, const Shown& after);
  std::deque<SerialStep> steps_;
  std::size_t change_count_ = 0;
};

}  // namespace khien::publish
