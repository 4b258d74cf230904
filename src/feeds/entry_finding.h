// What rechecks found of single entries of a feed (dead, parked, sinkholed, changed hands), and
// what became of it. A person keeps the entry, with a reason, or drops it; where nobody does
// either, it drops at the finding's date. A dropped name is remembered with its feed: whatever the
// source lists later, it never returns through that decision. A new subscription is a new decision.
//
//   open ──a person, or the date──► dropped (for good)
//     ├──a person, with a reason──► kept (not found again for the same for kept_for_ms)
//     └──the name is as it was──► withdrawn
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cases/lift_proposal.h"
#include "cases/page.h"
#include "feeds/subscriptions.h"

namespace khien::feeds {

/// Open and dropped entries of one feed. When it is reached, nothing more is found in that feed:
/// a list with so many dead names is one to end.
constexpr std::int64_t entry_findings_max = 100'000;
constexpr std::int64_t entries_decided_kept_ms = 90 * ms_per_day;  // kept and withdrawn rows
constexpr int entries_tidied_max = 10'000;                         // rows deleted in one go

enum class EntryState : std::uint8_t { open, kept, dropped, withdrawn };
[[nodiscard]] std::string_view to_string(EntryState state) noexcept;
[[nodiscard]] std::optional<EntryState> parse_entry_state(std::string_view word) noexcept;

struct EntryFinding {
  std::int64_t id = 0;  ///< the cursor, too
  FeedId feed;
  std::string name;
  cases::RecheckFinding finding = cases::RecheckFinding::dead;
  cases::FindingGrounds grounds;
  EntryState state = EntryState::open;
  InstantMs found_at_ms = 0;
  InstantMs lapses_at_ms = 0;
  std::string decided_by;  ///< account id; empty: time, or the engine
  std::optional<InstantMs> decided_at_ms;
  std::string reason;
};

struct FoundEntry {
  FeedId feed;
  std::string name;
  cases::RecheckFinding finding;
  cases::FindingGrounds grounds;
};
/// Opens a finding that lapses `days` from now (a changed owner: reregistered_life_ms at most). It
/// says whether it did: not where one is open already for the same, the entry was dropped, or a
/// person kept it lately. Another finding takes the place of an open one and gives it no more time.
/// limit_exceeded "entry_findings_max".
[[nodiscard]] Result<bool> find_entry(store::Transaction& tx, const Context& context,
                                      const FoundEntry& found);
/// The name is as it was. It says whether something was open; a changed owner stays found.
[[nodiscard]] Result<bool> withdraw_entry(store::Transaction& tx, const Context& context,
                                          const FeedId& feed, std::string_view name);

struct EntryMove {
  std::int64_t id = 0;
  std::string actor;   ///< account id
  std::string reason;  ///< needed to keep: invalid_argument "feed_reason"
};
/// Out of force at once and for good. conflict "wrong_state" unless open; not_found. Leaf
/// feed.entries_dropped. Wakes who publishes.
[[nodiscard]] Result<EntryFinding> drop_entry(store::Transaction& tx, const Context& context,
                                              const EntryMove& move);
/// Stays. The same errors. Leaf feed.entry_kept.
[[nodiscard]] Result<EntryFinding> keep_entry(store::Transaction& tx, const Context& context,
                                              const EntryMove& move);

[[nodiscard]] Result<bool> any_entry_due(store::Executor& db, InstantMs now_ms);
/// Drops what nobody decided in time: how many. One leaf feed.entries_dropped for each feed.
[[nodiscard]] Result<std::int64_t> drop_due_entries(store::Transaction& tx, const Context& context);
/// Deletes what was decided long ago, and the memory of feeds that are over: how many rows.
[[nodiscard]] Result<std::int64_t> tidy_entries(store::Transaction& tx, const Context& context);

[[nodiscard]] Result<EntryFinding> load_entry(store::Executor& db, std::int64_t id);
/// Newest first.
[[nodiscard]] Result<cases::Page<EntryFinding>> list_entries(store::Executor& db, EntryState state,
                                                             const cases::PageRequest& page);
[[nodiscard]] Result<std::int64_t> count_open_entries(store::Executor& db);

/// The names that left their feeds: dropped, or past their date even if nobody has written that.
struct OutOfForce {
  FeedId feed;
  std::string name;
};
/// Changes whenever out_of_force() does. Cost: the partial indices of what is open and dropped.
struct OutMark {
  std::int64_t count = 0;
  std::int64_t id_sum = 0;
  bool operator==(const OutMark&) const = default;
};
[[nodiscard]] Result<OutMark> out_mark(store::Executor& db, InstantMs now_ms);
/// All of them; reads in steps.
[[nodiscard]] Result<std::vector<OutOfForce>> out_of_force(store::Executor& db, InstantMs now_ms);

}  // namespace khien::feeds
