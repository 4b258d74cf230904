// How far an order is enforced, from its rows. Internal to the module.
#pragma once

#include "cases/publication.h"

namespace khien::cases {

/// published, enforced or verified, as the rows of the followed resolvers say; published while none
/// is followed.
[[nodiscard]] Result<OrderState> enforced_state(store::Executor& db, const OrderId& id,
                                                InstantMs at_ms);

/// Starts the rows of an order for every followed resolver, or moves standing ones on: pending
/// after an add, lift_pending after a remove.
[[nodiscard]] Result<void> start_enforcement(store::Transaction& tx, const Context& context,
                                             const OrderId& id, const PublishedNote& note,
                                             EnforcementState to);

/// Moves the order to what its rows say by now, with an event if that is another state.
[[nodiscard]] Result<void> follow_enforcement(store::Transaction& tx, const Context& context,
                                              const OrderId& id);

}  // namespace khien::cases
