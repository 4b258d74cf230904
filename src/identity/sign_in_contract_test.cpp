// Signing in and sessions, on every engine.
#include "identity/sign_in.h"

#include <gtest/gtest.h>

#include "codec/base32.h"
#include "codec/base64.h"
#include "identity/testing/identity_test.h"
#include "identity/testing/soft_passkey.h"
#include "identity/totp.h"

namespace khien::identity {
namespace {

class SignInContract : public testing::IdentityTest {
 protected:
  void SetUp() override {
    IdentityTest::SetUp();
    if (IsSkipped()) return;
    make_people();
  }
  [[nodiscard]] Result<SignInStep> first_step(std::string_view login, std::string_view password) {
    return sign_in(db(), context_,
                   {.login = login, .password = password, .client_prefix = "192.0.2.1"});
  }
  [[nodiscard]] Result<OpenedSession> both_steps(std::string_view login) {
    const auto step = first_step(login, demo_password);
    if (!step) return tl::unexpected<Error>{step.error()};
    return complete_with_totp(db(), context_, step->half.session, code(login));
  }
  [[nodiscard]] std::string reason_of(std::string_view token) {
    const auto found = resolve_session(db(), context_, token);
    return found ? "" : found.error().reason;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, SignInContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(SignInContract, PasswordThenCodeOpensACompleteSession) {
  const auto step = first_step("lan", demo_password);
  ASSERT_TRUE(step.has_value()) << step.error().message;
  EXPECT_EQ(step->factors, std::vector{FactorKind::totp});
  const auto half = resolve_session(db(), context_, step->half.token);
  ASSERT_TRUE(half.has_value());
  EXPECT_EQ(half->session.stage, SessionStage::half);
  EXPECT_TRUE(half->actor.roles.empty());

  const auto complete = complete_with_totp(db(), context_, half->session, code("lan"));
  ASSERT_TRUE(complete.has_value()) << complete.error().message;
  EXPECT_NE(complete->token, step->half.token);
  EXPECT_EQ(reason_of(step->half.token), "not_signed_in");
  const auto person = resolve_session(db(), context_, complete->token);
  ASSERT_TRUE(person.has_value());
  EXPECT_TRUE(person->actor.roles.has(Role::analyst));
  EXPECT_EQ(person->login, "lan");
  EXPECT_EQ(person->session.csrf_token, complete->session.csrf_token);
}

TEST_P(SignInContract, SaysTheSameForWrongLoginWrongPasswordAndLocked) {
  for (const auto& [login, password] :
       {std::pair{"lan", "wrong password"}, std::pair{"nobody", "wrong password"},
        std::pair{"NO LOGIN'--", "x"}, std::pair{"", ""}}) {
    const auto refused = first_step(login, password);
    ASSERT_FALSE(refused.has_value()) << login;
    EXPECT_EQ(refused.error().reason, "bad_sign_in") << login;
  }
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
    return tx.execute("UPDATE account SET locked = 1 WHERE login = 'lan'");
  }));
  EXPECT_EQ(first_step("lan", demo_password).error().reason, "bad_sign_in");
}

TEST_P(SignInContract, ACodeWorksOnce) {
  const auto first = first_step("lan", demo_password);
  const auto digits = code("lan");
  ASSERT_TRUE(complete_with_totp(db(), context_, first->half.session, digits));
  const auto second = first_step("lan", demo_password);
  const auto refused = complete_with_totp(db(), context_, second->half.session, digits);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "bad_factor");
  // The demo's helper gives the next step's code, which is taken already.
  EXPECT_TRUE(complete_with_totp(db(), context_, second->half.session, code("lan")));
}

TEST_P(SignInContract, StopsGuessingOfPasswordsAndCodes) {
  for (int i = 0; i < password_rate_by_login.burst; ++i)
    EXPECT_EQ(first_step("lan", "wrong password").error().reason, "bad_sign_in");
  EXPECT_EQ(first_step("lan", demo_password).error().reason, "too_many_attempts");
  EXPECT_NE(metrics_.exposition().find(
                "khien_sign_in_steps_total{step=\"password\",outcome=\"too_many_attempts\"} 1"),
            std::string::npos);
  clock_.advance(password_rate_by_login.refill_ms);
  const auto step = first_step("lan", demo_password);
  ASSERT_TRUE(step.has_value());
  for (int i = 0; i < factor_rate_by_account.burst; ++i)
    EXPECT_EQ(complete_with_totp(db(), context_, step->half.session, "x").error().reason,
              "bad_factor");
  EXPECT_EQ(complete_with_totp(db(), context_, step->half.session, code("lan")).error().reason,
            "too_many_attempts");
}

