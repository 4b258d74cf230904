#include "identity/rights.h"

#include <algorithm>

#include "base/assert.h"

namespace khien::identity {
namespace {

enum class Nature : std::uint8_t { reading, working, signing };

struct Right {
  Action action;
  std::string_view id;
  Nature nature;
  Roles roles;
};

constexpr auto administrator = Role::administrator;
constexpr auto intake = Role::intake;
constexpr auto analyst = Role::analyst;
constexpr auto legal = Role::legal_reviewer;
constexpr auto approver = Role::approver;
constexpr auto duty = Role::duty_operator;
constexpr auto appeals = Role::appeals_officer;
constexpr auto custodian = Role::evidence_custodian;
constexpr auto auditor = Role::auditor;
using enum Nature;

// DOMAIN 7.4, one row an action in the order of the enum. The auditor stands in reading rows only.
constexpr std::array<Right, action_count> rights{{
    {Action::account_change, "account.change", working, {administrator}},
    {Action::account_create, "account.create", working, {administrator}},
    {Action::account_read, "account.read", reading, {administrator, auditor}},
    {Action::appeal_decide, "appeal.decide", working, {appeals}},
    {Action::appeal_read, "appeal.read", reading, {appeals, analyst, legal, auditor}},
    {Action::case_assign, "case.assign", working, {intake, analyst}},
    {Action::case_close, "case.close", working, {analyst}},
    {Action::case_comment, "case.comment", working, {intake, analyst, legal, approver, custodian}},
    {Action::case_edit, "case.edit", working, {intake, analyst}},
    {Action::case_read,
     "case.read",
     reading,
     {intake, analyst, legal, approver, appeals, custodian, auditor}},
    {Action::case_reopen, "case.reopen", working, {analyst, approver}},
    {Action::evidence_add, "evidence.add", working, {intake, analyst, custodian}},
    {Action::evidence_confirm_destruction,
     "evidence.confirm_destruction",
     working,
     {custodian, approver}},
    {Action::evidence_destroy, "evidence.destroy", working, {custodian}},
    // The auditor sees what is kept and its hashes, not the content (DOMAIN 7.4: "R metadata").
    {Action::evidence_download,
     "evidence.download",
     reading,
     {analyst, legal, approver, appeals, custodian}},
    {Action::evidence_hold, "evidence.hold", working, {custodian}},
    {Action::evidence_read,
     "evidence.read",
     reading,
     {analyst, legal, approver, appeals, custodian, auditor}},
    {Action::feed_approve, "feed.approve", working, {approver}},
    {Action::feed_propose, "feed.propose", working, {analyst}},
    {Action::feed_read, "feed.read", reading, {analyst, legal, approver, duty, auditor}},
    {Action::feed_run, "feed.run", working, {analyst, duty}},
    {Action::feed_suspend, "feed.suspend", working, {analyst, approver, duty}},
    {Action::new_name_read, "new_name.read", reading, {intake, analyst, auditor}},
    {Action::order_approve, "order.approve", signing, {approver}},
    {Action::order_draft, "order.draft", working, {analyst}},
    {Action::order_emergency, "order.emergency", signing, {approver}},
    {Action::order_lift, "order.lift", working, {duty, approver, appeals}},
    {Action::order_propose, "order.propose", signing, {analyst}},
    {Action::order_read, "order.read", reading, {analyst, legal, approver, duty, appeals, auditor}},
    {Action::order_refuse, "order.refuse", working, {approver}},
    {Action::order_resume, "order.resume", working, {approver, appeals}},
    {Action::order_return, "order.return", working, {legal, approver}},
    {Action::order_suspend, "order.suspend", working, {duty, approver, appeals}},
    {Action::provider_read,
     "provider.read",
     reading,
     {analyst, legal, approver, duty, appeals, auditor}},
    {Action::publication_decide, "publication.decide", working, {approver, duty}},
    {Action::publication_read,
     "publication.read",
     reading,
     {administrator, approver, duty, auditor}},
    {Action::report_read, "report.read", reading, {intake, analyst, custodian, auditor}},
    {Action::report_triage, "report.triage", working, {intake}},
    {Action::subject_verdict, "subject.verdict", working, {analyst}},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rights.size(); ++i) {
    if (rights[i].action != static_cast<Action>(i)) return false;
  }
  return true;
}
static_assert(in_order(), "the table follows the enum");

const Right& right_of(Action action) noexcept { return rights[static_cast<std::size_t>(action)]; }

constexpr Verdict yes{.allowed = true, .reason = "", .sentence = ""};
constexpr Verdict not_your_role{false, "not_your_role", "None of your roles opens this."};
constexpr Verdict administrator_signs_nothing{
    false, "administrator_signs_nothing", "An administrator signs no order, whatever other roles."};
constexpr Verdict own_order{
    false, "own_order",
    "Who proposed an order, or published it in an emergency, does not decide on it."};
constexpr Verdict own_feed{false, "own_feed", "Who proposed a feed does not approve it."};
constexpr Verdict own_proposal{false, "own_proposal",
                               "Who proposed a change of an account does not decide on it."};
constexpr Verdict own_destruction{false, "own_destruction",
                                  "Who asked for a destruction does not confirm it."};
constexpr Verdict own_account{false, "own_account",
                              "Nobody changes the roles, factors or lock of their own account."};
constexpr Verdict other_unit_needed{false, "other_unit_needed",
                                    "This order needs a second signer from another unit."};
constexpr Verdict already_signed{false, "already_signed",
                                 "You have signed this order; a third person has to."};
constexpr Verdict touched_order{false, "touched_order",
                                "Who took part in an order does not decide on its appeal."};
constexpr Verdict waits_for_appeal{
    false, "waits_for_appeal", "Suspended for an appeal: an appeals officer decides what follows."};

bool is(const AccountId& account, const Actor& actor) noexcept {
  return !account.empty() && account == actor.account_id;
}

bool touched(const Actor& actor, const Facts& facts) noexcept {
  return std::find(facts.touched_by.begin(), facts.touched_by.end(), actor.account_id) !=
         facts.touched_by.end();
}

Verdict may_decide_order(const Actor& actor, const Facts& facts) noexcept {
  if (is(facts.proposer, actor)) return own_order;
  // A unit that is not known is no other unit: refuse, never guess.
  if (facts.needs_other_unit && (actor.unit.empty() || actor.unit == facts.proposer_unit))
    return other_unit_needed;
  return yes;
}

Verdict may_resume(const Actor& actor, const Facts& facts) noexcept {
  if (!facts.suspended_for_appeal) return yes;
  if (!actor.roles.has(Role::appeals_officer)) return waits_for_appeal;
  return touched(actor, facts) ? touched_order : yes;
}

Verdict may_change_account(const Actor& actor, const Facts& facts) noexcept {
  if (is(facts.target, actor)) return own_account;
  return is(facts.proposer, actor) ? own_proposal : yes;
}

}  // namespace

const std::array<Action, action_count>& all_actions() noexcept {
  static constexpr auto actions = [] {
    std::array<Action, action_count> all{};
    for (std::size_t i = 0; i < action_count; ++i) all[i] = static_cast<Action>(i);
    return all;
  }();
  return actions;
}

std::string_view to_string(Action action) noexcept { return right_of(action).id; }

std::optional<Action> parse_action(std::string_view id) noexcept {
  for (const auto& right : rights) {
    if (right.id == id) return right.action;
  }
  return std::nullopt;
}

bool is_signing(Action action) noexcept { return right_of(action).nature == signing; }
bool is_reading(Action action) noexcept { return right_of(action).nature == reading; }
Roles roles_for(Action action) noexcept { return right_of(action).roles; }

Verdict may(const Actor& actor, Action action, const Facts& facts) noexcept {
  if (actor.is_system() || !actor.roles.has_any(right_of(action).roles)) return not_your_role;
  if (is_signing(action) && actor.roles.has(Role::administrator))
    return administrator_signs_nothing;
  switch (action) {
    case Action::order_approve:
      return is(facts.signed_by, actor) ? already_signed : may_decide_order(actor, facts);
    case Action::order_refuse: return may_decide_order(actor, facts);
    case Action::order_resume: return may_resume(actor, facts);
    case Action::appeal_decide: return touched(actor, facts) ? touched_order : yes;
    case Action::feed_approve: return is(facts.proposer, actor) ? own_feed : yes;
    case Action::evidence_confirm_destruction:
      return is(facts.proposer, actor) ? own_destruction : yes;
    case Action::account_change: return may_change_account(actor, facts);
    default: return yes;  // order_lift and order_suspend on purpose: one officer, at once
  }
}

std::vector<Action> rights_of(const Actor& actor) {
  std::vector<Action> opened;
  for (const Action action : all_actions()) {
    if (may(actor, action)) opened.push_back(action);
  }
  return opened;
}

tl::unexpected<Error> fail(const Verdict& verdict) {
  KHIEN_ASSERT(!verdict.allowed);
  return khien::fail(ErrorCode::denied, std::string{verdict.sentence}, std::string{verdict.reason});
}

}  // namespace khien::identity
