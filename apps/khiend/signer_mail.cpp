#include "signer_mail.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cases/second_signer.h"
#include "identity/account.h"
#include "pages/moment.h"

namespace khien::khiend {
namespace {

struct Recipient {
  cases::OrderId order;
  identity::AccountId account;
};

std::string payload_of(const Recipient& recipient) {
  return recipient.order.value + " " + recipient.account.value;
}

std::optional<Recipient> read_payload(std::string_view payload) {
  const auto space = payload.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto order = cases::OrderId::parse(payload.substr(0, space));
  auto account = identity::AccountId::parse(payload.substr(space + 1));
  if (!order || !account) return std::nullopt;
  return Recipient{.order = std::move(*order), .account = std::move(*account)};
}

/// True where trying again cannot help: the server refused this mail, or it cannot be written.
bool is_final(const Error& error) noexcept {
  return error.code == ErrorCode::denied || error.code == ErrorCode::invalid_argument;
}

}  // namespace

SignerMail::SignerMail(Parts parts)
    : parts_(std::move(parts)),
      sent_(parts_.metrics.counter("khien_mail_sent_total", "Mails that the server took")),
      retried_(parts_.metrics.counter("khien_mail_retried_total",
                                      "Mails that will be tried again after a failure")),
      given_up_(parts_.metrics.counter("khien_mail_given_up_total",
                                       "Mails that were refused or tried too often")),
      no_address_(parts_.metrics.counter("khien_mail_no_address_total",
                                         "People to tell who have no mail address")),
      waiting_(parts_.metrics.gauge("khien_mail_waiting", "Mails not sent yet")),
      undelivered_(parts_.metrics.gauge("khien_mail_undelivered",
                                        "Mails given up; khienctl mail list says why")) {}

Result<void> SignerMail::run() {
  for (int i = 0; i < mails_a_round; ++i) {
    auto handed = hand_out_next();
    if (!handed) return tl::unexpected<Error>{std::move(handed).error()};
    if (!*handed) break;
  }
  for (int i = 0; i < mails_a_round && may_send_now(); ++i) {
    auto sent = send_next();
    if (!sent) return tl::unexpected<Error>{std::move(sent).error()};
    if (!*sent || **sent == Sent::server_away) break;
  }
  return count();
}

api::PartState SignerMail::state() {
  const auto trouble = *trouble_.lock();
  if (!trouble.empty()) return {.condition = api::Condition::degraded, .words = trouble};
  const auto given_up = undelivered_.value();
  if (given_up == 0) return {};
  return {.condition = api::Condition::degraded,
          .words = fmt::format("{} mails were given up: khienctl mail list", given_up)};
}

Result<bool> SignerMail::hand_out_next() {
  auto job = store::claim_job(parts_.database, parts_.cases.clock, cases::job_second_signature,
                              mail_lease_ms);
  if (!job) return tl::unexpected<Error>{std::move(job).error()};
  if (!*job) return false;
  auto done = parts_.database.transact(
      [&](store::Transaction& tx) -> Result<void> { return hand_out(tx, **job); });
  if (done || done.error().reason == "lease_lost") return true;
  auto later = store::fail_job(parts_.database, parts_.cases.clock, **job, done.error().message);
  if (!later) return tl::unexpected<Error>{std::move(later).error()};
  return true;
}

Result<void> SignerMail::hand_out(store::Transaction& tx, const store::Job& job) {
  const auto now_ms = parts_.cases.clock.now_ms();
  auto order = cases::load_order(tx, cases::OrderId{job.payload});
  if (!order && order.error().code != ErrorCode::not_found) {
    return propagate(std::move(order).error(), "load the order");
  }
  if (!order || !cases::waits_for_second(*order)) return store::finish_job(tx, job);
  auto signers = identity::accounts_with_right(tx, now_ms, identity::Action::order_approve);
  if (!signers) return propagate(std::move(signers).error(), "see who may sign");
  int count = 0;
  for (const auto& account : *signers) {
    if (!cases::may_sign_second(identity::as_actor(account), *order)) continue;
    if (account.email.empty()) {
      no_address_.add();
      continue;
    }
    if (++count > mail_recipients_max) break;
    const auto payload = payload_of({.order = order->id, .account = account.id});
    auto queued = store::enqueue_job(tx, parts_.cases.clock,
                                     {.kind = std::string{notice::job_signer_mail},
                                      .payload = payload,
                                      .dedupe_key = payload,
                                      .attempts_max = cases::second_signature_attempts_max});
    if (!queued) return tl::unexpected<Error>{std::move(queued).error()};
  }
  if (count == 0) {
    KHIEN_LOG(warning, "nobody_to_mail", {"order", order->id.value}, {"signers", signers->size()});
  }
  return store::finish_job(tx, job);
}

Result<std::optional<SignerMail::Sent>> SignerMail::send_next() {
  auto job =
      store::claim_job(parts_.database, parts_.cases.clock, notice::job_signer_mail, mail_lease_ms);
  if (!job) return tl::unexpected<Error>{std::move(job).error()};
  if (!*job) return std::optional<Sent>{};
  auto sent = send_one(**job);
  if (!sent && sent.error().reason == "lease_lost") return std::optional{Sent::not_needed};
  if (!sent) return tl::unexpected<Error>{std::move(sent).error()};
  return std::optional{*sent};
}

Result<SignerMail::Sent> SignerMail::send_one(const store::Job& job) {
  auto mail = parts_.database.read(
      [&](store::Executor& db) -> Result<std::optional<notice::Mail>> { return compose(db, job); });
  if (!mail) return propagate(std::move(mail).error(), "write a mail");
  Result<void> went;
  if (*mail) {
    went = parts_.send(**mail);
    ++sent_in_minute_;
  }
  if (went) {
    auto done = parts_.database.transact(
        [&](store::Transaction& tx) { return store::finish_job(tx, job); });
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    if (!*mail) return Sent::not_needed;
    sent_.add();
    trouble_.lock()->clear();
    return Sent::sent;
  }
  auto tried = job;
  if (is_final(went.error())) tried.attempts_max = job.attempt;  // no further attempt
  auto fate = store::fail_job(parts_.database, parts_.cases.clock, tried, went.error().message);
  if (!fate) return tl::unexpected<Error>{std::move(fate).error()};
  (*fate == store::JobFate::dead ? given_up_ : retried_).add();
  KHIEN_LOG(warning, "mail_not_sent", {"job", job.id}, {"attempt", job.attempt},
            {"why", went.error().message});
  if (is_final(went.error())) return Sent::refused;
  *trouble_.lock() = went.error().message;
  return Sent::server_away;
}

Result<std::optional<notice::Mail>> SignerMail::compose(store::Executor& db,
                                                        const store::Job& job) {
  constexpr std::optional<notice::Mail> none;
  const auto recipient = read_payload(job.payload);
  if (!recipient) return fail(ErrorCode::corrupt, "a mail's job names nobody");
  auto order = cases::load_order(db, recipient->order);
  if (!order) return propagate(std::move(order).error(), "load the order");
  auto account = identity::load_account(db, parts_.cases.clock.now_ms(), recipient->account);
  if (!account) return propagate(std::move(account).error(), "load the account");
  if (!cases::waits_for_second(*order) || account->locked || account->email.empty() ||
      !cases::may_sign_second(identity::as_actor(*account), *order)) {
    return none;
  }
  auto due_at_ms = cases::second_signature_due(db, *order);
  if (!due_at_ms) return tl::unexpected<Error>{std::move(due_at_ms).error()};
  auto mail = notice::second_signature_mail(
      parts_.texts, {.language = account->language,
                     .number = order->number,
                     .name = order->name,
                     .category = order->category.value_or(Category::phishing),
                     .emergency = order->emergency_ends_at_ms.has_value(),
                     .signatures = order->co_approver.empty() ? 1 : 2,
                     .due = *due_at_ms ? pages::moment_text(**due_at_ms) : "",
                     .ends = order->ends_at_ms ? pages::date_text(*order->ends_at_ms) : "",
                     .link = parts_.public_url + "/app/orders/" + order->id.value});
  mail.to = account->email;
  return std::optional{std::move(mail)};
}

bool SignerMail::may_send_now() {
  const auto now_ms = parts_.cases.clock.now_ms();
  // A clock that was set back must not stop mail for as long as it was wrong.
  if (now_ms - minute_from_ms_ >= ms_per_minute || now_ms < minute_from_ms_) {
    minute_from_ms_ = now_ms;
    sent_in_minute_ = 0;
  }
  return sent_in_minute_ < mails_a_minute_max;
}

Result<void> SignerMail::count() {
  const auto old_ms = parts_.cases.clock.now_ms() - undelivered_kept_ms;
  return parts_.database.transact([&](store::Transaction& tx) -> Result<void> {
    std::int64_t waiting = 0;
    std::int64_t dead = 0;
    for (const auto kind : {cases::job_second_signature, notice::job_signer_mail}) {
      auto forgotten = store::forget_dead_jobs(tx, kind, old_ms);
      if (!forgotten) return tl::unexpected<Error>{std::move(forgotten).error()};
      auto counts = store::count_jobs(tx, kind);
      if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
      waiting += counts->waiting;
      dead += counts->dead;
    }
    waiting_.set(waiting);
    undelivered_.set(dead);
    return {};
  });
}

}  // namespace khien::khiend
