// The order: a block as a legal object. No block without a category, a legal ground, evidence, an
// impact check, two different signers, an end date and a way to object; lifting needs one officer.
// These are properties of the code and of the schema, not settings. An address or a prefix needs a
// third signer besides, a reason for the step up, and a setting that allows it at all; it is never
// an emergency (docs/adr/0103-orders-on-addresses.md). A web address is ordered as a name is;
// proxies alone enforce it (docs/adr/0105-orders-on-urls.md).
//
//   draft ─► impact_checked ─► proposed ─► approved ─► published ─► enforced ─► verified
//              │ ▲              │  │  └► refused                       │
//              │ └─ returned ◄──┘                  due_review ◄──7 days─┤   suspended ◄─► approved
//              └─ emergency: one signature, approved for 4 h            └─► lifted | lapsed |
//              renewed
//                                                     lifted | lapsed ─► lift_published ─►
//                                                     lift_verified
//
// Each function below is one move: rights (identity::may), version, state, deadlines, one event,
// one ledger leaf, the publication row and the wake-up, all in the caller's transaction. Errors of
// every move: not_found; denied with the words of identity::may ("not_your_role", "own_order",
// "other_unit_needed", "already_signed", "touched_order", "waits_for_appeal"); conflict
// "stale_version", "wrong_state".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "cases/page.h"
#include "cases/scope.h"
#include "cases/states.h"
#include "identity/actor.h"
#include "identity/signature.h"
#include "store/executor.h"

