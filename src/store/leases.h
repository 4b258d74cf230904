// Named leases: at most one process at a time is the sequencer, the publisher, the one who lapses
// orders. A lease ends by itself when its holder vanishes. Clocks of several machines may differ,
// so time alone does not protect what the holder writes: confirm_lease() inside each of its
// transactions does, by a token that every change of holder raises.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/database.h"

namespace khien::store {

struct Lease {
  std::string name;
  std::string holder;
  std::int64_t token = 0;
  InstantMs until_ms = 0;
};

/// The lease for `ttl_ms` from now, or none while another holder has it. The same holder gets it
/// again with the same token: this is also how it is renewed; do so at a third of `ttl_ms`.
/// `holder` must be different in every process and every start, for example a new id.
[[nodiscard]] Result<std::optional<Lease>> take_lease(Database& database, const Clock& clock,
                                                      std::string_view name,
                                                      std::string_view holder, std::int64_t ttl_ms);

// ---- a lease that is watched: nobody's clock decides, only whether it is renewed
// -----------------

/// The lease as it stands, with `until_ms` 0 once its holder has let go; none if nobody ever had
/// it.
[[nodiscard]] Result<std::optional<Lease>> find_lease(Executor& executor, std::string_view name);
/// Renews what is held. conflict "lease_lost" if another has had it since: unlike take_lease(), it
/// does not take a lease back that has run out meanwhile and changed hands.
[[nodiscard]] Result<Lease> renew_lease(Database& database, const Clock& clock, const Lease& lease,
                                        std::int64_t ttl_ms);
/// Takes the lease from whoever has it, if it still is exactly as `seen`: whoever has watched it
/// for its whole time, by a clock that only goes forwards, and saw no renewal, may do so. None if
/// it was renewed or taken meanwhile.
[[nodiscard]] Result<std::optional<Lease>> seize_lease(Transaction& tx, const Clock& clock,
                                                       const std::optional<Lease>& seen,
                                                       std::string_view name,
                                                       std::string_view holder,
                                                       std::int64_t ttl_ms);

/// Lets go early, so that the next one need not wait. Harmless if the lease is lost already.
[[nodiscard]] Result<void> give_up_lease(Database& database, const Lease& lease);

/// conflict with reason "lease_lost" if another holder has had the lease since. Keeps others from
/// taking it until `tx` ends.
[[nodiscard]] Result<void> confirm_lease(Transaction& tx, const Lease& lease);

}  // namespace khien::store
