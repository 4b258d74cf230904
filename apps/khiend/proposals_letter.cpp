#include "proposals_letter.h"

#include <charconv>

#include "cases/calendar.h"
#include "cases/lift_proposal.h"
#include "cases/second_signer.h"
#include "notice/lift_proposals.h"
#include "pages/moment.h"

namespace khien::khiend {
namespace {

constexpr std::string_view the_plan = "next";  // the key of the one job that stands

Result<void> plan_letter(const LetterParts& parts, store::Transaction& tx, InstantMs since_ms) {
  const auto& clock = parts.cases.clock;
  auto queued = store::enqueue_job(tx, clock,
                                   {.kind = std::string{job_proposals_planned},
                                    .payload = std::to_string(since_ms),
                                    .dedupe_key = std::string{the_plan},
                                    .due_at_ms = next_proposals_letter(clock.now_ms()),
                                    .attempts_max = cases::second_signature_attempts_max});
  if (!queued) return tl::unexpected<Error>{std::move(queued).error()};
  return {};
}

/// Where no plan stands: at the first start, or after one that failed too often.
Result<void> see_to_plan(const LetterParts& parts, store::Transaction& tx) {
  auto counts = store::count_jobs(tx, job_proposals_planned);
  if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
  if (counts->waiting > 0) return {};
  return plan_letter(parts, tx, 0);
}

Result<void> tell_lifters(const LetterParts& parts, store::Transaction& tx, const store::Job& job) {
  const auto now_ms = parts.cases.clock.now_ms();
  InstantMs since_ms = 0;
  std::from_chars(job.payload.data(), job.payload.data() + job.payload.size(), since_ms);
  auto news = cases::any_proposal_to_tell(tx, since_ms, now_ms + proposals_soon_ms);
  if (!news) return tl::unexpected<Error>{std::move(news).error()};
  if (*news) {
    // What could not be delivered yesterday is in today's letter.
    auto forgotten = store::forget_dead_jobs(tx, notice::job_proposals_mail, now_ms);
    if (!forgotten) return tl::unexpected<Error>{std::move(forgotten).error()};
    auto lifters = identity::accounts_with_right(tx, now_ms, identity::Action::order_lift);
    if (!lifters) return propagate(std::move(lifters).error(), "see who may lift");
    auto queued = queue_mails(tx, parts, notice::job_proposals_mail, *lifters,
                              [](const identity::Account& account) { return account.id.value; });
    if (!queued) return tl::unexpected<Error>{std::move(queued).error()};
  }
  if (auto done = store::finish_job(tx, job); !done) return done;
  return plan_letter(parts, tx, now_ms);
}

Result<notice::ProposedLift> describe(const LetterParts& parts, store::Executor& db,
                                      const cases::LiftProposal& proposal) {
  auto order = cases::load_order(db, proposal.order);
  if (!order) return propagate(std::move(order).error(), "load the order");
  return notice::ProposedLift{.number = order->number,
                              .name = order->name,
                              .category = order->category.value_or(Category::phishing),
                              .finding = std::string{cases::to_string(proposal.finding)},
                              .lapses = pages::moment_text(proposal.lapses_at_ms),
                              .link = parts.public_url + "/app/orders/" + order->id.value};
}

Result<std::optional<notice::Mail>> write_to_lifter(const LetterParts& parts, store::Executor& db,
                                                    const store::Job& job) {
  constexpr std::optional<notice::Mail> none;
  const auto id = identity::AccountId::parse(job.payload);
  if (!id) return fail(ErrorCode::corrupt, "a mail's job names nobody");
  auto account = identity::load_account(db, parts.cases.clock.now_ms(), *id);
  if (!account) return propagate(std::move(account).error(), "load the account");
  if (account->locked || account->email.empty() ||
      !identity::may(identity::as_actor(*account), identity::Action::order_lift)) {
    return none;
  }
  auto open = cases::list_open_proposals(db);
  if (!open) return tl::unexpected<Error>{std::move(open).error()};
  auto total = cases::count_open_proposals(db);
  if (!total) return tl::unexpected<Error>{std::move(total).error()};
  if (open->empty()) return none;
  notice::ProposedLifts lifts{.language = account->language,
                              .total = *total,
                              .link = parts.public_url + "/app/orders/proposals"};
  for (const auto& proposal : *open) {
    if (lifts.items.size() == notice::proposed_lifts_told_max) break;
    auto lift = describe(parts, db, proposal);
    if (!lift) return tl::unexpected<Error>{std::move(lift).error()};
    lifts.items.push_back(std::move(*lift));
  }
  auto mail = notice::lift_proposals_mail(parts.texts, lifts);
  mail.to = account->email;
  return std::optional{std::move(mail)};
}

}  // namespace

InstantMs next_proposals_letter(InstantMs now_ms) noexcept {
  const auto at_ms = cases::vietnam_day(now_ms) * ms_per_day - cases::vietnam_offset_ms +
                     proposals_letter_hour * ms_per_hour;
  return at_ms > now_ms ? at_ms : at_ms + ms_per_day;
}

Letter proposals_letter(LetterParts parts) {
  return {.asked = job_proposals_planned,
          .kind = notice::job_proposals_mail,
          .hand_out = [parts](store::Transaction& tx,
                              const store::Job& job) { return tell_lifters(parts, tx, job); },
          .compose = [parts](store::Executor& db,
                             const store::Job& job) { return write_to_lifter(parts, db, job); },
          .plan = [parts](store::Transaction& tx) { return see_to_plan(parts, tx); }};
}

}  // namespace khien::khiend
