// What one transfer makes of a third party's rare rules (policy/rare_zone.h): plain computation,
// off the query path. Names' plain blocks are ShardUpdate's, which is told the result.
#pragma once

#include <memory>

#include "base/result.h"
#include "policy/rules.h"
#include "resolver/edit_spool.h"
#include "resolver/skipped.h"

namespace khien::resolver {

struct RareChange {
  std::shared_ptr<const policy::RareRules> rules;  ///< all of them afterwards; may be unchanged
  const policy::RareZone* zone = nullptr;  ///< the zone's, borrowed from `rules`; null: none
  SkippedCounts skipped{};

  /// The zone comes whole: what does not fit is left out and counted.
  [[nodiscard]] static RareChange whole(const policy::Rules& rules, policy::Source source,
                                        const EditSpool& edits);
  /// Changes of what is in force, in order. conflict: the whole zone is needed.
  [[nodiscard]] static Result<RareChange> changes(const policy::Rules& rules, policy::Source source,
                                                  const EditSpool& edits);
};

}  // namespace khien::resolver
