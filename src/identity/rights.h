// May this person do this, now? One pure function, used by the API before it acts and by the UI to
// say why a button is grey. A table says which role opens which action; the hard separations of
// DOMAIN 7.4 come after it and hold whatever roles a person has. No I/O, any thread.
//
//   const auto verdict = may(actor, Action::order_approve, {.proposer = order.proposed_by});
//   if (!verdict) return fail(verdict);
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "identity/actor.h"

namespace khien::identity {

/// Everything that needs a right: the `x-right` of api/openapi.yaml. Closed.
enum class Action : std::uint8_t {
  account_change,  ///< propose, confirm or refuse a change of roles, factors or lock
  account_create,
  account_read,
  appeal_decide,  ///< admit, reject, decide
  appeal_read,
  case_assign,
  case_close,
  case_comment,
  case_edit,
  case_read,
  case_reopen,
  evidence_add,
  evidence_confirm_destruction,  ///< or refuse it
  evidence_destroy,              ///< ask for it
  evidence_download,  ///< the content itself; evidence_read gives only what is known about it
  evidence_hold,      ///< also release
  evidence_read,
  feed_approve,  ///< also resume
  feed_propose,
  feed_read,
  feed_run,
  feed_suspend,
  new_name_read,  ///< names that resolvers have begun to see
  order_approve,  ///< also ratify
  order_draft,
  order_emergency,
  order_lift,
  order_propose,
  order_read,
  order_refuse,
  order_resume,
  order_return,
  order_suspend,
  provider_read,       ///< who enforces, how well and how soon
  publication_decide,  ///< stop, resume, roll back; release and reject what the gate holds
  publication_read,    ///< zones, their serials, and what each follower has
  report_read,
  report_triage,
  subject_verdict,
};
constexpr std::size_t action_count = 39;

[[nodiscard]] const std::array<Action, action_count>& all_actions() noexcept;
/// "order.approve"
[[nodiscard]] std::string_view to_string(Action action) noexcept;
[[nodiscard]] std::optional<Action> parse_action(std::string_view id) noexcept;
/// True for what puts a person's signature under an order: an administrator never does.
[[nodiscard]] bool is_signing(Action action) noexcept;
/// True for what only looks.
[[nodiscard]] bool is_reading(Action action) noexcept;

/// What the record says. Give what is known; what is left out separates nobody, so a caller that
/// acts (not only shows) must give all that its action names:
///
///   order_approve, order_refuse   proposer, proposer_unit, needs_other_unit; approve: signed_by
///     (ratify: the proposer is who signed the emergency order)
///   order_resume                  touched_by, suspended_for_appeal
///   order_lift, order_suspend     nothing: anyone with the role, at once
///   appeal_decide                 touched_by
///   feed_approve                  proposer
///   evidence_confirm_destruction  proposer: who asked for it
///   account_change                target, and proposer where it confirms or refuses
///
/// Borrows `touched_by` and `proposer_unit` for the call.
struct Facts {
  AccountId proposer = {};              ///< who proposed the thing that waits for a decision
  std::string_view proposer_unit = {};  ///< their unit at that time
  bool needs_other_unit =
      false;                 ///< class A and serious impact: the second signer is of another unit
  AccountId signed_by = {};  ///< who signed second already, where a third signature is needed
  std::span<const AccountId> touched_by =
      {};  ///< whoever drafted, signed, returned or suspended it
  bool suspended_for_appeal = false;
  AccountId target = {};  ///< the account that a change is about
};

/// The answer, with a stable word for the UI (`reason.<word>`) and an English sentence, both empty
/// if allowed. The texts are constants.
struct Verdict {
  bool allowed;
  std::string_view reason;
  std::string_view sentence;
  explicit operator bool() const noexcept { return allowed; }
};

/// The words are: not_your_role, administrator_signs_nothing, own_order, own_feed, own_proposal,
/// own_destruction, own_account, other_unit_needed, already_signed, touched_order,
/// waits_for_appeal. About 20 ns.
[[nodiscard]] Verdict may(const Actor& actor, Action action, const Facts& facts = {}) noexcept;

/// What the actor's roles open in general, in the order of the enum: for menus.
[[nodiscard]] std::vector<Action> rights_of(const Actor& actor);
/// The roles that open `action`.
[[nodiscard]] Roles roles_for(Action action) noexcept;

/// `denied` with the verdict's reason and sentence; the verdict must be a refusal.
[[nodiscard]] tl::unexpected<Error> fail(const Verdict& verdict);

}  // namespace khien::identity
