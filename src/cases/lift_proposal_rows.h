// Settling a proposal as part of a move of its order. Internal to the module.
#pragma once

#include <string>

#include "cases/lift_proposal.h"

namespace khien::cases {

struct ProposalEnd {
  ProposalState state;
  identity::AccountId actor = {};
  std::string reason = {};
};
/// Ends the open proposal of `order` and its deadline, without an event of its own. It says whether
/// there was one.
[[nodiscard]] Result<bool> settle_proposal(store::Transaction& tx, const Context& context,
                                           const OrderId& order, const ProposalEnd& end);

/// What the timer does: the order lapses if its proposal's date has passed.
[[nodiscard]] Result<bool> lapse_if_proposed(store::Transaction& tx, const Context& context,
                                             const OrderId& order);

}  // namespace khien::cases
