#include "identity/leaf.h"

namespace khien::identity {

Result<void> record(store::Transaction& tx, const Context& context, std::string_view type,
                    std::vector<ledger::LeafField> fields) {
  auto added =
      ledger::append(tx, context.clock, context.rng,
                     ledger::LeafDraft{.type = std::string{type}, .fields = std::move(fields)});
  if (!added) return propagate(std::move(added).error(), "append leaf");
  return {};
}

}  // namespace khien::identity