namespace khien::cases {

struct Impact;  // impact.h

constexpr std::int64_t impact_life_ms = 24 * ms_per_hour;  // an older check is done again
constexpr std::int64_t emergency_life_ms = 4 * ms_per_hour;
constexpr std::int64_t recheck_period_ms = 7 * ms_per_day;
constexpr std::int64_t suspension_max_ms = 90 * ms_per_day;
constexpr std::size_t order_evidence_max = 200;
constexpr std::size_t order_reason_size_max = 2'000 * 4;  // octets

/// What an order on an address or a prefix says besides; empty for names.
struct AddressGrounds {
  /// Why nothing narrower does: needed for an address, and why not single addresses for a prefix.
  std::string step_reason = {};
  std::optional<std::int64_t> names_told = {};  ///< of passive DNS: 0 to names_told_max
  std::string told_source = {};                 ///< needed with a count
};
constexpr std::int64_t names_told_max = 1'000'000'000;
constexpr std::size_t told_source_size_max = 200 * 4;  // octets

struct OrderDraft {
  CaseId case_id;
  /// As written: a host name or URL, kept in A-labels; or, as the scope says, an address or prefix,
  /// or a web address, kept as url_target.h has it.
  std::string name;
  Scope scope = Scope::host;
  std::string category;  ///< id of base/category.h
  InstrumentId ground;   ///< legal instrument; empty is refused at the proposal
  std::vector<std::string> evidence_ids;
  std::optional<InstantMs> ends_at_ms;
  std::string reason;  ///< wording: shown to signers and in the register
  AddressGrounds address = {};
};

struct OrderEdit {
  OrderId id;
  std::int64_t version;
  std::optional<Scope> scope = {};
  std::optional<std::string> category = {};
  std::optional<InstrumentId> ground = {};
  std::optional<std::vector<std::string>> evidence_ids = {};
  std::optional<InstantMs> ends_at_ms = {};
  std::optional<std::string> reason = {};
  std::optional<AddressGrounds> address = {};
};

/// Which signature.
enum class SignedMove : std::uint8_t { propose, approve, emergency, ratify };
[[nodiscard]] std::string_view to_string(SignedMove move) noexcept;
[[nodiscard]] std::optional<SignedMove> parse_signed_move(std::string_view word) noexcept;

/// A signature as it is kept; see identity/signature.h for what the methods prove.
struct OrderSignature {
  SignedMove move = SignedMove::propose;
  identity::AccountId account;
  std::string unit;
  std::string method;    ///< "webauthn" or "totp"
  std::string digest;    ///< hex SHA-256 of `document`
  std::string document;  ///< the canonical JSON (RFC 8785) that was signed
  InstantMs signed_at_ms = 0;
};

struct Order {
  OrderId id;
  std::string number;  ///< NB-26-L000007-3
  std::int64_t version = 1;
  OrderState state = OrderState::draft;
  CaseId case_id;
  std::string name;
  Scope scope = Scope::host;
  std::optional<Category> category;
  InstrumentId ground;
  std::string reason;
  std::vector<std::string> evidence_ids;  ///< filled by load_order(), empty in lists
  std::string impact;                     ///< canonical JSON as stored; empty before the check
  std::string impact_verdict;             ///< clear, caution, serious, refuse; empty before
  std::optional<InstantMs> impact_at_ms;
  bool class_a = false;    ///< signers of different units: serious impact, child abuse
  bool emergency = false;  ///< began with one signature
  std::optional<InstantMs> emergency_ends_at_ms;  ///< set until it is ratified
  identity::AccountId proposer;
  std::string proposer_unit;
  /// Of an address or prefix: who signed second of three. Once all three have, `approver` is the
  /// one of another unit than the proposer, and this the other.
  identity::AccountId co_approver;
  std::string co_approver_unit;
  identity::AccountId approver;
  std::string approver_unit;
  std::optional<InstantMs> proposed_at_ms;
  std::optional<InstantMs> valid_from_ms;  ///< when it came into force
  std::optional<InstantMs> ends_at_ms;
  std::optional<InstantMs> recheck_at_ms;
  std::optional<InstantMs> resumes_at_ms;  ///< of a suspension that ends by itself
  std::optional<InstantMs> ended_at_ms;
  std::string end_reason;
  OrderId renews;  ///< the order that it succeeds
  AddressGrounds address;
  InstantMs changed_at_ms = 0;
  std::int64_t cursor = 0;
};

/// When one of the time limits takes it out of force: the end date, or four hours for an emergency
/// order that nobody ratified.
[[nodiscard]] std::optional<InstantMs> leaves_force_at(const Order& order) noexcept;

// ---- reading --------------------------------------------------------------------------------

[[nodiscard]] Result<Order> load_order(store::Executor& db, const OrderId& id);
[[nodiscard]] Result<Order> find_order_by_number(store::Executor& db, std::string_view number);
[[nodiscard]] Result<std::vector<OrderSignature>> list_signatures(store::Executor& db,
                                                                  const OrderId& id);
struct OrderFilter {
  std::string query = {};  ///< a number, or part of a name
  std::optional<OrderState> state = {};
  std::optional<Category> category = {};
  CaseId case_id = {};
};
[[nodiscard]] Result<Page<Order>> list_orders(store::Executor& db, const OrderFilter& filter,
                                              const PageRequest& page);
/// What waits for the second signature of `actor` (second_signer.h), among the page_size_max that
/// others proposed first; oldest first, no cursor.
[[nodiscard]] Result<std::vector<Order>> list_waiting(store::Executor& db,
                                                      const identity::Actor& actor);
/// In force or suspended and ending, or due for recheck, until `until_ms`; soonest first.
[[nodiscard]] Result<std::vector<Order>> list_lapsing(store::Executor& db, InstantMs until_ms);

// ---- before the first signature -------------------------------------------------------------

/// Right order.draft. denied "choice_category"; invalid_argument "no_category" for a word that is
/// none; malformed for a name that is none ("bad_address" for an address or prefix; "bad_url"
/// "whole_site" "page_too_long" for a web address), or for a count or source that is none
/// ("bad_names_told"); conflict "addresses_off". Ground, evidence and end date may follow. Leaf
/// order.drafted.
[[nodiscard]] Result<Order> draft_order(store::Transaction& tx, const Context& context,
                                        const identity::Actor& actor, const OrderDraft& draft);
/// From draft, impact_checked or returned back to draft; the impact is forgotten. The scope of a
/// name stays one of names, any other as it is: invalid_argument "bad_scope". Leaf order.edited.
[[nodiscard]] Result<Order> edit_order(store::Transaction& tx, const Context& context,
                                       const identity::Actor& actor, const OrderEdit& edit);
/// Stores an impact check made now by impact.h. A refusing one is stored, too: the order can then
/// be seen, edited, and never proposed. conflict "impact_mismatch" if it is about another name or
/// scope. Leaf order.impact_checked.
[[nodiscard]] Result<Order> attach_impact(store::Transaction& tx, const Context& context,
                                          const identity::Actor& actor, const OrderId& id,
                                          std::int64_t version, const Impact& impact);

// ---- signatures -----------------------------------------------------------------------------

struct SigningDocument {
  std::string canonical;  ///< RFC 8785: the order, the move, the impact as shown
  std::string digest;     ///< hex SHA-256 of it: what is signed; the WebAuthn challenge
};
/// What a signature of `move` covers. Refuses what the move would refuse, so that nobody signs in
/// vain: the errors of propose_order() and so on, "bad_signature" aside.
[[nodiscard]] Result<SigningDocument> signing_document(store::Executor& db, const Context& context,
                                                       const identity::Actor& actor,
                                                       const OrderId& id, std::int64_t version,
                                                       SignedMove move);

/// A move with a signature over signing_document(); identity has checked the factor, this checks
/// that it is the actor's and over this very document: denied "bad_signature".
struct SignedRequest {
  OrderId id;
  std::int64_t version;
  identity::SignatureRecord signature;
  std::string reason = {};  ///< needed for an emergency
};

/// Right order.propose. invalid_argument "no_category" "choice_category" "no_legal_ground"
/// "no_evidence" "unknown_evidence" "no_end_date" "end_date_too_late" "end_date_past"
/// "reason_needed" "step_reason_needed"; conflict "impact_missing" "impact_refused" "impact_stale"
/// "already_ordered" "addresses_off". Leaf order.proposed.
[[nodiscard]] Result<Order> propose_order(store::Transaction& tx, const Context& context,
                                          const identity::Actor& actor,
                                          const SignedRequest& request);
/// Right order.approve, never the proposer (denied "own_order"); class A: of another unit (denied
/// "other_unit_needed"). conflict "impact_stale" "end_date_past" "already_ordered". A renewal takes
/// its predecessor's place at once. Leaf order.approved (and order.renewed of the predecessor).
/// An address or prefix needs two of them, of different people, one of another unit: the first
/// leaves it proposed (leaf order.co_approved); the same person again is denied "already_signed".
[[nodiscard]] Result<Order> approve_order(store::Transaction& tx, const Context& context,
                                          const identity::Actor& actor,
                                          const SignedRequest& request);
/// Right order.emergency: in force at once with this one signature, until emergency_life_ms later.
/// Refuses what propose_order() refuses, and addresses and prefixes (conflict "no_emergency"). Leaf
/// order.emergency.
[[nodiscard]] Result<Order> declare_emergency(store::Transaction& tx, const Context& context,
                                              const identity::Actor& actor,
                                              const SignedRequest& request);
/// The second signature of an emergency order, under the rules of approve_order(). Leaf
/// order.ratified.
[[nodiscard]] Result<Order> ratify_order(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor,
                                         const SignedRequest& request);

// ---- without a signature --------------------------------------------------------------------

struct ReasonedMove {
  OrderId id;
  std::int64_t version;
  std::string reason;  ///< needed: invalid_argument "reason_needed"
};
/// Leaf order.returned, order.refused.
[[nodiscard]] Result<Order> return_order(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const ReasonedMove& move);
[[nodiscard]] Result<Order> refuse_order(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const ReasonedMove& move);
/// One duty officer, at once; with `resumes_at_ms` it resumes by itself (at most suspension_max_ms
/// away). An unratified emergency order cannot be suspended past its four hours: it still lapses.
/// Leaf order.suspended.
[[nodiscard]] Result<Order> suspend_order(store::Transaction& tx, const Context& context,
                                          const identity::Actor& actor, const ReasonedMove& move,
                                          std::optional<InstantMs> resumes_at_ms);
/// denied "waits_for_appeal" while an admitted appeal suspends it. Leaf order.resumed.
[[nodiscard]] Result<Order> resume_order(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const ReasonedMove& move);
/// One duty officer, at once and for good. Leaf order.lifted.
[[nodiscard]] Result<Order> lift_order(store::Transaction& tx, const Context& context,
                                       const identity::Actor& actor, const ReasonedMove& move);
/// The recheck is done and the block stays: the next recheck is recheck_period_ms away, and an open
/// proposal to lift it (lift_proposal.h) is turned down. (If it does not stay: lift_order.) Only of
/// what is due for review or proposed to be lifted. Leaf order.reviewed.
[[nodiscard]] Result<Order> keep_order(store::Transaction& tx, const Context& context,
                                       const identity::Actor& actor, const ReasonedMove& move);
/// Drafts a successor with the same name, scope, category, ground and evidence. It needs an impact
/// check and both signatures anew. Leaf order.drafted.
[[nodiscard]] Result<Order> renew_order(store::Transaction& tx, const Context& context,
                                        const identity::Actor& actor, const ReasonedMove& move,
                                        InstantMs ends_at_ms);

}  // namespace khien::cases
