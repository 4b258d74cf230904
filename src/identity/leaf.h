// The one place where identity writes ledger leaves. Leaves hold ids, words and hashes: never a
// name, a login, a mail address or a reason's text. Internal to the module.
#pragma once

#include <string_view>
#include <vector>

#include "identity/context.h"
#include "ledger/leaf.h"
#include "store/executor.h"

namespace khien::identity {

/// Appends a leaf of `type` in the transaction of the change that it records.
[[nodiscard]] Result<void> record(store::Transaction& tx, const Context& context,
                                  std::string_view type, std::vector<ledger::LeafField> fields);

}  // namespace khien::identity
