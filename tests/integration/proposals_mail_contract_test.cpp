// The morning's mail about proposed lifts, from the finding to what a mail server gets, on both
// engines; once through a real SMTP server.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "cases/calendar.h"
#include "cases/lift_proposal.h"
#include "cases/testing/desk.h"
#include "codec/base64.h"
#include "identity/account.h"
#include "identity/first_start.h"
#include "notice/lift_proposals.h"
#include "notice/testing/smtp_server.h"
#include "pages/catalogue.h"
#include "proposals_letter.h"

namespace khien::khiend {
namespace {

using Addresses = std::vector<std::string>;

class ProposalsMailContract : public cases::testing::Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(
        identity::create_demo_accounts(db(), identity_, identity::demo_password).has_value());
    start_mail();
    round();  // plans the first letter
  }
  void start_mail() {
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
                                       return deliver_ ? deliver_(mail) : Result<void>{};
                                     }},
                  std::vector{proposals_letter(parts)});
  }
  void round() {
    const auto done = mail_->run();
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  /// Until shortly after the next moment at which a letter may go.
  void next_morning() {
    clock.advance(next_proposals_letter(clock.now_ms()) - clock.now_ms());
    round();
  }
  void change(std::string_view sql) {
    ASSERT_TRUE(run([&](store::Transaction& tx) { return tx.execute(sql); }).has_value());
  }
  cases::Order in_force(const std::string& name) {
    const auto order = approved(*reported("https://" + name).case_id, name);
    publish_all();
    return order_of(order.id);
  }
  cases::Order proposed_lift(const std::string& name,
                             cases::RecheckFinding finding = cases::RecheckFinding::dead) {
    const auto order = in_force(name);
    EXPECT_TRUE(run([&](store::Transaction& tx) {
                  return cases::propose_lift(
                      tx, context, {.order = order.id, .finding = finding, .grounds = {}});
                }).has_value());
    return order;
  }
  Addresses recipients() {
    Addresses to;
    for (const auto& mail : outbox_) to.push_back(mail.to);
    std::ranges::sort(to);
    return to;
  }
  /// Everybody who may lift and has an address.
  Addresses lifters() {
    auto accounts = look([&](store::Executor& ex) {
      return identity::accounts_with_right(ex, clock.now_ms(), identity::Action::order_lift);
    });
    Addresses to;
    for (const auto& account : *accounts) {
      if (!account.email.empty()) to.push_back(account.email);
    }
    std::ranges::sort(to);
    return to;
  }
  store::JobCounts jobs() {
    return *look([](store::Executor& executor) {
      return store::count_jobs(executor, notice::job_proposals_mail);
    });
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
  std::function<Result<void>(const notice::Mail&)> deliver_;
  std::vector<notice::Mail> outbox_;
  std::optional<OfficerMail> mail_;
};
INSTANTIATE_TEST_SUITE_P(Engines, ProposalsMailContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST(ProposalsLetter, GoesAtEightInTheMorningInVietnam) {
  const InstantMs midnight = 20'000 * ms_per_day - cases::vietnam_offset_ms;
  const auto eight = midnight + 8 * ms_per_hour;
  EXPECT_EQ(next_proposals_letter(midnight), eight);
  EXPECT_EQ(next_proposals_letter(eight - 1), eight);
  EXPECT_EQ(next_proposals_letter(eight), eight + ms_per_day) << "one a day";
  EXPECT_EQ(next_proposals_letter(midnight + 23 * ms_per_hour), eight + ms_per_day);
}

TEST_P(ProposalsMailContract, EverybodyWhoMayLiftGetsOneMailWithAllOfThem) {
  const auto first = proposed_lift("mot.example");
  const auto second = proposed_lift("hai.example", cases::RecheckFinding::content_gone);
  round();
  EXPECT_TRUE(outbox_.empty()) << "not before the morning";
  next_morning();
  ASSERT_EQ(recipients(), lifters());
  EXPECT_GE(outbox_.size(), 2U);
  const auto& text = outbox_.front().text;
  for (const auto& part :
       {first.number, second.number, std::string{"mot[.]example"}, std::string{"hai[.]example"},
        "https://khien.tinh.example/app/orders/" + first.id.value,
        std::string{"https://khien.tinh.example/app/orders/proposals"},
        std::string{"Trang không còn"}}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(text.find('@'), std::string::npos);
  EXPECT_NE(outbox_.front().subject.find("2 lệnh"), std::string::npos);
  const auto sent = outbox_.size();
  for (int i = 0; i < 20; ++i) {
    clock.advance(ms_per_hour);
    round();
  }
  EXPECT_EQ(outbox_.size(), sent) << "one a day";
}

TEST_P(ProposalsMailContract, ComesAgainWhereSomethingIsNewOrLapsesSoon) {
  proposed_lift("mot.example");
  next_morning();
  const auto people = lifters().size();
  EXPECT_EQ(outbox_.size(), people);
  next_morning();
  EXPECT_EQ(outbox_.size(), people) << "nothing new";
  proposed_lift("hai.example", cases::RecheckFinding::reregistered);  // goes after 72 hours
  next_morning();
  EXPECT_EQ(outbox_.size(), 2 * people) << "a new one";
  EXPECT_NE(outbox_.back().text.find("mot[.]example"), std::string::npos) << "and the other";
  next_morning();
  EXPECT_EQ(outbox_.size(), 3 * people) << "lapses within two days";
}

TEST_P(ProposalsMailContract, NothingToDecideIsNoMail) {
  next_morning();
  EXPECT_TRUE(outbox_.empty());
  const auto order = proposed_lift("mot.example");
  answer_ = Error{ErrorCode::timeout, "mail server is silent"};
  next_morning();
  answer_.reset();
  const auto version = order_of(order.id).version;
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::lift_order(
                    tx, context, duty, {.id = order.id, .version = version, .reason = "không còn"});
              }).has_value());
  clock.advance(store::job_pause_max_ms);
  round();
  EXPECT_TRUE(outbox_.empty()) << "decided meanwhile";
  EXPECT_EQ(jobs().waiting, 0);
}

