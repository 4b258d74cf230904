// A subscription to somebody else's list, as what it is: a decision that one person proposed and
// another approved, dated, capped, with a circuit breaker; never a file that silently becomes a
// block. Values only; what changes them is in subscriptions.h and runner.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/category.h"
#include "base/clock.h"
#include "base/id.h"
#include "cases/scope.h"
#include "exchange/list_reader.h"

namespace khien::feeds {

struct FeedTag;
using FeedId = Id<FeedTag>;

constexpr std::int64_t entries_max_max = 5'000'000;  // exchange::name_set_names_max
constexpr std::int64_t interval_min_s = 300;
constexpr std::int64_t interval_max_s = 7 * 24 * 3'600;
constexpr std::int64_t interval_default_s = 24 * 3'600;
constexpr std::int64_t change_max_default_permyriad = 500;   // 5 %
constexpr std::int64_t feed_life_max_ms = 366 * ms_per_day;  // then it must be decided anew
/// An entry's life: each good run of its feed shows that the source still lists it and renews it.
/// Where no run has been good for this long, the feed is suspended: a person looks at it.
constexpr std::int64_t entries_life_ms = 30 * ms_per_day;
/// A successor may be decided this long before a feed ends, so that there is no gap.
constexpr std::int64_t feed_renewal_ms = 30 * ms_per_day;
constexpr std::size_t feed_name_size_max = 100;
constexpr std::size_t feed_source_size_max = 2'048;
constexpr std::size_t feed_reason_size_max = 2'000;
constexpr std::size_t feeds_max = 500;

enum class FeedState : std::uint8_t {
  proposed,   ///< waits for a second person; nothing is fetched
  active,     ///< fetched and in force
  stopped,    ///< the breaker holds a change back; the last accepted set stays in force
  suspended,  ///< by a person; nothing of it is in force
  lapsed,     ///< ended, by a person or by its date; nothing of it is in force
};

enum class RunState : std::uint8_t { running, applied, unchanged, stopped, failed };

[[nodiscard]] std::string_view to_string(FeedState state) noexcept;
[[nodiscard]] std::optional<FeedState> parse_feed_state(std::string_view word) noexcept;
[[nodiscard]] std::string_view to_string(RunState state) noexcept;
[[nodiscard]] std::optional<RunState> parse_run_state(std::string_view word) noexcept;

/// True where the accepted set of a feed in this state is published.
[[nodiscard]] constexpr bool in_force(FeedState state) noexcept {
  return state == FeedState::active || state == FeedState::stopped;
}

struct FeedDraft {
  std::string name;
  std::string source;  ///< "https://…", or a path below the feed folder
  exchange::ListFormat format = exchange::ListFormat::domains;
  Category category = Category::phishing;
  cases::Scope scope = cases::Scope::host;  ///< of plain names, where the format does not say
  std::string csv_column = "0";
  std::string licence = {};
  std::int64_t entries_max = 0;
  std::int64_t change_max_permyriad = change_max_default_permyriad;  ///< hundredths of a percent
  std::int64_t interval_s = interval_default_s;
  InstantMs valid_until_ms = 0;
  std::string reason;
};

struct FeedCounts {
  std::uint64_t read = 0;  ///< entries of the list, refused ones included
  std::uint64_t added = 0;
  std::uint64_t removed = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t redundant = 0;
  std::uint64_t refused = 0;
  std::map<std::string, std::uint64_t> refused_reasons = {};  ///< ListRefusal and FindingKind words
};

struct FeedRun {
  std::int64_t id = 0;
  FeedId feed_id;
  RunState state = RunState::running;
  InstantMs started_at_ms = 0;
  std::optional<InstantMs> ended_at_ms;
  std::string set_hash;  ///< of the set that was read; empty if it never came to that
  std::int64_t set_size = 0;
  FeedCounts counts;
  std::string problem_code;  ///< ErrorCode word; empty without a problem
  std::string problem_reason;
  std::string problem_message;
};

struct Feed {
  FeedId id;
  std::int64_t version = 1;
  FeedState state = FeedState::proposed;
  FeedDraft draft;
  std::string proposed_by;  ///< account ids
  InstantMs proposed_at_ms = 0;
  std::string approved_by;      ///< empty until then
  std::int64_t entries = 0;     ///< of the accepted set
  std::string set_hash;         ///< of the accepted set; empty before the first
  std::int64_t good_names = 0;  ///< refused as good names in the accepted run; see breaker.h
  std::string etag;
  std::string last_modified;
  InstantMs next_run_at_ms = 0;
  /// Its entries' end unless a run confirms them again; they leave the zones then.
  InstantMs entries_until_ms = 0;
};

/// Feeds of a network choice go to choice zones, all others to feeds zones.
[[nodiscard]] constexpr Basis basis_of(Category category) noexcept {
  return category == Category::choice_adult || category == Category::choice_gambling ||
                 category == Category::choice_ads
             ? Basis::choice
             : Basis::feeds;
}

}  // namespace khien::feeds