TEST_P(SignInContract, SessionsEndByIdlingByAgeAndBySigningOut) {
  const auto idle = both_steps("lan");
  ASSERT_TRUE(idle.has_value());
  clock_.advance(session_idle_ms);
  EXPECT_EQ(reason_of(idle->token), "");  // used at the last moment: it goes on
  clock_.advance(session_idle_ms + 1);
  EXPECT_EQ(reason_of(idle->token), "session_expired");

  const auto old = both_steps("lan");
  ASSERT_TRUE(old.has_value());
  const InstantMs end = clock_.now_ms() + session_life_ms;
  while (clock_.now_ms() + session_idle_ms < end) {
    clock_.advance(session_idle_ms);
    ASSERT_EQ(reason_of(old->token), "");
  }
  clock_.advance(end - clock_.now_ms());
  EXPECT_EQ(reason_of(old->token), "session_expired");

  const auto open = both_steps("lan");
  ASSERT_TRUE(open.has_value());
  ASSERT_TRUE(db().transact(
      [&](store::Transaction& tx) { return sign_out(tx, context_, open->session.id); }));
  EXPECT_EQ(reason_of(open->token), "not_signed_in");
}

TEST_P(SignInContract, AHalfSessionLivesShortAndCompletesOnce) {
  const auto step = first_step("lan", demo_password);
  ASSERT_TRUE(complete_with_totp(db(), context_, step->half.session, code("lan")));
  next_code();
  EXPECT_EQ(complete_with_totp(db(), context_, step->half.session, code("lan")).error().reason,
            "not_signed_in");
  const auto slow = first_step("lan", demo_password);
  clock_.advance(half_session_life_ms);
  EXPECT_EQ(reason_of(slow->half.token), "session_expired");
}

TEST_P(SignInContract, RefusesForgedTokens) {
  const auto open = both_steps("lan");
  ASSERT_TRUE(open.has_value());
  auto other = open->token;
  other[0] = other[0] == 'A' ? 'B' : 'A';
  for (const auto& token : std::vector<std::string>{"", "x", other, open->token + "A",
                                                    std::string(43, '\''), open->token.substr(1)})
    EXPECT_EQ(reason_of(token), "not_signed_in") << token;
}

TEST_P(SignInContract, CsrfTokenBelongsToItsSession) {
  const auto first = both_steps("lan");
  const auto second = both_steps("minh");
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(check_csrf(first->session, first->session.csrf_token));
  EXPECT_EQ(check_csrf(first->session, second->session.csrf_token).error().reason, "csrf");
  EXPECT_EQ(check_csrf(first->session, "").error().reason, "csrf");
}

TEST_P(SignInContract, StopsAtTheMostSessionsAndEndsTheOldest) {
  const auto first = person("lan");
  const auto oldest = db().transact([&](store::Transaction& tx) {
    return open_session(tx, context_, first.session.account_id, SessionStage::complete);
  });
  ASSERT_TRUE(oldest.has_value());
  for (int i = 0; i < sessions_per_account_max; ++i) {
    clock_.advance(1);
    (void)person("lan");
  }
  EXPECT_EQ(reason_of(oldest->token), "not_signed_in");
  EXPECT_EQ(count("SELECT count(*) FROM session WHERE ended_at_ms IS NULL"),
            sessions_per_account_max);
}

TEST_P(SignInContract, OldSessionsAreDeleted) {
  (void)person("lan");
  clock_.advance(session_life_ms + ms_per_day + 1);
  const auto deleted =
      db().transact([&](store::Transaction& tx) { return delete_old_sessions(tx, context_); });
  ASSERT_TRUE(deleted.has_value());
  EXPECT_EQ(*deleted, 1);
  EXPECT_EQ(count("SELECT count(*) FROM session"), 0);
}

TEST_P(SignInContract, ChangingThePasswordEndsTheOtherSessions) {
  const auto here = both_steps("lan");
  next_code();
  const auto elsewhere = both_steps("lan");
  ASSERT_TRUE(here && elsewhere);
  const auto person = resolve_session(db(), context_, here->token);
  const auto change = [&](std::string_view old_password, std::string_view new_password) {
    const auto done = change_password(db(), context_, *person,
                                      {.old_password = old_password, .new_password = new_password});
    return done ? "" : done.error().reason;
  };
  EXPECT_EQ(change("wrong", "một mật khẩu mới"), "bad_password");
  EXPECT_EQ(change(demo_password, "ngắn"), "password_too_short");
  EXPECT_EQ(change(demo_password, demo_password), "same_password");
  EXPECT_EQ(change(demo_password, "một mật khẩu mới"), "");
  EXPECT_EQ(reason_of(here->token), "");
  EXPECT_EQ(reason_of(elsewhere->token), "not_signed_in");
  EXPECT_EQ(first_step("lan", demo_password).error().reason, "bad_sign_in");
  EXPECT_TRUE(first_step("lan", "một mật khẩu mới"));
  EXPECT_EQ(leaves("account.password_changed"), 1);
}

