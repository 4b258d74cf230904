// Mail to the second signer, from the proposal to what a mail server would get, on both engines.
// The server here is a function; a real one is in notice/mail_server_test.cpp and in tests/e2e.
#include "signer_letter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "cases/second_signer.h"
#include "cases/testing/desk.h"
#include "identity/account.h"
#include "identity/first_start.h"
#include "pages/catalogue.h"

namespace khien::khiend {
namespace {

using cases::Order;
using cases::Severity;
using cases::SignedMove;
using Addresses = std::vector<std::string>;

class SignerMailContract : public cases::testing::Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(
        identity::create_demo_accounts(db(), identity_, identity::demo_password).has_value());
    analyst = actor("lan");
    near_approver = actor("minh");  // of Lan's unit
    approver = actor("hoa");        // of another
    case_id_ = reported("http://ngan-hang.example/").case_id.value_or(cases::CaseId{});
    context.tell_second_signers = true;
    const LetterParts parts{
        .cases = context,
        .metrics = metrics_,
        .texts = [this](std::string_view language,
                        std::string_view name) { return std::string{texts_.text(language, name)}; },
        .public_url = "https://khien.tinh.example"};
    mail_.emplace(OfficerMail::Parts{.database = db(),
                                     .clock = clock,
                                     .metrics = metrics_,
                                     .send = [this](const notice::Mail& mail) -> Result<void> {
                                       if (answer_) return tl::unexpected<Error>{*answer_};
                                       outbox_.push_back(mail);
                                       return {};
                                     }},
                  std::vector{signer_letter(parts)});
  }