TEST_P(ProposalsMailContract, SpeaksTheReadersLanguageAndSkipsWhoCannotOrMayNotBeTold) {
  proposed_lift("mot.example");
  const auto before = lifters();
  change("UPDATE account SET language = 'en' WHERE login = 'hoa'");
  change("UPDATE account SET email = '' WHERE login = 'minh'");
  next_morning();
  EXPECT_EQ(recipients().size(), before.size() - 1) << "an empty address is how one opts out";
  const auto hoa = std::ranges::find_if(
      outbox_, [](const notice::Mail& mail) { return mail.to == "hoa@khien.example"; });
  ASSERT_NE(hoa, outbox_.end());
  EXPECT_NE(hoa->subject.find("wait to be lifted or kept"), std::string::npos);
  // Who loses the right between the letter and the mail.
  outbox_.clear();
  proposed_lift("hai.example");
  answer_ = Error{ErrorCode::timeout, "mail server is silent"};
  next_morning();
  answer_.reset();
  change("UPDATE account SET locked = 1 WHERE login = 'hoa'");
  for (int i = 0; i < 3; ++i) {
    clock.advance(store::job_pause_max_ms);
    round();
  }
  EXPECT_EQ(std::ranges::count(recipients(), "hoa@khien.example"), 0);
  EXPECT_EQ(recipients().size(), before.size() - 2);
}

TEST_P(ProposalsMailContract, YesterdaysUndeliveredMailIsTodays) {
  proposed_lift("mot.example");
  answer_ = Error{ErrorCode::denied, "mail server refused with 550"};
  next_morning();
  const auto people = static_cast<std::int64_t>(lifters().size());
  EXPECT_EQ(jobs().dead, people);
  EXPECT_EQ(mail_->state().condition, api::Condition::degraded);
  proposed_lift("hai.example");
  next_morning();
  EXPECT_EQ(jobs().dead, people) << "not twice as many";
  answer_.reset();
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return store::revive_dead_jobs(tx, clock, notice::job_proposals_mail);
              }).has_value());
  round();
  EXPECT_EQ(recipients(), lifters());
}

TEST_P(ProposalsMailContract, TheStandingPlanIsNoMailThatWaitsAndOutlivesARestart) {
  round();
  const auto planned =
      look([](store::Executor& ex) { return store::count_jobs(ex, job_proposals_planned); });
  EXPECT_EQ(planned->waiting, 1);
  EXPECT_NE(metrics_.exposition().find("khien_mail_waiting 0"), std::string::npos);
  proposed_lift("mot.example");
  mail_.reset();
  reopen();
  start_mail();
  round();
  EXPECT_EQ(number_from("SELECT count(*) FROM job WHERE kind = 'order.lift_proposals'"), 1);
  next_morning();
  EXPECT_EQ(recipients(), lifters());
}

TEST_P(ProposalsMailContract, ARealServerGetsIt) {
  if (!notice::testing::SmtpServer::is_installed()) GTEST_SKIP() << "needs python3-aiosmtpd";
  const notice::testing::SmtpServer server;
  const SystemClock real;
  SystemRng system;
  deliver_ = [&](const notice::Mail& mail) {
    return notice::testing::SmtpServer::send(server.address(), mail, real, system);
  };
  const auto order = proposed_lift("mot.example");
  next_morning();
  const auto messages = server.messages();
  ASSERT_EQ(messages.size(), lifters().size());
  Addresses to;
  for (const auto& message : messages) {
    const auto from = message.find("X-RcptTo: ") + 10;
    to.push_back(message.substr(from, message.find('\n', from) - from));
    if (to.back().ends_with('\r')) to.back().pop_back();
    auto body =
        message.substr(message.find("\n\n") == std::string::npos ? message.find("\r\n\r\n") + 4
                                                                 : message.find("\n\n") + 2);
    std::erase_if(body, [](char c) { return c == '\n' || c == '\r'; });
    const auto text = codec::parse_base64(body);
    ASSERT_TRUE(text.has_value()) << body;
    EXPECT_NE(to_text(*text).find(order.number), std::string::npos);
    EXPECT_NE(to_text(*text).find("mot[.]example"), std::string::npos);
  }
  std::ranges::sort(to);
  EXPECT_EQ(to, lifters());
}

}  // namespace
}  // namespace khien::khiend
