// Objections to a list: somebody's name is blocked because a list that was subscribed to has it,
// and no order names it. No account is needed; a random code, stored as a hash, shows what became
// of it. One officer who may lift an order upholds it, at once: the name is then excepted, dated,
// and what publishes lists (feeds) meets the exception before it looks at any list, in later runs
// too. An exception keeps lists out and nothing else: an order with two signatures blocks the name
// all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cases/context.h"
#include "cases/ids.h"
#include "cases/page.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

/// How long an upheld objection keeps lists away from its name; then it is looked at anew.
constexpr std::int64_t exception_life_ms = 365 * ms_per_day;
constexpr std::size_t exceptions_max = 10'000;   // names excepted at one time
constexpr std::size_t objection_lists_max = 64;  // lists that one objection is kept with
constexpr int objection_decision_days = 1;       // working days

enum class ListingObjectionState : std::uint8_t { lodged, upheld, denied };
[[nodiscard]] std::string_view to_string(ListingObjectionState state) noexcept;
[[nodiscard]] std::optional<ListingObjectionState> parse_listing_objection_state(
    std::string_view word) noexcept;

struct ListingObjectionDraft {
  std::string name;  ///< host or URL as written
  std::string text;
  std::string contact = {};  ///< sealed, in a table of its own
  std::string language = "vi";
  std::string submission = {};          ///< as in ReportDraft
  std::vector<std::string> lists = {};  ///< ids of the lists that hold it, as far as known
};
struct ListingObjectionReceipt {
  ListingObjectionId id;
  std::string code;  ///< shown this once; empty where the same form came before
  std::string number;
  std::string name;  ///< normalised
  InstantMs lodged_at_ms = 0;
  InstantMs answer_due_ms = 0;
};
/// malformed for what is no name; invalid_argument "appeal_empty"; conflict "already_excepted" if
/// lists are kept from this very name already. Leaf objection.lodged.
[[nodiscard]] Result<ListingObjectionReceipt> lodge_listing_objection(
    store::Transaction& tx, const Context& context, const ListingObjectionDraft& draft);

struct ListingObjection {
  ListingObjectionId id;
  std::string number;
  std::int64_t version = 1;
  ListingObjectionState state = ListingObjectionState::lodged;
  std::string name;
  std::vector<std::string> lists;
  std::string text;
  bool has_contact = false;
  identity::AccountId decided_by;
  std::string reason;
  InstantMs lodged_at_ms = 0;
  std::optional<InstantMs> answer_due_ms;
  std::optional<InstantMs> decided_at_ms;
  std::optional<InstantMs> until_ms;  ///< of an exception
  std::int64_t cursor = 0;
};
[[nodiscard]] Result<ListingObjection> load_listing_objection(store::Executor& db,
                                                              const ListingObjectionId& id);
[[nodiscard]] Result<Page<ListingObjection>> list_listing_objections(
    store::Executor& db, std::optional<ListingObjectionState> state, const PageRequest& page);
/// By the objector's code; not_found for every code that is none.
[[nodiscard]] Result<ListingObjection> listing_objection_status(store::Executor& db,
                                                                std::string_view code);
/// The contact that the objector left; nullopt if none. The caller asks may() before.
[[nodiscard]] Result<std::optional<std::string>> open_objection_contact(
    store::Executor& db, const Context& context, const ListingObjectionId& id);
/// How many wait for a decision.
[[nodiscard]] Result<std::int64_t> count_open_listing_objections(store::Executor& db);

/// The names that no list may block at `now_ms`, in order, each once; at most exceptions_max.
[[nodiscard]] Result<std::vector<std::string>> excepted_names(store::Executor& db,
                                                              InstantMs now_ms);

struct ListingObjectionMove {
  ListingObjectionId id;
  std::int64_t version = 0;
  std::string reason;  ///< the objector reads it
};
/// One person, at once: the right that lifts an order, whoever subscribed to the list.
/// limit_exceeded "exceptions_max". Leaf objection.upheld.
[[nodiscard]] Result<ListingObjection> uphold_listing_objection(store::Transaction& tx,
                                                                const Context& context,
                                                                const identity::Actor& actor,
                                                                const ListingObjectionMove& move);
/// Right appeal.decide; denied "touched_order" for `touched_by`, who subscribed to the lists. Leaf
/// objection.denied.
[[nodiscard]] Result<ListingObjection> deny_listing_objection(
    store::Transaction& tx, const Context& context, const identity::Actor& actor,
    const ListingObjectionMove& move, std::span<const identity::AccountId> touched_by);

}  // namespace khien::cases
