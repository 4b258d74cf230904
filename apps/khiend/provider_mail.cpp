#include "provider_mail.h"

#include "base/log.h"
#include "pages/moment.h"

namespace khien::khiend {

ProviderMail::ProviderMail(Parts parts)
    : parts_(std::move(parts)),
      sent_(parts_.metrics.counter("khien_provider_mail_sent_total",
                                   "Mails to providers that the server took")),
      failed_(parts_.metrics.counter("khien_provider_mail_failed_total",
                                     "Mails to providers that the server did not take")) {}

Result<void> ProviderMail::run() {
  for (int i = 0; i < provider_mails_a_round; ++i) {
    auto sent = send_next();
    if (!sent) return tl::unexpected<Error>{std::move(sent).error()};
    if (*sent != Sent::sent) break;
  }
  return {};
}

Result<ProviderMail::Sent> ProviderMail::send_next() {
  auto& database = parts_.database;
  const auto& clock = parts_.context.clock;
  auto claimed =
      store::claim_job(database, clock, providers::job_provider_task, provider_mail_lease_ms);
  if (!claimed) return tl::unexpected<Error>{std::move(claimed).error()};
  if (!*claimed) return Sent::nothing_due;
  const auto& job = **claimed;
  auto mail = database.transact(
      [&](store::Transaction& tx) { return compose(tx, providers::TaskId{job.payload}); });
  if (!mail) return propagate(std::move(mail).error(), "write to a provider");
  Result<void> went;
  if (*mail) went = parts_.send(**mail);
  if (went) {
    auto done =
        database.transact([&](store::Transaction& tx) { return store::finish_job(tx, job); });
    if (!done && done.error().reason != "lease_lost") {
      return tl::unexpected<Error>{std::move(done).error()};
    }
    if (*mail) sent_.add();
    return Sent::sent;
  }
  failed_.add();
  KHIEN_LOG(warning, "provider_mail_not_sent", {"task", job.payload}, {"attempt", job.attempt},
            {"why", went.error().message});
  auto fate = store::fail_job(database, clock, job, went.error().message);
  if (!fate && fate.error().reason != "lease_lost") {
    return tl::unexpected<Error>{std::move(fate).error()};
  }
  return Sent::not_taken;
}

Result<std::optional<notice::Mail>> ProviderMail::compose(store::Transaction& tx,
                                                          const providers::TaskId& id) {
  constexpr std::optional<notice::Mail> none;
  auto task = providers::load_task(tx, id);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  auto provider = providers::load_provider(tx, task->provider);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  auto contact = providers::read_contact(tx, parts_.context, provider->id);
  if (!contact) return tl::unexpected<Error>{std::move(contact).error()};
  const bool is_over = task->state == providers::TaskState::closed || provider->ended_at_ms;
  if (is_over || contact->empty()) return none;
  auto code = providers::make_code(tx, parts_.context, id);
  if (!code) return tl::unexpected<Error>{std::move(code).error()};
  auto mail = notice::provider_task_mail(parts_.texts, {.provider = provider->title,
                                                        .names = task->items_open,
                                                        .due = pages::moment_text(task->due_at_ms),
                                                        .link = parts_.public_url + "/provider",
                                                        .code = std::move(*code)});
  mail.to = std::move(*contact);
  return std::optional{std::move(mail)};
}

}  // namespace khien::khiend
