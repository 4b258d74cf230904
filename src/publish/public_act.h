// What people decide about publication is public: a leaf of the log. Through the API it is written
// in a transaction that ends well only if the act did, from the machine itself a moment later.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "store/executor.h"

namespace khien::publish {

/// Fields that are empty, or 0, are left out.
struct PublicAct {
  std::string_view type =
      {};  ///< "publication.released", "…tried" (in stages), "…advanced", "…agreed", …
  std::string zone = {};    ///< id; empty: every zone
  std::string actor = {};   ///< account id, or "uid-0" of the machine
  std::string reason = {};  ///< word of HoldReason, of a decision on a held change
  std::int64_t count = 0;   ///< of names decided on
  std::int64_t serial = 0;  ///< of a rollback: gone back to
};
[[nodiscard]] Result<void> record_act(store::Transaction& tx, const Clock& clock, Rng& rng,
                                      const PublicAct& act);

}  // namespace khien::publish
