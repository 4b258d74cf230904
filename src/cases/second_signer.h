// The second signature from outside, and the third where one is needed: which orders wait for one,
// until when, who may give it, and the job that lets those people know. How they are told is not
// known here: a worker that takes the job does it, with mail or otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cases/context.h"
#include "cases/order.h"
#include "identity/rights.h"
#include "store/executor.h"

namespace khien::cases {

/// The kind of the job (store/jobs.h); its payload is the order's id.
constexpr std::string_view job_second_signature = "order.second_signature";
/// With this many waiting, nobody is told of one more: it waits in the list of the app like all.
constexpr std::int64_t second_signature_jobs_max = 1'000;
/// With pauses of up to 15 minutes about eight hours, a working day: later, the app tells soon
/// enough.
constexpr int second_signature_attempts_max = 40;

/// True for an order that is proposed, or an emergency that nobody has ratified.
[[nodiscard]] bool waits_for_second(const Order& order) noexcept;

/// When the second signature is due: by the deadline of a proposal, or when the emergency lapses.
/// nullopt for an order that does not wait, or whose deadline is gone.
[[nodiscard]] Result<std::optional<InstantMs>> second_signature_due(store::Executor& db,
                                                                    const Order& order);

/// What the right to give it depends on; borrows the order.
[[nodiscard]] identity::Facts second_signature_facts(const Order& order);
/// Whether `actor` may give it: the rights of approve_order() and ratify_order().
[[nodiscard]] identity::Verdict may_sign_second(const identity::Actor& actor, const Order& order);

/// Queues the job with the move that makes the order wait, where the context says that somebody
/// takes such jobs. Too many of them is logged and no reason to refuse the move.
[[nodiscard]] Result<void> tell_second_signers(store::Transaction& tx, const Context& context,
                                               const Order& order);

}  // namespace khien::cases
