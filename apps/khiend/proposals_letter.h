// The letter about orders that rechecks propose to lift: to everybody who may lift, once a day at
// most, in the morning, and only where there is something to say: a proposal that was not in the
// letter before, or one that lapses soon. It lists all that are open, so that one mail is enough.
#pragma once

#include "officer_mail.h"

namespace khien::khiend {

/// The kind of the job that plans the next letter: one stands at all times. Its payload is the
/// moment of the letter before.
constexpr std::string_view job_proposals_planned = "order.lift_proposals";
constexpr std::int64_t proposals_letter_hour = 8;  // in Vietnam
/// A proposal that lapses within this is told of again, each day.
constexpr std::int64_t proposals_soon_ms = 48 * ms_per_hour;

/// The next moment after `now_ms` at which a letter may go. Pure.
[[nodiscard]] InstantMs next_proposals_letter(InstantMs now_ms) noexcept;

[[nodiscard]] Letter proposals_letter(LetterParts parts);

}  // namespace khien::khiend
