#include "officer_mail.h"

#include <fmt/format.h>

#include "base/log.h"
#include "cases/second_signer.h"

namespace khien::khiend {
namespace {

/// True where trying again cannot help: the server refused this mail, or it cannot be written.
bool is_final(const Error& error) noexcept {
  return error.code == ErrorCode::denied || error.code == ErrorCode::invalid_argument;
}

Metric& no_address_counter(Metrics& metrics) {
  return metrics.counter("khien_mail_no_address_total", "People to tell who have no mail address");
}

}  // namespace

Result<int> queue_mails(store::Transaction& tx, const LetterParts& parts, std::string_view kind,
                        const std::vector<identity::Account>& people,
                        const std::function<std::string(const identity::Account&)>& payload_of) {
  int count = 0;
  for (const auto& account : people) {
    if (account.email.empty()) {
      no_address_counter(parts.metrics).add();
      continue;
    }
    if (count == mail_recipients_max) break;
    ++count;
    const auto payload = payload_of(account);
    auto queued = store::enqueue_job(tx, parts.cases.clock,
                                     {.kind = std::string{kind},
                                      .payload = payload,
                                      .dedupe_key = payload,
                                      .attempts_max = cases::second_signature_attempts_max});
    if (!queued) return tl::unexpected<Error>{std::move(queued).error()};
  }
  return count;
}

OfficerMail::OfficerMail(Parts parts, std::vector<Letter> letters)
    : parts_(std::move(parts)),
      letters_(std::move(letters)),
      sent_(parts_.metrics.counter("khien_mail_sent_total", "Mails that the server took")),
      retried_(parts_.metrics.counter("khien_mail_retried_total",
                                      "Mails that will be tried again after a failure")),
      given_up_(parts_.metrics.counter("khien_mail_given_up_total",
                                       "Mails that were refused or tried too often")),
      waiting_(parts_.metrics.gauge("khien_mail_waiting", "Mails not sent yet")),
      undelivered_(parts_.metrics.gauge("khien_mail_undelivered",
                                        "Mails given up; khienctl mail list says why")) {
  no_address_counter(parts_.metrics);  // shown from the start
}

Result<void> OfficerMail::run() {
  for (const auto& letter : letters_) {
    for (int i = 0; i < mails_a_round; ++i) {
      auto handed = hand_out_next(letter);
      if (!handed) return tl::unexpected<Error>{std::move(handed).error()};
      if (!*handed) break;
    }
  }
  for (int i = 0; i < mails_a_round && may_send_now(); ++i) {
    auto sent = send_next();
    if (!sent) return tl::unexpected<Error>{std::move(sent).error()};
    if (!*sent || **sent == Sent::server_away) break;
  }
  return plan_and_count();
}

api::PartState OfficerMail::state() {
  const auto trouble = *trouble_.lock();
  if (!trouble.empty()) return {.condition = api::Condition::degraded, .words = trouble};
  const auto given_up = undelivered_.value();
  if (given_up == 0) return {};
  return {.condition = api::Condition::degraded,
          .words = fmt::format("{} mails were given up: khienctl mail list", given_up)};
}

Result<bool> OfficerMail::hand_out_next(const Letter& letter) {
  auto job = store::claim_job(parts_.database, parts_.clock, letter.asked, mail_lease_ms);
  if (!job) return tl::unexpected<Error>{std::move(job).error()};
  if (!*job) return false;
  auto done = parts_.database.transact(
      [&](store::Transaction& tx) -> Result<void> { return letter.hand_out(tx, **job); });
  if (done || done.error().reason == "lease_lost") return true;
  auto later = store::fail_job(parts_.database, parts_.clock, **job, done.error().message);
  if (!later) return tl::unexpected<Error>{std::move(later).error()};
  return true;
}

Result<std::optional<OfficerMail::Sent>> OfficerMail::send_next() {
  for (const auto& letter : letters_) {
    auto job = store::claim_job(parts_.database, parts_.clock, letter.kind, mail_lease_ms);
    if (!job) return tl::unexpected<Error>{std::move(job).error()};
    if (!*job) continue;
    auto sent = send_one(letter, **job);
    if (!sent && sent.error().reason == "lease_lost") return std::optional{Sent::not_needed};
    if (!sent) return tl::unexpected<Error>{std::move(sent).error()};
    return std::optional{*sent};
  }
  return std::optional<Sent>{};
}

Result<OfficerMail::Sent> OfficerMail::send_one(const Letter& letter, const store::Job& job) {
  auto mail = parts_.database.read([&](store::Executor& db) -> Result<std::optional<notice::Mail>> {
    return letter.compose(db, job);
  });
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
  auto fate = store::fail_job(parts_.database, parts_.clock, tried, went.error().message);
  if (!fate) return tl::unexpected<Error>{std::move(fate).error()};
  (*fate == store::JobFate::dead ? given_up_ : retried_).add();
  KHIEN_LOG(warning, "mail_not_sent", {"job", job.id}, {"attempt", job.attempt},
            {"why", went.error().message});
  if (is_final(went.error())) return Sent::refused;
  *trouble_.lock() = went.error().message;
  return Sent::server_away;
}

bool OfficerMail::may_send_now() {
  const auto now_ms = parts_.clock.now_ms();
  // A clock that was set back must not stop mail for as long as it was wrong.
  if (now_ms - minute_from_ms_ >= ms_per_minute || now_ms < minute_from_ms_) {
    minute_from_ms_ = now_ms;
    sent_in_minute_ = 0;
  }
  return sent_in_minute_ < mails_a_minute_max;
}

Result<void> OfficerMail::plan_and_count() {
  const auto old_ms = parts_.clock.now_ms() - undelivered_kept_ms;
  return parts_.database.transact([&](store::Transaction& tx) -> Result<void> {
    std::int64_t waiting = 0;
    std::int64_t dead = 0;
    for (const auto& letter : letters_) {
      for (const auto kind : {letter.asked, letter.kind}) {
        auto forgotten = store::forget_dead_jobs(tx, kind, old_ms);
        if (!forgotten) return tl::unexpected<Error>{std::move(forgotten).error()};
        if (letter.plan && kind == letter.asked) continue;
        auto counts = store::count_jobs(tx, kind);
        if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
        waiting += counts->waiting;
        dead += counts->dead;
      }
      if (!letter.plan) continue;
      if (auto planned = letter.plan(tx); !planned) return planned;
    }
    waiting_.set(waiting);
    undelivered_.set(dead);
    return {};
  });
}

}  // namespace khien::khiend