  identity::Actor actor(std::string_view login) {
    auto account = look([&](store::Executor& executor) -> Result<identity::Account> {
      auto id = identity::find_login(executor, login);
      if (!id) return tl::unexpected<Error>{id.error()};
      return identity::load_account(executor, clock.now_ms(), id->value_or(identity::AccountId{}));
    });
    EXPECT_TRUE(account.has_value()) << login;
    return account ? identity::as_actor(*account) : identity::Actor{};
  }
  void change(std::string_view sql) {
    ASSERT_TRUE(run([&](store::Transaction& tx) { return tx.execute(sql); }).has_value());
  }
  void round() {
    const auto done = mail_->run();
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  Addresses recipients() {
    Addresses to;
    for (const auto& mail : outbox_) to.push_back(mail.to);
    std::ranges::sort(to);
    return to;
  }
  store::JobCounts jobs() {
    return *look([](store::Executor& executor) {
      return store::count_jobs(executor, notice::job_signer_mail);
    });
  }
  Order propose(std::string name, Severity verdict = Severity::clear) {
    return proposed(case_id_, std::move(name), verdict);
  }

  crypto::Ed25519Key server_key_ = crypto::Ed25519Key::generate(rng);
  identity::RelyingParty rp_{.id = "localhost", .name = "Khiên", .origins = {}};
  identity::PasswordGate passwords_{crypto::password_cost_for_tests};
  identity::SignInLimits limits_;
  identity::Context identity_{.clock = clock,
                              .rng = rng,
                              .seal_key = key,
                              .server_key = server_key_,
                              .rp = rp_,
                              .passwords = passwords_,
                              .limits = limits_};
  Metrics metrics_;
  pages::Catalogue texts_ =
      *pages::Catalogue::load(std::filesystem::path{KHIEN_SOURCE_DIR} / "i18n");
  std::optional<Error> answer_;  // what the server says; without one it takes the mail
  std::vector<notice::Mail> outbox_;
  std::optional<OfficerMail> mail_;
  cases::CaseId case_id_;
};
INSTANTIATE_TEST_SUITE_P(Engines, SignerMailContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(SignerMailContract, EverybodyWhoMaySignGetsOneMailAndNobodyElse) {
  const auto order = propose("ngan-hang-uu-dai.example");
  round();
  round();
  EXPECT_EQ(recipients(), (Addresses{"hoa@khien.example", "minh@khien.example"}));
  EXPECT_EQ(jobs().waiting, 0);
  const auto& text = outbox_.front().text;
  for (const auto& part : {order.number, std::string{"ngan-hang-uu-dai[.]example"},
                           "https://khien.tinh.example/app/orders/" + order.id.value,
                           std::string{"10:00 02/03/2026"}}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  for (const char* secret : {"Lan", "Hoa", "@", "Giả mạo ngân hàng"}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << secret << " in\n" << text;
  }
  EXPECT_EQ(mail_->state().condition, api::Condition::ok);
}

TEST_P(SignerMailContract, ClassAGoesToAnotherUnitAlone) {
  static_cast<void>(propose("b.example", Severity::serious));
  round();
  EXPECT_EQ(recipients(), Addresses{"hoa@khien.example"});
}

TEST_P(SignerMailContract, AnEmergencyGoesToThoseWhoMayRatify) {
  const auto order = signed_move(approver, checked(case_id_, "c.example"), SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  round();
  ASSERT_EQ(recipients(), Addresses{"minh@khien.example"});
  EXPECT_NE(outbox_.front().subject.find("KHẨN"), std::string::npos);
}

TEST_P(SignerMailContract, SpeaksTheReadersLanguageAndSkipsWhoCannotBeReached) {
  change("UPDATE account SET language = 'en' WHERE login = 'hoa'");
  change("UPDATE account SET email = '' WHERE login = 'minh'");
  static_cast<void>(propose("d.example"));
  round();
  ASSERT_EQ(recipients(), Addresses{"hoa@khien.example"});
  EXPECT_NE(outbox_.front().subject.find("waits for your signature"), std::string::npos);
}

TEST_P(SignerMailContract, AServerThatIsAwayIsTriedAgainAndNobodyGetsTwo) {
  static_cast<void>(propose("e.example"));
  answer_ = Error{ErrorCode::unavailable, "mail server: Couldn't connect to server"};
  for (int i = 0; i < 5; ++i) {
    round();
    clock.advance(ms_per_minute);
  }
  EXPECT_TRUE(outbox_.empty());
  EXPECT_EQ(jobs().waiting, 2);
  EXPECT_EQ(mail_->state().condition, api::Condition::degraded);
  EXPECT_EQ(mail_->state().words, "mail server: Couldn't connect to server");
  answer_.reset();
  clock.advance(store::job_pause_max_ms);
  round();
  round();
  EXPECT_EQ(recipients(), (Addresses{"hoa@khien.example", "minh@khien.example"}));
  EXPECT_EQ(mail_->state().condition, api::Condition::ok);
}

TEST_P(SignerMailContract, ARefusalForGoodIsGivenUpCountedAndCanBeRevived) {
  static_cast<void>(propose("f.example"));
  answer_ = Error{ErrorCode::denied, "mail server refused with 550"};
  round();
  EXPECT_EQ(jobs().dead, 2);
  EXPECT_EQ(jobs().waiting, 0);
  EXPECT_EQ(mail_->state().condition, api::Condition::degraded);
  const auto text = metrics_.exposition();
  EXPECT_NE(text.find("khien_mail_given_up_total 2"), std::string::npos) << text;
  EXPECT_NE(text.find("khien_mail_undelivered 2"), std::string::npos) << text;
  const auto dead = look([](store::Executor& executor) {
    return store::list_dead_jobs(executor, notice::job_signer_mail, 10);
  });
  ASSERT_EQ(dead->size(), 2U);
  EXPECT_EQ(dead->front().why, "mail server refused with 550");
  EXPECT_EQ(dead->front().payload.find('@'), std::string::npos) << "ids, not addresses";
  answer_.reset();
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return store::revive_dead_jobs(tx, clock, notice::job_signer_mail);
              }).has_value());
  round();
  EXPECT_EQ(outbox_.size(), 2U);
  EXPECT_EQ(mail_->state().condition, api::Condition::ok);
}

TEST_P(SignerMailContract, WhatIsDecidedMeanwhileIsNotMailed) {
  const auto order = propose("g.example");
  answer_ = Error{ErrorCode::timeout, "mail server is silent"};
  round();
  answer_.reset();
  ASSERT_TRUE(signed_move(near_approver, order, SignedMove::approve).has_value());
  clock.advance(store::job_pause_max_ms);
  round();
  EXPECT_TRUE(outbox_.empty());
  EXPECT_EQ(jobs().waiting, 0);
  EXPECT_EQ(jobs().dead, 0);
}

TEST_P(SignerMailContract, WhoMayNotSignAnyMoreGetsNoMail) {
  static_cast<void>(propose("h.example"));
  answer_ = Error{ErrorCode::timeout, "mail server is silent"};
  round();
  answer_.reset();
  change("UPDATE account SET locked = 1 WHERE login = 'hoa'");
  clock.advance(store::job_pause_max_ms);
  round();
  EXPECT_EQ(recipients(), Addresses{"minh@khien.example"});
}

TEST_P(SignerMailContract, AWorkerThatVanishedLosesNothing) {
  static_cast<void>(propose("i.example"));
  ASSERT_TRUE(
      store::claim_job(db(), clock, cases::job_second_signature, mail_lease_ms)->has_value());
  round();
  EXPECT_TRUE(outbox_.empty());
  clock.advance(mail_lease_ms);
  round();
  EXPECT_EQ(outbox_.size(), 2U);
}

TEST_P(SignerMailContract, SendsNoMoreThanAMinuteMayHave) {
  const int orders = mails_a_minute_max / 2 + 1;  // two signers each
  for (int i = 0; i < orders; ++i) {
    static_cast<void>(propose("n" + std::to_string(i) + ".example"));
  }
  for (int i = 0; i < 10; ++i) round();
  EXPECT_EQ(outbox_.size(), static_cast<std::size_t>(mails_a_minute_max));
  clock.advance(ms_per_minute);
  round();
  EXPECT_EQ(outbox_.size(), static_cast<std::size_t>(2 * orders));
}

}  // namespace
}  // namespace khien::khiend
