// The records of a zone transfer as changes of rules, in one buffer: a transfer may have millions.
// The buffer's octets also stand in the journal (docs/formats/journal.md).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "policy/rare_zone.h"

namespace khien::resolver {

/// One record of a zone as a change: `name` (folded or not, wire form) gets or loses a plain block;
/// or, of a third party's zone, `rare` comes or goes.
struct RuleEdit {
  bool add = true;
  bool below = false;  ///< `*.name`; otherwise the name itself
  bool nodata = false;
  Bytes name = {};                              // borrowed; empty with `rare`
  std::optional<policy::RareRecord> rare = {};  // borrows as well
};

class RuleEdits {
 public:
  /// Checks and copies what octets() gave. nullopt if it is cut, or has unknown flags, or a name
  /// or record that no rule may have.
  [[nodiscard]] static std::optional<RuleEdits> read(Bytes octets);

  /// The name is a checked wire name.
  void push(const RuleEdit& edit);
  void clear() noexcept;
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] Bytes octets() const noexcept { return octets_; }

  /// In the order of push().
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t at = 0; at < octets_.size();) {
      const RuleEdit edit = take_edit(octets_, at);
      visit(edit);
    }
  }

 private:
  static constexpr std::size_t head_size = 2;  // flags, size of the name; or flags and a record
  /// The edit at `at`, which is moved behind it.
  [[nodiscard]] static RuleEdit take_edit(Bytes octets, std::size_t& at);

  Octets octets_;
  std::size_t count_ = 0;
};

}  // namespace khien::resolver
