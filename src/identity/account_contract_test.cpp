// Accounts, changes of roles by two people, the first start and the demo, on every engine.
#include <gtest/gtest.h>

#include "codec/base32.h"
#include "identity/account_change.h"
#include "identity/testing/identity_test.h"
#include "identity/totp.h"

namespace khien::identity {
namespace {

class EmptyDeployment : public testing::IdentityTest {};
INSTANTIATE_TEST_SUITE_P(Engines, EmptyDeployment, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(EmptyDeployment, StartsWithTwoAdministratorsAndNeverTwice) {
  const auto first = create_first_administrators(db(), context_);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  ASSERT_EQ(first->size(), 2U);
  EXPECT_NE(first->at(0).one_time_password, first->at(1).one_time_password);
  EXPECT_EQ(create_first_administrators(db(), context_).error().reason, "not_empty");
  EXPECT_EQ(leaves("account.role_granted"), 2);
  EXPECT_EQ(demo_code(db(), context_, "admin1").error().reason, "not_demo");
  EXPECT_EQ(create_demo_accounts(db(), context_, demo_password).error().reason, "not_empty");
}

// As a person types it, then a factor, then a full session: the whole first day of an
// administrator.
TEST_P(EmptyDeployment, AnAdministratorSetsUpTheirFactor) {
  const auto first = create_first_administrators(db(), context_);
  ASSERT_TRUE(first.has_value());
  auto typed = first->at(0).one_time_password;
  for (auto& c : typed) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const auto step =
      sign_in(db(), context_, {.login = "admin1", .password = typed, .client_prefix = ""});
  ASSERT_TRUE(step.has_value()) << step.error().message;
  EXPECT_TRUE(step->factors.empty());
  const auto half = resolve_session(db(), context_, step->half.token);
  const auto setup =
      db().transact([&](store::Transaction& tx) { return begin_totp(tx, context_, *half); });
  ASSERT_TRUE(setup.has_value()) << setup.error().message;
  const auto digits =
      totp_code(codec::parse_base32(setup->secret).value(), totp_step(clock_.now_ms()));
  const auto opened = db().transact(
      [&](store::Transaction& tx) { return confirm_totp(tx, context_, *half, digits); });
  ASSERT_TRUE(opened.has_value() && opened->has_value()) << opened.error().message;
  const auto person = resolve_session(db(), context_, (*opened)->token);
  ASSERT_TRUE(person.has_value());
  EXPECT_TRUE(person->actor.roles.has(Role::administrator));
}

TEST_P(EmptyDeployment, AOneTimePasswordGrowsOld) {
  const auto first = create_first_administrators(db(), context_);
  ASSERT_TRUE(first.has_value());
  clock_.advance(one_time_password_life_ms);
  const auto refused =
      sign_in(db(), context_,
              {.login = "admin1", .password = first->at(0).one_time_password, .client_prefix = ""});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "password_expired");
}

TEST_P(EmptyDeployment, TheDemoIsMadeOnceAndStaysAsItIs) {
  make_people();
  const auto accounts = count("SELECT count(*) FROM account");
  const auto lan_code = code("lan");
  make_people();
  EXPECT_EQ(count("SELECT count(*) FROM account"), accounts);
  EXPECT_EQ(code("lan"), lan_code);
}

class AccountContract : public testing::IdentityTest {
 protected:
  void SetUp() override {
    IdentityTest::SetUp();
    if (IsSkipped()) return;
    make_people();
    quang_ = actor("quang");
    yen_ = actor("yen");
  }
  [[nodiscard]] Result<AccountChange> propose(const Actor& by, AccountChangeDraft draft) {
    if (draft.reason.empty()) draft.reason = "theo quyết định";
    return db().transact(
        [&](store::Transaction& tx) { return propose_change(tx, context_, by, draft); });
  }
  [[nodiscard]] Result<ConfirmedChange> confirm(const Actor& by, const AccountChange& change) {
    return db().transact([&](store::Transaction& tx) {
      return confirm_change(tx, context_, by, change.id, change.version);
    });
  }
  [[nodiscard]] Result<AccountChange> refuse(const Actor& by, const AccountChange& change) {
    return db().transact([&](store::Transaction& tx) {
      return refuse_change(tx, context_, by, change.id, change.version);
    });
  }
  [[nodiscard]] Roles roles(std::string_view login) {
    const auto id = id_of(login);
    return db()
        .read([&](store::Executor& executor) { return roles_at(executor, id, clock_.now_ms()); })
        .value();
  }
  [[nodiscard]] AccountChangeDraft grant(std::string_view login, Role role) {
    return {.account_id = id_of(login), .kind = ChangeKind::grant_role, .role = role};
  }
  template <typename T>
  static std::string reason(const Result<T>& result) {
    return result ? "" : result.error().reason;
  }
  Actor quang_;
  Actor yen_;
};
INSTANTIATE_TEST_SUITE_P(Engines, AccountContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(AccountContract, ANewAccountHoldsNothing) {
  const auto made = db().transact([&](store::Transaction& tx) {
    return create_account(tx, context_, quang_,
                          {.login = "nga", .name = " Ngô  Thị Nga ", .unit = "PA05"});
  });
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->account.name, "Ngô Thị Nga");
  EXPECT_TRUE(made->account.roles.empty());
  EXPECT_TRUE(made->account.one_time_password);
  EXPECT_TRUE(sign_in(db(), context_,
                      {.login = "nga", .password = made->one_time_password, .client_prefix = ""}));
}

TEST_P(AccountContract, BadDraftsAreRefused) {
  const auto create = [&](const Actor& by, const AccountDraft& draft) {
    return reason(db().transact(
        [&](store::Transaction& tx) { return create_account(tx, context_, by, draft); }));
  };
  EXPECT_EQ(create(quang_, {.login = "lan", .name = "Lan"}), "login_taken");
  EXPECT_EQ(create(quang_, {.login = "Lan", .name = "Lan"}), "bad_login");
  EXPECT_EQ(create(quang_, {.login = "n", .name = "Lan"}), "bad_login");
  EXPECT_EQ(create(quang_, {.login = std::string(65, 'n'), .name = "Lan"}), "bad_login");
  EXPECT_EQ(create(quang_, {.login = "nga", .name = " "}), "bad_name");
  EXPECT_EQ(create(quang_, {.login = "nga", .name = std::string(401, 'n')}), "bad_name");
  EXPECT_EQ(create(quang_, {.login = "nga", .name = "Nga", .email = "a@b\r\nBcc: x"}), "bad_email");
  EXPECT_EQ(create(quang_, {.login = "nga", .name = "Nga", .language = "fr"}), "bad_language");
  EXPECT_EQ(create(actor("lan"), {.login = "nga", .name = "Nga"}), "not_your_role");
}

TEST_P(AccountContract, ARoleTakesTwoAdministrators) {
  const auto change = propose(quang_, grant("duc", Role::approver));
  ASSERT_TRUE(change.has_value()) << change.error().message;
  EXPECT_FALSE(roles("duc").has(Role::approver));
  EXPECT_EQ(reason(confirm(quang_, *change)), "own_proposal");
  EXPECT_EQ(reason(confirm(actor("lan"), *change)), "not_your_role");
  const auto confirmed = confirm(yen_, *change);
  ASSERT_TRUE(confirmed.has_value()) << confirmed.error().message;
  EXPECT_EQ(confirmed->change.state, ChangeState::confirmed);
  EXPECT_TRUE(roles("duc").has(Role::approver));
  EXPECT_EQ(reason(confirm(yen_, *change)), "stale_version");
  EXPECT_EQ(reason(confirm(yen_, confirmed->change)), "wrong_state");
  EXPECT_EQ(leaves("account.change_proposed"), 1);
}

TEST_P(AccountContract, NobodyChangesTheirOwnAccount) {
  EXPECT_EQ(reason(propose(quang_, grant("quang", Role::analyst))), "own_account");
  // Nor does one confirm what another proposed about oneself.
  const auto change =
      propose(yen_, {.account_id = id_of("quang"), .kind = ChangeKind::reset_factor});
  ASSERT_TRUE(change.has_value()) << change.error().message;
  EXPECT_EQ(reason(confirm(quang_, *change)), "own_account");
}

// What the functions refuse the schema refuses as well.
TEST_P(AccountContract, TheSchemaKnowsTheSeparationsToo) {
  const auto change = propose(quang_, grant("duc", Role::approver));
  ASSERT_TRUE(change.has_value());
  const auto write = [&](std::string_view sql, std::initializer_list<store::Value> values) {
    return reason(db().transact([&](store::Transaction& tx) { return tx.execute(sql, values); }));
  };
  constexpr std::string_view decide =
      "UPDATE account_change SET state = 'confirmed', decided_by = $2, decided_at_ms = 1 "
      "WHERE id = $1";
  EXPECT_EQ(write(decide, {change->id, id_of("quang")}), "constraint");
  EXPECT_EQ(write(decide, {change->id, id_of("duc")}), "constraint");
  EXPECT_EQ(write("UPDATE account_change SET role = 'administrator' WHERE id = $1", {change->id}),
            "constraint");
  EXPECT_EQ(write("DELETE FROM account_change WHERE id = $1", {change->id}), "constraint");
  EXPECT_EQ(write("INSERT INTO role_grant (id, account_id, role, basis, from_ms) "
                  "VALUES ('x', $1, 'approver', 'change', 1)",
                  {id_of("duc")}),
            "constraint");
  EXPECT_EQ(write("UPDATE role_grant SET role = 'approver' WHERE account_id = $1", {id_of("duc")}),
            "constraint");
  EXPECT_EQ(write("DELETE FROM account WHERE id = $1", {id_of("duc")}), "constraint");
  ASSERT_TRUE(confirm(yen_, *change));
  EXPECT_EQ(write("UPDATE account_change SET state = 'refused' WHERE id = $1", {change->id}),
            "constraint");
}

TEST_P(AccountContract, SenselessChangesAreRefused) {
  EXPECT_EQ(reason(propose(quang_, grant("lan", Role::analyst))), "role_held");
  EXPECT_EQ(reason(propose(quang_, grant("lan", Role::auditor))), "roles_exclude");
  EXPECT_EQ(reason(propose(quang_, grant("yen", Role::approver))), "roles_exclude");
  EXPECT_EQ(reason(propose(quang_, {.account_id = id_of("lan"), .kind = ChangeKind::grant_role})),
            "role_needed");
  EXPECT_EQ(reason(propose(quang_, {.account_id = id_of("lan"),
                                    .kind = ChangeKind::end_role,
                                    .role = Role::approver})),
            "role_not_held");
  auto past = grant("duc", Role::approver);
  past.until_ms = clock_.now_ms();
  EXPECT_EQ(reason(propose(quang_, past)), "bad_until");
  auto silent = grant("duc", Role::approver);
  silent.reason = " ";
  EXPECT_EQ(reason(propose(quang_, silent)), "reason_needed");
  EXPECT_EQ(reason(propose(quang_, {.account_id = id_of("lan"), .kind = ChangeKind::unlock})),
            "not_locked");
  EXPECT_EQ(propose(quang_, {.account_id = AccountId{"01J00000000000000000000009"}}).error().code,
            ErrorCode::not_found);
  ASSERT_TRUE(propose(quang_, grant("duc", Role::approver)));
  EXPECT_EQ(reason(propose(yen_, grant("duc", Role::approver))), "already_proposed");
}

TEST_P(AccountContract, AChangeAsksForAFreshFactor) {
  clock_.advance(step_up_life_ms + 1);
  EXPECT_EQ(reason(propose(quang_, grant("duc", Role::approver))), "step_up_needed");
}

TEST_P(AccountContract, TwoAdministratorsAlwaysStay) {
  const auto ending = [&](std::string_view login) {
    return AccountChangeDraft{
        .account_id = id_of(login), .kind = ChangeKind::end_role, .role = Role::administrator};
  };
  EXPECT_EQ(reason(propose(quang_, ending("yen"))), "last_administrators");
  EXPECT_EQ(reason(propose(quang_, {.account_id = id_of("yen"), .kind = ChangeKind::lock})),
            "last_administrators");
  // With a third one it goes.
  ASSERT_TRUE(confirm(yen_, *propose(quang_, {.account_id = id_of("duc"),
                                              .kind = ChangeKind::end_role,
                                              .role = Role::duty_operator})));
  ASSERT_TRUE(confirm(yen_, *propose(quang_, grant("duc", Role::administrator))));
  const auto change = propose(quang_, ending("yen"));
  ASSERT_TRUE(change.has_value()) << change.error().message;
  ASSERT_TRUE(confirm(actor("duc"), *change));
  EXPECT_FALSE(roles("yen").has(Role::administrator));
  EXPECT_EQ(reason(propose(quang_, ending("duc"))), "last_administrators");
}

TEST_P(AccountContract, ARoleEndsByItselfAndThePastStays) {
  auto draft = grant("duc", Role::approver);
  draft.until_ms = clock_.now_ms() + ms_per_day;
  ASSERT_TRUE(confirm(yen_, *propose(quang_, draft)));
  const InstantMs then = clock_.now_ms();
  EXPECT_TRUE(roles("duc").has(Role::approver));
  clock_.advance(ms_per_day);
  EXPECT_FALSE(roles("duc").has(Role::approver));
  const auto id = id_of("duc");
  const auto past =
      db().read([&](store::Executor& executor) { return roles_at(executor, id, then); });
  EXPECT_TRUE(past->has(Role::approver));
}

TEST_P(AccountContract, ALostFactorIsResetByTwoAndEndsEverySession) {
  const auto lan = person("lan");
  const auto change =
      propose(quang_, {.account_id = id_of("lan"), .kind = ChangeKind::reset_factor});
  ASSERT_TRUE(change.has_value());
  const auto done = confirm(yen_, *change);
  ASSERT_TRUE(done.has_value()) << done.error().message;
  ASSERT_TRUE(done->one_time_password.has_value());
  EXPECT_EQ(count("SELECT count(*) FROM session s JOIN account a ON a.id = s.account_id "
                  "WHERE a.login = 'lan' AND s.ended_at_ms IS NULL"),
            0);
  EXPECT_EQ(leaves("account.factors_reset"), 1);
  const auto old_password =
      sign_in(db(), context_, {.login = "lan", .password = demo_password, .client_prefix = ""});
  EXPECT_EQ(reason(old_password), "bad_sign_in");
  const auto step = sign_in(
      db(), context_, {.login = "lan", .password = *done->one_time_password, .client_prefix = ""});
  ASSERT_TRUE(step.has_value());
  EXPECT_TRUE(step->factors.empty());  // a new factor is set up now
}

TEST_P(AccountContract, LockingEndsSessionsAndUnlockingOpensAgain) {
  const auto lan = id_of("lan");
  const auto opened = db().transact([&](store::Transaction& tx) {
    return open_session(tx, context_, lan, SessionStage::complete);
  });
  ASSERT_TRUE(
      confirm(yen_, *propose(quang_, {.account_id = id_of("lan"), .kind = ChangeKind::lock})));
  EXPECT_EQ(reason(resolve_session(db(), context_, opened->token)), "not_signed_in");
  EXPECT_EQ(reason(propose(quang_, {.account_id = id_of("lan"), .kind = ChangeKind::lock})),
            "already_locked");
  ASSERT_TRUE(
      confirm(yen_, *propose(quang_, {.account_id = id_of("lan"), .kind = ChangeKind::unlock})));
  EXPECT_TRUE(
      sign_in(db(), context_, {.login = "lan", .password = demo_password, .client_prefix = ""}));
}

TEST_P(AccountContract, AChangeIsTakenBackRefusedOrLapses) {
  const auto own = propose(quang_, grant("duc", Role::approver));
  EXPECT_EQ(refuse(quang_, *own)->state, ChangeState::refused);
  clock_.advance(1);  // ids sort by millisecond
  const auto other = propose(quang_, grant("duc", Role::approver));
  EXPECT_EQ(refuse(yen_, *other)->state, ChangeState::refused);
  clock_.advance(1);
  const auto old = propose(quang_, grant("duc", Role::approver));
  ASSERT_TRUE(old.has_value());
  const auto lapse = [&] {
    return db()
        .transact([&](store::Transaction& tx) { return lapse_changes(tx, context_); })
        .value();
  };
  clock_.advance(account_change_life_ms - 1);
  EXPECT_EQ(lapse(), 0);
  clock_.advance(1);
  EXPECT_EQ(lapse(), 1);
  EXPECT_EQ(leaves("account.change_lapsed"), 1);
  const auto list = db().read(
      [&](store::Executor& executor) { return list_changes(executor, std::nullopt, {}, 2); });
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ(list->at(0).state, ChangeState::lapsed);
  const auto rest = db().read([&](store::Executor& executor) {
    return list_changes(executor, ChangeState::refused, list->at(1).id, 10);
  });
  EXPECT_EQ(rest->size(), 1U);
}

TEST_P(AccountContract, ListsShowRolesFactorsAndNames) {
  const auto all = db().read(
      [&](store::Executor& executor) { return list_accounts(executor, clock_.now_ms()); });
  ASSERT_TRUE(all.has_value());
  ASSERT_EQ(all->size(), 10U);
  for (const auto& account : *all) {
    EXPECT_TRUE(account.demo);
    EXPECT_FALSE(account.roles.empty()) << account.login;
    EXPECT_EQ(account.factors, std::vector{FactorKind::totp}) << account.login;
  }
  const auto names = db().read([](store::Executor& executor) { return account_names(executor); });
  EXPECT_EQ(names->at(id_of("lan")), "Trần Thị Lan");
  const auto signers = db().read([&](store::Executor& executor) {
    return accounts_with_right(executor, clock_.now_ms(), Action::order_approve);
  });
  ASSERT_EQ(signers->size(), 2U);
  EXPECT_EQ(signers->at(0).email, "hoa@khien.example");
  EXPECT_EQ(signers->at(1).login, "minh");
}

TEST_P(AccountContract, ALockedAccountHasNoRightThatCounts) {
  ASSERT_TRUE(confirm(yen_, *propose(quang_, {.account_id = id_of("hoa"),
                                              .kind = ChangeKind::lock,
                                              .reason = "nghỉ việc"})));
  const auto signers = db().read([&](store::Executor& executor) {
    return accounts_with_right(executor, clock_.now_ms(), Action::order_approve);
  });
  ASSERT_EQ(signers->size(), 1U);
  EXPECT_EQ(signers->front().login, "minh");
}

TEST_P(AccountContract, PeopleChangeTheirOwnAddressWithAFreshFactor) {
  auto lan = actor("lan");
  const auto edit = [&](const OwnAccountEdit& wanted) {
    return db().transact(
        [&](store::Transaction& tx) { return edit_own_account(tx, context_, lan, wanted); });
  };
  const auto changed = edit({.email = "lan@tinh.example", .language = "en"});
  ASSERT_TRUE(changed.has_value()) << changed.error().message;
  EXPECT_EQ(changed->email, "lan@tinh.example");
  EXPECT_EQ(changed->language, "en");
  EXPECT_EQ(edit({.email = ""})->email, "");
  EXPECT_EQ(edit({})->language, "en");
  EXPECT_EQ(edit({.email = "lan@tinh.example\r\nBcc: x@y.example"}).error().reason, "bad_email");
  EXPECT_EQ(edit({.language = "fr"}).error().reason, "bad_language");
  EXPECT_EQ(leaves("account.edited"), 3);
  EXPECT_EQ(count("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%@%'"), 0);
  clock_.advance(step_up_life_ms + 1);
  EXPECT_EQ(edit({.email = "x@y.example"}).error().reason, "step_up_needed");
}

TEST_P(AccountContract, LeavesHoldNoPersonalData) {
  ASSERT_TRUE(confirm(yen_, *propose(quang_, grant("duc", Role::approver))));
  EXPECT_EQ(count("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%lan%' "
                  "OR entry LIKE '%Trần%' OR entry LIKE '%@%' OR entry LIKE '%quyết%'"),
            0);
}

}  // namespace
}  // namespace khien::identity
