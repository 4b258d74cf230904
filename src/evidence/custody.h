// What is done with evidence after it came in: checked again, destroyed. Holds and reading stand in
// item.h; here is what a custodian and the timers call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "evidence/content_store.h"
#include "evidence/item.h"
#include "store/database.h"

namespace khien::evidence {

/// Items that one verify_items() looks at.
constexpr std::size_t verify_batch_max = 100;
/// A content younger than this is not removed: somebody may be about to name it in a new row.
constexpr std::int64_t content_age_min_ms = ms_per_hour;
/// How long an item may go unhashed before the rolling check takes it.
constexpr std::int64_t verify_every_ms = 30 * ms_per_day;

struct Destruction {
  std::string actor;         ///< account id of who asked
  std::string second_actor;  ///< account id of who agreed: another person
  std::string reason;        ///< the retention rule or decision
};

/// Marks the item as destroyed: custody event, leaf evidence.destroyed. Its octets go with the next
/// remove_destroyed(). conflict "held" while any hold stands, "destroyed" if it is already;
/// denied "same_person"; invalid_argument "reason_needed".
[[nodiscard]] Result<void> destroy_item(store::Transaction& tx, const Context& context,
                                        const ItemId& id, const Destruction& destruction);

/// Removes the octets of destroyed items that no live item shares; how many files went. Run it from
/// a timer: what is too young or failed is taken the next time.
[[nodiscard]] Result<std::size_t> remove_destroyed(store::Database& database, const Clock& clock,
                                                   const ContentStore& contents);

struct VerifyPass {
  std::size_t checked = 0;
  std::size_t damaged = 0;  ///< changed or lost
};

/// Hashes up to verify_batch_max live items that nobody hashed after `not_since_ms`, and writes a
/// custody event for each: the rolling check. Holds no transaction while it reads the disk.
[[nodiscard]] Result<VerifyPass> verify_items(store::Database& database, const Context& context,
                                              const ContentStore& contents, InstantMs not_since_ms);

/// The counter for Context::damaged.
[[nodiscard]] Metric& damaged_counter(Metrics& metrics);

/// Writes one custody event; for this module.
[[nodiscard]] Result<void> write_custody(store::Transaction& tx, const Context& context,
                                         const ItemId& id, CustodyKind kind, std::string_view actor,
                                         std::string_view reason);

/// What people and browsers wrote, cut to `size_max` octets at a character's border; empty if it is
/// not UTF-8, because half a name deceives.
[[nodiscard]] std::string storable_part(std::string_view text, std::size_t size_max);

}  // namespace khien::evidence
