#include "identity/rights.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace khien::identity {
namespace {

const AccountId lan{"01J00000000000000000000001"};
const AccountId minh{"01J00000000000000000000002"};
const AccountId hoa{"01J00000000000000000000003"};

Actor actor(AccountId id, Roles roles, std::string unit = "PA05") {
  return Actor{.account_id = std::move(id), .roles = roles, .unit = std::move(unit)};
}

// DOMAIN 7.4 written the other way round, by role, as an independent copy of the table: a slip in
// one of the two fails here.
const std::map<Role, std::set<std::string_view>> wanted{
    {Role::administrator, {"account.change", "account.create", "account.read", "publication.read"}},
    {Role::intake,
     {"case.assign", "case.comment", "case.edit", "case.read", "evidence.add", "new_name.read",
      "report.read", "report.triage"}},
    {Role::analyst,
     {"appeal.read",  "case.assign",   "case.close",   "case.comment",      "case.edit",
      "case.read",    "case.reopen",   "evidence.add", "evidence.download", "evidence.read",
      "feed.propose", "feed.read",     "feed.run",     "feed.suspend",      "new_name.read",
      "order.draft",  "order.propose", "order.read",   "report.read",       "subject.verdict",
      "provider.read"}},
    {Role::legal_reviewer,
     {"appeal.read", "case.comment", "case.read", "evidence.download", "evidence.read", "feed.read",
      "order.read", "order.return", "provider.read"}},
    {Role::approver,
     {"case.comment",      "case.read",     "case.reopen",        "evidence.confirm_destruction",
      "evidence.download", "evidence.read", "feed.approve",       "feed.read",
      "feed.suspend",      "order.approve", "order.emergency",    "order.lift",
      "order.read",        "order.refuse",  "order.resume",       "order.return",
      "order.suspend",     "provider.read", "publication.decide", "publication.read"}},
    {Role::duty_operator,
     {"feed.read", "feed.run", "feed.suspend", "order.lift", "order.read", "order.suspend",
      "provider.read", "publication.decide", "publication.read"}},
    {Role::appeals_officer,
     {"appeal.decide", "appeal.read", "case.read", "evidence.download", "evidence.read",
      "order.lift", "order.read", "order.resume", "order.suspend", "provider.read"}},
    {Role::evidence_custodian,
     {"case.comment", "case.read", "evidence.add", "evidence.confirm_destruction",
      "evidence.destroy", "evidence.download", "evidence.hold", "evidence.read", "report.read"}},
    {Role::auditor,
     {"account.read", "appeal.read", "case.read", "evidence.read", "feed.read", "new_name.read",
      "order.read", "provider.read", "publication.read", "report.read"}},
};

TEST(Rights, MatrixOfEveryRoleAndAction) {
  ASSERT_EQ(wanted.size(), role_count);
  for (const auto& [role, actions] : wanted) {
    for (const Action action : all_actions()) {
      const auto verdict = may(actor(lan, {role}), action);
      EXPECT_EQ(verdict.allowed, actions.contains(to_string(action)))
          << to_string(role) << " " << to_string(action);
      EXPECT_EQ(verdict.allowed, verdict.reason.empty());
      EXPECT_EQ(verdict.allowed, verdict.sentence.empty());
      EXPECT_EQ(verdict.reason, verdict ? "" : "not_your_role");
    }
  }
}

// Every set of roles: a union opens what its members open, and the separations only take away.
TEST(Rights, HoldForEverySetOfRoles) {
  for (unsigned bits = 0; bits < (1U << role_count); ++bits) {
    Roles roles;
    for (unsigned i = 0; i < role_count; ++i) {
      if ((bits >> i & 1) != 0) roles.add(static_cast<Role>(i));
    }
    const auto person = actor(lan, roles);
    for (const Action action : all_actions()) {
      const bool opened = roles.has_any(roles_for(action));
      const bool silenced = is_signing(action) && roles.has(Role::administrator);
      EXPECT_EQ(may(person, action).allowed, opened && !silenced);
    }
    const Facts own{.proposer = lan, .touched_by = {&lan, 1}, .target = lan};
    for (const Action action :
         {Action::order_approve, Action::order_refuse, Action::feed_approve, Action::account_change,
          Action::appeal_decide, Action::evidence_confirm_destruction})
      EXPECT_FALSE(may(person, action, own)) << to_string(action) << " with roles " << bits;
  }
}

TEST(Rights, NobodyDecidesOnTheirOwnOrder) {
  const auto both = actor(lan, {Role::analyst, Role::approver});
  EXPECT_EQ(may(both, Action::order_approve, {.proposer = lan}).reason, "own_order");
  EXPECT_EQ(may(both, Action::order_refuse, {.proposer = lan}).reason, "own_order");
  EXPECT_TRUE(may(both, Action::order_approve, {.proposer = minh}));
}

TEST(Rights, NobodyConfirmsTheDestructionThatTheyAskedFor) {
  const auto custodian = actor(lan, {Role::evidence_custodian});
  constexpr auto confirm = Action::evidence_confirm_destruction;
  EXPECT_EQ(may(custodian, confirm, {.proposer = lan}).reason, "own_destruction");
  EXPECT_TRUE(may(custodian, confirm, {.proposer = minh}));
  EXPECT_TRUE(may(actor(hoa, {Role::approver}), confirm, {.proposer = lan}));
}

TEST(Rights, SomeOrdersNeedASignerOfAnotherUnit) {
  const Facts facts{.proposer = minh, .proposer_unit = "PA05", .needs_other_unit = true};
  EXPECT_EQ(may(actor(lan, {Role::approver}, "PA05"), Action::order_approve, facts).reason,
            "other_unit_needed");
  EXPECT_EQ(may(actor(lan, {Role::approver}, ""), Action::order_approve, facts).reason,
            "other_unit_needed");
  EXPECT_TRUE(may(actor(lan, {Role::approver}, "STTTT"), Action::order_approve, facts));
}

TEST(Rights, AnAdministratorSignsNothing) {
  const auto person = actor(lan, {Role::administrator, Role::analyst, Role::approver});
  for (const Action action :
       {Action::order_propose, Action::order_approve, Action::order_emergency})
    EXPECT_EQ(may(person, action).reason, "administrator_signs_nothing") << to_string(action);
}

TEST(Rights, AnAdministratorChangesNeitherTheirOwnAccountNorDecidesOnTheirOwnProposal) {
  const auto person = actor(lan, {Role::administrator});
  EXPECT_EQ(may(person, Action::account_change, {.target = lan}).reason, "own_account");
  EXPECT_EQ(may(person, Action::account_change, {.proposer = lan, .target = minh}).reason,
            "own_proposal");
  EXPECT_TRUE(may(person, Action::account_change, {.target = minh}));
  EXPECT_TRUE(may(person, Action::account_change, {.proposer = hoa, .target = minh}));
}

TEST(Rights, AppealsAreDecidedByWhoNeverTouchedTheOrder) {
  const auto person = actor(lan, {Role::appeals_officer, Role::approver});
  const std::vector<AccountId> with{minh, lan};
  const std::vector<AccountId> without{minh, hoa};
  EXPECT_EQ(may(person, Action::appeal_decide, {.touched_by = with}).reason, "touched_order");
  EXPECT_TRUE(may(person, Action::appeal_decide, {.touched_by = without}));
}

TEST(Rights, WhatIsSuspendedForAnAppealIsResumedByAppealsOnly) {
  const std::vector<AccountId> touched{minh};
  const Facts facts{.touched_by = touched, .suspended_for_appeal = true};
  EXPECT_EQ(may(actor(lan, {Role::approver}), Action::order_resume, facts).reason,
            "waits_for_appeal");
  EXPECT_TRUE(may(actor(lan, {Role::appeals_officer}), Action::order_resume, facts));
  EXPECT_EQ(may(actor(minh, {Role::appeals_officer}), Action::order_resume, facts).reason,
            "touched_order");
  EXPECT_TRUE(may(actor(lan, {Role::approver}), Action::order_resume));
}

// Lifting is easier than blocking: no fact about the order stands in the way.
TEST(Rights, OneDutyOfficerLiftsAndSuspendsAlone) {
  const Facts worst{.proposer = lan,
                    .proposer_unit = "PA05",
                    .needs_other_unit = true,
                    .touched_by = {&lan, 1},
                    .suspended_for_appeal = true,
                    .target = lan};
  EXPECT_TRUE(may(actor(lan, {Role::duty_operator}), Action::order_lift, worst));
  EXPECT_TRUE(may(actor(lan, {Role::duty_operator}), Action::order_suspend, worst));
}

TEST(Rights, TheAuditorOnlyReads) {
  for (const Action action : rights_of(actor(lan, {Role::auditor})))
    EXPECT_TRUE(is_reading(action)) << to_string(action);
}

TEST(Rights, TheMachineHoldsNone) {
  EXPECT_TRUE(rights_of(system_actor()).empty());
  Actor forged = system_actor();
  forged.roles = {Role::approver};
  EXPECT_FALSE(may(forged, Action::order_approve));
}

TEST(Rights, ARefusalBecomesAnError) {
  const auto error = fail(may(system_actor(), Action::order_lift)).value();
  EXPECT_EQ(error.code, ErrorCode::denied);
  EXPECT_EQ(error.reason, "not_your_role");
}

TEST(Roles, NamesReadBack) {
  for (std::size_t i = 0; i < role_count; ++i) {
    const auto role = static_cast<Role>(i);
    EXPECT_EQ(parse_role(to_string(role)), role);
  }
  EXPECT_EQ(parse_role("root"), std::nullopt);
  for (const Action action : all_actions()) EXPECT_EQ(parse_action(to_string(action)), action);
  EXPECT_EQ(parse_action("order"), std::nullopt);
}

TEST(Roles, AdministratorAndAuditorStandAlone) {
  EXPECT_FALSE(may_hold_together(Role::administrator, Role::approver));
  EXPECT_FALSE(may_hold_together(Role::analyst, Role::auditor));
  EXPECT_FALSE(may_hold_together(Role::administrator, Role::auditor));
  EXPECT_TRUE(may_hold_together(Role::analyst, Role::approver));
  EXPECT_TRUE(may_hold_together(Role::auditor, Role::auditor));
}

}  // namespace
}  // namespace khien::identity
