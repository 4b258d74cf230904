#include "timers.h"

#include "base/log.h"
#include "cases/context.h"
#include "cases/deadline.h"
#include "cases/second_signer.h"
#include "evidence/custody.h"
#include "feeds/entry_finding.h"
#include "feeds/runner.h"
#include "free_memory.h"
#include "identity/account_change.h"
#include "identity/session.h"
#include "proposals_letter.h"
#include "providers/task.h"
#include "providers/tidy.h"
#include "signer_letter.h"
#include "tally/tidy.h"

namespace khien::khiend {
namespace {

using namespace std::chrono_literals;

feeds::Context feeds_context(const Domain& domain) {
  return {.clock = domain.services().clock, .rng = domain.services().rng};
}

/// Deadlines that time decides: lapses of orders, feeds and their entries, rechecks, suspensions
/// that end.
Result<void> sweep_deadlines(Domain& domain) {
  auto swept = cases::sweep(domain.database(), domain.services().cases);
  if (!swept) return tl::unexpected<Error>{std::move(swept).error()};
  const auto context = feeds_context(domain);
  auto over = domain.database().read(
      [&](store::Executor& db) { return feeds::any_over(db, context.clock.now_ms()); });
  if (!over) return tl::unexpected<Error>{std::move(over).error()};
  auto due = domain.database().read(
      [&](store::Executor& db) { return feeds::any_entry_due(db, context.clock.now_ms()); });
  if (!due) return tl::unexpected<Error>{std::move(due).error()};
  if (*due) {
    auto dropped = domain.database().transact(
        [&](store::Transaction& tx) { return feeds::drop_due_entries(tx, context); });
    if (!dropped) return tl::unexpected<Error>{std::move(dropped).error()};
  }
  if (!*over) return {};
  auto lapsed = domain.database().transact(
      [&](store::Transaction& tx) { return feeds::lapse_feeds(tx, context); });
  if (!lapsed) return tl::unexpected<Error>{std::move(lapsed).error()};
  return {};
}

/// Old sessions, and changes of accounts that nobody confirmed.
Result<void> tidy_accounts(Domain& domain) {
  const auto& context = domain.services().identity;
  auto done = domain.database().transact([&](store::Transaction& tx) -> Result<void> {
    if (auto deleted = identity::delete_old_sessions(tx, context); !deleted) {
      return tl::unexpected<Error>{std::move(deleted).error()};
    }
    if (auto lapsed = identity::lapse_changes(tx, context); !lapsed) {
      return tl::unexpected<Error>{std::move(lapsed).error()};
    }
    return {};
  });
  return done;
}

/// Runs the feed that is due longest; one a round, so that stopping waits for one list at most.
Result<void> run_feeds(Domain& domain, const Options& options) {
  const auto& services = domain.services();
  auto due = domain.database().read(
      [&](store::Executor& db) { return feeds::due_feeds(db, services.clock.now_ms()); });
  if (!due) return tl::unexpected<Error>{std::move(due).error()};
  if (due->empty()) return {};
  const auto impact = services.impact.get();
  const auto context = feeds_context(domain);
  bool ran = false;
  for (const auto& id : *due) {
    auto run = feeds::run_feed({.database = domain.database(),
                                .context = context,
                                .impact = *impact,
                                .feed_folder = options.state / "feeds"},
                               id);
    ran = run.has_value();
    if (ran) break;
    // Another process may run it already: then the next one. The rest is in the run's own record.
    if (run.error().code == ErrorCode::conflict) continue;
    KHIEN_LOG(warning, "feed_run_failed", {"feed", id.value}, {"why", run.error().message});
  }
  if (ran) give_back_free_memory();
  if (!ran || due->size() == 1) return {};
  return domain.database().transact([](store::Transaction& tx) -> Result<void> {
    tx.notify(feeds::channel_due);
    return {};
  });
}

/// The rolling check of evidence, and the octets of what was destroyed.
Result<void> keep_evidence(Domain& domain) {
  const auto& services = domain.services();
  const evidence::Context context{services.clock, services.rng,
                                  &evidence::damaged_counter(services.metrics)};
  auto checked = evidence::verify_items(services.database, context, services.contents,
                                        services.clock.now_ms() - evidence::verify_every_ms);
  if (!checked) return tl::unexpected<Error>{std::move(checked).error()};
  auto removed = evidence::remove_destroyed(services.database, services.clock, services.contents);
  if (!removed) return tl::unexpected<Error>{std::move(removed).error()};
  return {};
}

/// Hours of what resolvers told become days; what is old goes, also of what probes told.
Result<void> tidy_sums(Domain& domain) {
  const auto& services = domain.services();
  auto tidied = tally::tidy(services.database, {.clock = services.clock, .rng = services.rng});
  if (!tidied) return tl::unexpected<Error>{std::move(tidied).error()};
  auto gone = providers::tidy(services.database, api::providers_context(services));
  if (!gone) return tl::unexpected<Error>{std::move(gone).error()};
  return {};
}

}  // namespace

Timers::Timers(Domain& domain, const Options& options)
    : domain_(domain),
      options_(options),
      live_updates_(domain.database(), domain.events()),
      verification_(domain, options.verify) {
  if (options.api) {
    add({.name = "live_updates", .interval = 1s}, cases::channel_records,
        [this] { return live_updates_.run(); });
  }
  if (options.worker) {
    if (!options.verify.empty()) {
      add({.name = "verification", .interval = 1s}, cases::channel_publication,
          [this] { return verification_.run(); });
    }
    add({.name = "feeds", .interval = 30s}, feeds::channel_due,
        [this] { return run_feeds(domain_, options_); });
    add({.name = "deadlines", .interval = 1s}, "khiend.deadlines",
        [this] { return sweep_deadlines(domain_); });
    add_mail();
    add_providers();
    add_rechecks();
    add({.name = "evidence", .interval = 10min}, "khiend.evidence",
        [this] { return keep_evidence(domain_); });
    add({.name = "sums", .interval = 1h}, "khiend.sums", [this] { return tidy_sums(domain_); });
    add({.name = "accounts", .interval = 10min}, "khiend.accounts",
        [this] { return tidy_accounts(domain_); });
  }
}

Timers::~Timers() {
  // /healthz may still be asked while we stop; it must not reach a thread that is gone.
  for (const auto& thread : threads_) {
    domain_.health().add(thread->name(), [] {
      return api::PartState{.condition = api::Condition::degraded, .words = "stopped"};
    });
  }
}

void Timers::add_mail() {
  if (!options_.mail) {
    domain_.health().add("mail", [] { return api::PartState{.words = "not set up (--smtp)"}; });
    return;
  }
  const auto& services = domain_.services();
  const LetterParts parts{.cases = services.cases,
                          .metrics = services.metrics,
                          .texts = texts(),
                          .public_url = services.public_url};
  officer_mail_ = std::make_unique<OfficerMail>(
      OfficerMail::Parts{.database = domain_.database(),
                         .clock = services.clock,
                         .metrics = services.metrics,
                         .send =
                             [server = *options_.mail, &services](const notice::Mail& mail) {
                               return notice::send_mail(server, mail, services.clock, services.rng);
                             }},
      std::vector{signer_letter(parts), proposals_letter(parts)});
  add({.name = "mail", .interval = 2s}, store::job_channel(cases::job_second_signature),
      [this] { return officer_mail_->run(); });
  // What the mail server says is told beside what the thread itself meets.
  domain_.health().add("mail", [mail = officer_mail_.get(), thread = threads_.back().get()] {
    auto state = thread->state();
    return state.condition == api::Condition::ok ? mail->state() : state;
  });
}

void Timers::add_providers() {
  const auto& services = domain_.services();
  if (options_.mail) {
    provider_mail_ = std::make_unique<ProviderMail>(
        ProviderMail::Parts{.database = domain_.database(),
                            .context = api::providers_context(services),
                            .metrics = services.metrics,
                            .texts = texts(),
                            .public_url = services.public_url,
                            .send = [server = *options_.mail, &services](const notice::Mail& mail) {
                              return notice::send_mail(server, mail, services.clock, services.rng);
                            }});
  }
  add({.name = "providers", .interval = 30s}, store::job_channel(providers::job_provider_task),
      [this]() -> Result<void> {
        auto reviewed = providers::review_tasks(
            domain_.database(), api::providers_context(domain_.services()),
            provider_mail_ ? providers::Telling::by_mail : providers::Telling::nobody);
        if (!reviewed) return tl::unexpected<Error>{std::move(reviewed).error()};
        return provider_mail_ ? provider_mail_->run() : Result<void>{};
      });
}

void Timers::add_rechecks() {
  if (options_.recheck.resolvers.empty()) {
    domain_.health().add("rechecks",
                         [] { return api::PartState{.words = "not set up (--recheck-resolver)"}; });
    return;
  }
  auto opened = Rechecks::open(domain_, options_);
  if (!opened) {
    KHIEN_LOG(error, "rechecks_not_started", {"why", opened.error().message});
    domain_.health().add("rechecks", [words = opened.error().message] {
      return api::PartState{.condition = api::Condition::degraded, .words = words};
    });
    return;
  }
  rechecks_ = std::move(*opened);
  add({.name = "rechecks", .interval = 10s}, "khiend.rechecks",
      [this] { return rechecks_->run(); });
}

notice::Texts Timers::texts() {
  return [&site = domain_.services().site](std::string_view language, std::string_view key) {
    return std::string{site.text(language, key)};
  };
}

void Timers::add(TimerThread::Options options, std::string_view channel,
                 std::function<Result<void>()> work) {
  auto thread = std::make_unique<TimerThread>(
      std::move(options), domain_.database().subscribe(channel), std::move(work));
  domain_.health().add(thread->name(), [raw = thread.get()] { return raw->state(); });
  threads_.push_back(std::move(thread));
}

}  // namespace khien::khiend
