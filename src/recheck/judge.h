// What a row of looks at one name means: a pure function, so that every finding can be said again
// from what is kept. A look that told nothing counts for nothing, on either side; one odd look
// makes no finding.
#pragma once

#include <optional>
#include <span>

#include "cases/lift_proposal.h"
#include "recheck/look.h"
#include "recheck/operators.h"

namespace khien::recheck {

constexpr std::size_t dead_looks = 3;                   // that agree,
constexpr std::int64_t dead_after_ms = 3 * ms_per_day;  // from the first to the last of them
constexpr std::size_t operator_looks = 2;               // parked, sinkholed
constexpr std::int64_t operator_after_ms = 20 * ms_per_hour;
constexpr std::int64_t dead_period_ms = ms_per_day;  // after which other servers mean another owner
// Of pages that are gone. A scammer can show a 404 to us alone, or at night: so longer than for
// anything that DNS tells, and at different times of the day.
constexpr std::size_t content_looks = 4;
constexpr std::int64_t content_after_ms = 7 * ms_per_day;
constexpr std::int64_t day_quarter_ms = 6 * ms_per_hour;
constexpr int content_quarters = 3;  // of the day's four, in which such looks must lie

enum class Standing : std::uint8_t {
  alive,    ///< serves as before, as far as DNS and, where looked at, pages tell
  unseen,   ///< served as before, as DNS tells; of its pages none was seen
  unknown,  ///< not yet, or not again, enough to say anything
  found,    ///< Judgement::finding
};

struct Judgement {
  Standing standing = Standing::unknown;
  std::optional<cases::RecheckFinding> finding = {};
  cases::FindingGrounds grounds = {};  ///< of unseen: what speaks for gone pages so far
};

/// Of `looks`, oldest first. The latest that told something decides what it can be at all:
///
///   gone       dead, once dead_looks in a row over dead_after_ms agree
///   exists     reregistered, if before a gone period of dead_period_ms or more it was served by
///              wholly other servers and another primary; else sinkholed or parked, once
///              operator_looks in a row over operator_after_ms agree; else as its pages are:
///   present    alive, and so where nobody looked at pages
///   gone       content_gone, once content_looks without a sight of any page between them agree,
///              over content_after_ms and in content_quarters of the day; else unseen
///   unclear    unseen: it counts for nothing, on either side
///
/// A name that came back without anything known of before is unknown, not alive. O(looks).
[[nodiscard]] Judgement judge(std::span<const Look> looks, const Operators& operators);

}  // namespace khien::recheck
