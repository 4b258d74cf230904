#include "signer_letter.h"

#include "base/log.h"
#include "cases/second_signer.h"
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

Result<void> tell_signers(const LetterParts& parts, store::Transaction& tx, const store::Job& job) {
  const auto now_ms = parts.cases.clock.now_ms();
  auto order = cases::load_order(tx, cases::OrderId{job.payload});
  if (!order && order.error().code != ErrorCode::not_found) {
    return propagate(std::move(order).error(), "load the order");
  }
  if (!order || !cases::waits_for_second(*order)) return store::finish_job(tx, job);
  auto signers = identity::accounts_with_right(tx, now_ms, identity::Action::order_approve);
  if (!signers) return propagate(std::move(signers).error(), "see who may sign");
  std::erase_if(*signers, [&](const identity::Account& account) {
    return !cases::may_sign_second(identity::as_actor(account), *order);
  });
  auto count = queue_mails(tx, parts, notice::job_signer_mail, *signers,
                           [&](const identity::Account& account) {
                             return payload_of({.order = order->id, .account = account.id});
                           });
  if (!count) return tl::unexpected<Error>{std::move(count).error()};
  if (*count == 0) {
    KHIEN_LOG(warning, "nobody_to_mail", {"order", order->id.value}, {"signers", signers->size()});
  }
  return store::finish_job(tx, job);
}

Result<std::optional<notice::Mail>> write_to_signer(const LetterParts& parts, store::Executor& db,
                                                    const store::Job& job) {
  constexpr std::optional<notice::Mail> none;
  const auto recipient = read_payload(job.payload);
  if (!recipient) return fail(ErrorCode::corrupt, "a mail's job names nobody");
  auto order = cases::load_order(db, recipient->order);
  if (!order) return propagate(std::move(order).error(), "load the order");
  auto account = identity::load_account(db, parts.cases.clock.now_ms(), recipient->account);
  if (!account) return propagate(std::move(account).error(), "load the account");
  if (!cases::waits_for_second(*order) || account->locked || account->email.empty() ||
      !cases::may_sign_second(identity::as_actor(*account), *order)) {
    return none;
  }
  auto due_at_ms = cases::second_signature_due(db, *order);
  if (!due_at_ms) return tl::unexpected<Error>{std::move(due_at_ms).error()};
  auto mail = notice::second_signature_mail(
      parts.texts, {.language = account->language,
                    .number = order->number,
                    .name = order->name,
                    .category = order->category.value_or(Category::phishing),
                    .emergency = order->emergency_ends_at_ms.has_value(),
                    .signatures = order->co_approver.empty() ? 1 : 2,
                    .due = *due_at_ms ? pages::moment_text(**due_at_ms) : "",
                    .ends = order->ends_at_ms ? pages::date_text(*order->ends_at_ms) : "",
                    .link = parts.public_url + "/app/orders/" + order->id.value});
  mail.to = account->email;
  return std::optional{std::move(mail)};
}

}  // namespace

Letter signer_letter(LetterParts parts) {
  return {.asked = cases::job_second_signature,
          .kind = notice::job_signer_mail,
          .hand_out = [parts](store::Transaction& tx,
                              const store::Job& job) { return tell_signers(parts, tx, job); },
          .compose = [parts](store::Executor& db,
                             const store::Job& job) { return write_to_signer(parts, db, job); }};
}

}  // namespace khien::khiend