TEST_P(SignInContract, AChosenPasswordIsHashedAnewWhenTheCostRises) {
  PasswordGate dearer{{.passes = 2, .memory_size = std::size_t{16} << 10}};
  Context later{.clock = clock_,
                .rng = rng_,
                .seal_key = seal_key_,
                .server_key = server_key_,
                .rp = rp_,
                .passwords = dearer,
                .limits = limits_};
  ASSERT_TRUE(
      sign_in(db(), later, {.login = "lan", .password = demo_password, .client_prefix = ""}));
  const auto row = db().read([](store::Executor& executor) {
    return executor.query_one("SELECT password_hash FROM account WHERE login = 'lan'");
  });
  EXPECT_FALSE(dearer.needs_rehash((*row)->text(0)));
  EXPECT_TRUE(first_step("lan", demo_password));
}

// ---- factors ------------------------------------------------------------------------------------

TEST_P(SignInContract, APasskeyIsRegisteredAndSignsIn) {
  testing::SoftPasskey key;
  const auto lan = person("lan");
  clock_.advance(1);  // factors are listed by age
  const auto options =
      db().transact([&](store::Transaction& tx) { return begin_passkey(tx, context_, lan); });
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const auto challenge = codec::parse_base64url(options->text_at("challenge").value()).value();
  const auto confirm = [&](const WebauthnAttestation& attestation) {
    return db().transact([&](store::Transaction& tx) {
      return confirm_passkey(tx, context_, lan, "Khoá của Lan", attestation);
    });
  };
  EXPECT_EQ(confirm(key.create(Octets(32))).error().reason, "webauthn_refused");
  const auto added = confirm(key.create(challenge));
  ASSERT_TRUE(added.has_value()) << added.error().message;
  EXPECT_FALSE(added->has_value());  // the session was complete already
  EXPECT_EQ(confirm(key.create(challenge)).error().reason, "challenge_expired");

  const auto step = first_step("lan", demo_password);
  EXPECT_EQ(step->factors, (std::vector{FactorKind::totp, FactorKind::webauthn}));
  const auto request = passkey_options(db(), context_, step->half.session);
  ASSERT_TRUE(request.has_value());
  const auto asked = codec::parse_base64url(request->text_at("challenge").value()).value();
  const auto assertion = key.get(asked);
  const auto complete = complete_with_passkey(db(), context_, step->half.session, assertion);
  ASSERT_TRUE(complete.has_value()) << complete.error().message;
  EXPECT_FALSE(complete_with_passkey(db(), context_, step->half.session, assertion));
}

TEST_P(SignInContract, ASecondFactorIsNeverAddedWithAPasswordAlone) {
  const auto step = first_step("lan", demo_password);
  const auto half = resolve_session(db(), context_, step->half.token);
  const auto totp =
      db().transact([&](store::Transaction& tx) { return begin_totp(tx, context_, *half); });
  ASSERT_FALSE(totp.has_value());
  EXPECT_EQ(totp.error().reason, "factor_needed");
  const auto passkey =
      db().transact([&](store::Transaction& tx) { return begin_passkey(tx, context_, *half); });
  ASSERT_FALSE(passkey.has_value());
  EXPECT_EQ(passkey.error().reason, "factor_needed");
}

TEST_P(SignInContract, FactorsChangeOnlySoonAfterTheFactorWasShown) {
  const auto lan = person("lan");
  clock_.advance(step_up_life_ms + 1);
  const auto begun =
      db().transact([&](store::Transaction& tx) { return begin_totp(tx, context_, lan); });
  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().reason, "step_up_needed");
}

TEST_P(SignInContract, TheLastFactorStaysAndOthersGo) {
  const auto lan = person("lan");
  const auto list = [&] {
    return db()
        .read([&](store::Executor& executor) {
          return list_factors(executor, lan.session.account_id);
        })
        .value();
  };
  const auto remove = [&](const FactorId& id) {
    const auto done =
        db().transact([&](store::Transaction& tx) { return remove_factor(tx, context_, lan, id); });
    return done ? "" : done.error().reason;
  };
  ASSERT_EQ(list().size(), 1U);
  EXPECT_EQ(remove(list()[0].id), "last_factor");
  const auto setup =
      db().transact([&](store::Transaction& tx) { return begin_totp(tx, context_, lan); });
  ASSERT_TRUE(setup.has_value());
  EXPECT_EQ(list().size(), 1U);  // not before it is confirmed
  const auto secret = codec::parse_base32(setup->secret).value();
  const auto confirm = [&](const std::string& digits) {
    return db().transact(
        [&](store::Transaction& tx) { return confirm_totp(tx, context_, lan, digits); });
  };
  EXPECT_EQ(confirm("000000x").error().reason, "bad_factor");
  ASSERT_TRUE(confirm(totp_code(secret, totp_step(clock_.now_ms()))));
  EXPECT_EQ(confirm("000000").error().reason, "no_setup");
  ASSERT_EQ(list().size(), 2U);
  EXPECT_EQ(remove(list()[0].id), "");
  EXPECT_EQ(list().size(), 1U);
  EXPECT_EQ(leaves("account.factor_removed"), 1);
}

