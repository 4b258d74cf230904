// The records of a zone transfer as changes of rules, in one buffer: a transfer may have millions.
// The buffer's octets also stand in the journal (docs/formats/journal.md).
#pragma once

#include <optional>

#include "base/bytes.h"

namespace khien::resolver {

/// One record of a zone as a change: `name` (folded or not, wire form) gets or loses a trigger.
struct RuleEdit {
  bool add = true;
  bool below = false;  ///< `*.name`; otherwise the name itself
  bool nodata = false;
  Bytes name = {};  // borrowed
};

class RuleEdits {
 public:
  /// Checks and copies what octets() gave. nullopt if it is cut, or has unknown flags, or a name
  /// that no rule may have.
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
      const RuleEdit edit = edit_at(octets_, at);
      visit(edit);
      at += head_size + edit.name.size();
    }
  }

 private:
  static constexpr std::size_t head_size = 2;  // flags, size of the name
  [[nodiscard]] static RuleEdit edit_at(Bytes octets, std::size_t at) noexcept;

  Octets octets_;
  std::size_t count_ = 0;
};

}  // namespace khien::resolver
