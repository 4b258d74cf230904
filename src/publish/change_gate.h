// The circuit breaker at the gate of the zones: may this addition take force by itself, or does a
// person look first? Denmark 2012: a file of 8,000 good names in the wrong folder, pulled
// unattended. Pure functions of what is proposed; removals, lifts and lapses never come here.
// Who holds a change, and until when, is gate.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/category.h"
#include "base/clock.h"
#include "publish/zone_table.h"

namespace khien::publish {

/// Why a change waits for a person. The words are those of the API and of khienctl.
enum class HoldReason : std::uint8_t {
  good_names,   ///< names that people rely on: never-block lists, the most popular names
  canary,       ///< a fixed good name would not resolve any more
  too_many,     ///< more additions in a short time than people decide
  rolled_back,  ///< withdrawn by a rollback
  stopped,      ///< an operator has stopped publication
  rejected,     ///< a person refused what the same list wanted before
  large_list,   ///< a list adds so much that it begins on trial (GateLimits::stage_lists_above)
};
[[nodiscard]] std::string_view to_string(HoldReason reason) noexcept;
[[nodiscard]] std::optional<HoldReason> parse_hold_reason(std::string_view word) noexcept;
/// True where a second person must agree before the change is released.
[[nodiscard]] bool needs_two(HoldReason reason) noexcept;

/// What stands behind an addition, as far as the database could prove it.
enum class Warrant : std::uint8_t {
  none,         ///< an order of the usual kind
  two_signers,  ///< an order of class A: two signers of different units saw what it hits
  judged_set,   ///< a list that has passed its own breaker, or was released there by a person
  admitted,     ///< a part of a list that this gate has let through: only a stop holds it
  released,     ///< a person has released it here
};

struct GateLimits {
  std::size_t adds_max = 500;        ///< of one zone in a window, by orders
  std::size_t adds_free = 100;       ///< that many are never too many in percent
  std::size_t adds_permyriad = 100;  ///< hundredths of a percent of the names that the zone holds
  std::int64_t window_ms = 10 * ms_per_minute;
  /// Good names that orders with two signers may add in a window: one or two are a decision.
  std::size_t good_signed_max = 3;
  /// Addresses of one set in a window: each takes three people, so twenty at once are no decision.
  std::size_t addresses_max = 20;
  /// A list that adds more than this begins on trial by itself (ADR 0307); 0: none does.
  std::size_t stage_lists_above = 0;
};

/// A name that should not be blocked by accident.
struct GoodName {
  std::string name;        ///< of the list; may lie above or below what was asked
  std::string why;         ///< "never_block: bank-website (…)"
  bool orderable = false;  ///< an order of class A may name it; else nobody may
};
/// Whether a rule for `name` (lower case, no last dot) hits a good name. `basis` decides what
/// counts: a network's own choice may hide popular names. Any thread.
using FindGoodName =
    std::function<std::optional<GoodName>(std::string_view name, Scope scope, Basis basis)>;

/// One addition by an order.
struct AddFacts {
  Warrant warrant = Warrant::none;
  bool stopped = false;
  bool blocks_canary = false;
  bool served_before = false;  ///< the zones are built anew: it does not count as a burst
  std::optional<GoodName> good = {};
  std::size_t added_in_window = 0;  ///< to the zone, before this one
  std::size_t good_in_window = 0;   ///< of them good names with two signers
  std::size_t names_in_zone = 0;
};
[[nodiscard]] std::optional<HoldReason> judge_add(const AddFacts& facts, const GateLimits& limits);

/// All that a list wants to add at once.
struct SetFacts {
  Warrant warrant = Warrant::judged_set;
  bool stopped = false;
  bool blocks_canary = false;
  std::optional<HoldReason> guarded = {};  ///< a person has to release this list's next change
  bool can_be_tried = false;               ///< its zone has trial zones
  std::size_t good_count = 0;
  std::size_t adds = 0;
  std::size_t added_in_window = 0;
  std::size_t names_in_zone = 0;
};
/// large_list: it does not wait, it begins on trial.
[[nodiscard]] std::optional<HoldReason> judge_set(const SetFacts& facts, const GateLimits& limits);

}  // namespace khien::publish
