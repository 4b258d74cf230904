// What a recheck found of a name under an order, as a proposal to lift it: dated, with its reasons,
// for a person to follow (order.h: lift_order) or to turn down (keep_order). If nobody does either,
// the order lapses at the proposal's date. A proposal can only end a block, never begin or widen
// one; who looked and how is not this module's business (recheck/).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cases/context.h"
#include "cases/ids.h"
#include "cases/order.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

enum class RecheckFinding : std::uint8_t {
  dead,          ///< the name or its domain does not exist, over days
  parked,        ///< name servers of a company that parks names
  sinkholed,     ///< name servers of a known sinkhole: somebody has seized it
  reregistered,  ///< came back with other name servers after it had been dead
  content_gone,  ///< the name is served, its reported pages are not, over days; of orders alone
};
[[nodiscard]] std::string_view to_string(RecheckFinding finding) noexcept;
[[nodiscard]] std::optional<RecheckFinding> parse_recheck_finding(std::string_view word) noexcept;

/// On what a finding rests. No address of the name is ever among it (docs/publish/recheck.md).
struct FindingGrounds {
  std::int64_t looks = 0;   ///< that agree
  InstantMs since_ms = 0;   ///< the first of them
  std::string server = {};  ///< the name server that says so; empty for dead
};
constexpr std::size_t finding_server_size_max = 253;

constexpr std::int64_t proposal_days_default = 14;  // Setting::proposal_days
constexpr std::int64_t proposal_days_max = 60;
/// A name that changed hands has an owner who did nothing: the block goes much sooner.
constexpr std::int64_t reregistered_life_ms = 72 * ms_per_hour;
/// Pages may be gone for us alone (cloaking): a person gets this much time, whatever the setting.
constexpr std::int64_t content_gone_life_min_ms = proposal_days_default * ms_per_day;
/// After "keep", the same finding is not proposed again for this long.
constexpr std::int64_t kept_for_ms = 7 * ms_per_day;
constexpr int proposals_listed_max = 200;

enum class ProposalState : std::uint8_t {
  open,
  kept,       ///< a person wants the block to stay
  lifted,     ///< a person lifted the order
  lapsed,     ///< the order went by a date, this one's or its own
  withdrawn,  ///< later looks say otherwise, or the order was renewed
};
[[nodiscard]] std::string_view to_string(ProposalState state) noexcept;

struct LiftProposal {
  std::int64_t id = 0;
  OrderId order;
  RecheckFinding finding = RecheckFinding::dead;
  FindingGrounds grounds;
  ProposalState state = ProposalState::open;
  InstantMs proposed_at_ms = 0;
  InstantMs lapses_at_ms = 0;      ///< never after the order's own end
  identity::AccountId settled_by;  ///< empty: time, or the engine
  std::optional<InstantMs> settled_at_ms;
  std::string reason;  ///< of the person, or a sentence of ours
};

struct LiftFinding {
  OrderId order;
  RecheckFinding finding;
  FindingGrounds grounds;
};
/// Proposes to lift an order in force or suspended. An order in force becomes due_review at once
/// where its state allows. Nothing happens (nullopt) where the same is proposed already, was turned
/// down within kept_for_ms, or the order is over. Another finding takes the place of an open one
/// and never gives it more time. Leaf order.lift_proposed. not_found.
[[nodiscard]] Result<std::optional<LiftProposal>> propose_lift(store::Transaction& tx,
                                                               const Context& context,
                                                               const LiftFinding& finding);
/// What a look saw of a name that is served as before.
enum class Sighting : std::uint8_t {
  name,       ///< that alone: its pages were looked at and not seen
  page,       ///< a page of it, too
  unwatched,  ///< that alone, and nobody looks at its pages
};
/// The name is again what it was: an open proposal ends. It says whether there was one. A name that
/// changed hands stays so: that proposal is left alone; so is one of pages that are gone while
/// pages are looked at and none was seen. Leaf order.lift_withdrawn.
[[nodiscard]] Result<bool> withdraw_lift_proposal(store::Transaction& tx, const Context& context,
                                                  const OrderId& order, Sighting seen);

[[nodiscard]] Result<std::optional<LiftProposal>> open_proposal(store::Executor& db,
                                                                const OrderId& order);
/// All of one order, newest first; at most proposals_listed_max.
[[nodiscard]] Result<std::vector<LiftProposal>> proposals_of(store::Executor& db,
                                                             const OrderId& order);
/// Those that wait for a person, the soonest to lapse first; at most proposals_listed_max.
[[nodiscard]] Result<std::vector<LiftProposal>> list_open_proposals(store::Executor& db);
[[nodiscard]] Result<std::int64_t> count_open_proposals(store::Executor& db);
/// Whether one is open that was made at `since_ms` or later, or lapses at `soon_ms` or before.
[[nodiscard]] Result<bool> any_proposal_to_tell(store::Executor& db, InstantMs since_ms,
                                                InstantMs soon_ms);

}  // namespace khien::cases
