// What a spool of changes makes of one shard of the rules: a new delta on top of it, or a new
// shard. Plain computation; what takes effect when is RuleStore's. One thread: it keeps the memory
// of the last shard for the next one.
#pragma once

#include "policy/rules.h"
#include "resolver/edit_spool.h"
#include "resolver/skipped.h"

namespace khien::resolver {

class ShardUpdate {
 public:
  struct Parts {
    std::shared_ptr<const policy::RuleShard> shard;
    std::shared_ptr<const policy::NameTable> delta;
  };
  /// A shard that is built anew, or only told apart from what it was, if its delta would have more
  /// names than policy::delta_names_max.
  enum class Rebuild : std::uint8_t { when_due, never };

  /// `rare` is what the zone's rare rules will be (rare_change.h); null for none. Borrowed.
  explicit ShardUpdate(const policy::HashKey& key, const policy::RareZone* rare = nullptr)
      : rare_(rare), incoming_(key), built_(key) {}

  /// limit_exceeded if taking `edits` in might reach a limit of a shard half way.
  [[nodiscard]] static Result<void> check_limits(const policy::Rules& rules,
                                                 const EditSpool& edits);

  /// The changes of `edits` in order. conflict if one does not fit what is there; unavailable.
  Result<Parts> change(const policy::Rules& rules, std::size_t shard, const EditSpool& edits,
                       Rebuild rebuild);
  /// What the sources in `mask` have is now what `edits` add. unavailable.
  Result<Parts> replace(const policy::Rules& rules, std::size_t shard, policy::SourceMask mask,
                        const EditSpool& edits);
  /// Records that replace() left out.
  [[nodiscard]] const SkippedCounts& skipped() const noexcept { return skipped_; }
  /// The shard with its delta merged into it.
  Result<Parts> merge(const policy::Rules& rules, std::size_t shard);

 private:
  /// How an edit fits what is there.
  enum class Fit : std::uint8_t { good, duplicate, conflicting };
  [[nodiscard]] Fit apply(policy::RuleClass& rule_class, const SpoolEdit& edit,
                          Bytes folded) const noexcept;
  void skip(Skipped reason) noexcept;
  Result<void> take_incoming(const policy::NameKey& name, const SpoolEdit& edit);
  Result<void> read_incoming(std::size_t shard, const EditSpool& edits);
  template <typename Set>
  void for_each_difference(const policy::Rules& rules, std::size_t shard, policy::SourceMask mask,
                           Set&& set) const;
  [[nodiscard]] std::optional<policy::NameTable> difference(const policy::Rules& rules,
                                                            std::size_t shard,
                                                            policy::SourceMask mask) const;
  Result<Parts> rebuild(const policy::Rules& rules, std::size_t shard, policy::SourceMask dropped);

  const policy::RareZone* rare_;
  SkippedCounts skipped_{};
  policy::NameTable incoming_;
  policy::NameTable built_;
};

}  // namespace khien::resolver
