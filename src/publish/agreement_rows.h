// The one row in which the outcome of the last comparison stands. Internal to the module.
#pragma once

#include "publish/agreement.h"

namespace khien::publish {

/// Replaces the row by `now`, keeping since when they differ. Returns what stood there before.
[[nodiscard]] Result<AgreementState> note_agreement(store::Transaction& tx,
                                                    const AgreementState& now);

}  // namespace khien::publish