TEST_P(SignInContract, StopsAtTheMostFactors) {
  const auto lan = person("lan");
  for (std::int64_t i = 1; i < factors_per_account_max; ++i) {
    testing::SoftPasskey key;
    key.credential_id = Octets(8, static_cast<std::uint8_t>(i));
    const auto done = db().transact([&](store::Transaction& tx) -> Result<void> {
      const auto options = begin_passkey(tx, context_, lan);
      if (!options) return tl::unexpected<Error>{options.error()};
      const auto challenge = codec::parse_base64url(options->text_at("challenge").value()).value();
      const auto added = confirm_passkey(tx, context_, lan, "khoá", key.create(challenge));
      if (!added) return tl::unexpected<Error>{added.error()};
      return {};
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  const auto refused =
      db().transact([&](store::Transaction& tx) { return begin_totp(tx, context_, lan); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "too_many_factors");
}

TEST_P(SignInContract, SecretsAreSealedAndSessionsHashed) {
  const auto open = both_steps("lan");
  ASSERT_TRUE(open.has_value());
  const auto rows = db().read(
      [](store::Executor& executor) { return executor.query("SELECT token_hash FROM session"); });
  for (const auto& row : *rows)
    EXPECT_NE(row.octets(0), codec::parse_base64url(open->token).value());
  const auto other = crypto::SealKey::generate(rng_);
  Context stolen{.clock = clock_,
                 .rng = rng_,
                 .seal_key = other,
                 .server_key = server_key_,
                 .rp = rp_,
                 .passwords = passwords_,
                 .limits = limits_};
  EXPECT_EQ(demo_code(db(), stolen, "lan").error().code, ErrorCode::corrupt);
}

TEST_P(SignInContract, StepUpShowsTheFactorAgain) {
  const auto lan = person("lan");
  clock_.advance(step_up_life_ms + 1);
  EXPECT_EQ(require_step_up(lan.actor, clock_).error().reason, "step_up_needed");
  ASSERT_TRUE(step_up_with_totp(db(), context_, lan.session, code("lan")));
  EXPECT_EQ(count("SELECT max(factor_at_ms) FROM session"), clock_.now_ms());
}

TEST_P(SignInContract, AStepUpIsRefusedForAWrongCodeAndForTooMany) {
  const auto lan = person("lan");
  for (int i = 0; i < factor_rate_by_account.burst; ++i) {
    EXPECT_EQ(step_up_with_totp(db(), context_, lan.session, "00000x").error().reason,
              "bad_factor");
  }
  EXPECT_EQ(step_up_with_totp(db(), context_, lan.session, code("lan")).error().reason,
            "too_many_attempts");
  const auto step = first_step("hoa", demo_password);
  EXPECT_EQ(step_up_with_totp(db(), context_, step->half.session, code("hoa")).error().reason,
            "wrong_stage");
}

TEST_P(SignInContract, AStepUpWithAPasskeyTakesItsOwnChallengeOnce) {
  testing::SoftPasskey key;
  const auto lan = person("lan");
  EXPECT_EQ(step_up_options(db(), context_, lan.session).error().reason, "no_factor");
  const auto challenge_of = [](const Result<codec::Json>& options) {
    return codec::parse_base64url(options->text_at("challenge").value()).value();
  };
  const auto options =
      db().transact([&](store::Transaction& tx) { return begin_passkey(tx, context_, lan); });
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                    return confirm_passkey(tx, context_, lan, "khoá",
                                           key.create(challenge_of(options)));
                  })
                  .has_value());
  clock_.advance(step_up_life_ms + 1);

  // A signature that was asked for a sign-in shows no factor in a session, and the other way round.
  const auto for_sign_in = passkey_options(db(), context_, lan.session);
  EXPECT_EQ(step_up_with_passkey(db(), context_, lan.session, key.get(challenge_of(for_sign_in)))
                .error()
                .reason,
            "challenge_expired");
  const auto asked = step_up_options(db(), context_, lan.session);
  ASSERT_TRUE(asked.has_value());
  const auto assertion = key.get(challenge_of(asked));
  ASSERT_TRUE(step_up_with_passkey(db(), context_, lan.session, assertion));
  EXPECT_EQ(count("SELECT max(factor_at_ms) FROM session"), clock_.now_ms());
  EXPECT_EQ(step_up_with_passkey(db(), context_, lan.session, assertion).error().reason,
            "challenge_expired");
}

}  // namespace
}  // namespace khien::identity
