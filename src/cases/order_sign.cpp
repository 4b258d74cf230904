// The signed moves of orders (order.h).
#include <utility>

#include "cases/case.h"
#include "cases/case_rows.h"
#include "cases/deadline_rows.h"
#include "cases/order_force.h"
#include "cases/order_rules.h"
#include "cases/second_signer.h"
#include "cases/settings.h"
#include "identity/factor.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_sign = R"(
INSERT INTO order_signature (order_id, move, account, unit, method, digest, document, signature_id,
  signed_at_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9))";

constexpr std::int64_t approve_urgent_ms = ms_per_hour;  // DOMAIN 7.3
constexpr int approve_normal_days = 1;

bool is_urgent(Category category) noexcept {
  return category == Category::phishing || category == Category::fraud ||
         category == Category::malware || category == Category::child_abuse;
}

// Identity has checked the factor. Here it is checked to be this person's, under this move of this
// order, over this very document, and fresh.
bool fits(const identity::SignatureRecord& signature, const identity::Actor& actor,
          const Order& order, SignedMove move, const SigningDocument& document, InstantMs now_ms) {
  return !actor.account_id.empty() && signature.account_id == actor.account_id &&
         signature.purpose == "order." + std::string{to_string(move)} &&
         signature.record_id == order.id.value && signature.digest == document.digest &&
         !signature.id.empty() && signature.signed_at_ms <= now_ms &&
         now_ms - signature.signed_at_ms <= identity::challenge_life_ms;
}

struct Signing {
  OrderRow row;
  SigningDocument document;
};

// Everything that a signed move checks, and its signature kept.
Result<Signing> begin_signed(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const SignedRequest& request,
                             SignedMove move) {
  auto row = check_signed_move(tx, context, actor, request.id, request.version, move);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  const auto now_ms = context.clock.now_ms();
  auto document = document_of(tx, *row, move, now_ms);
  if (!document) return tl::unexpected<Error>{std::move(document).error()};
  const auto& signature = request.signature;
  if (!fits(signature, actor, row->order, move, *document, now_ms)) {
    return fail(ErrorCode::denied, "the signature is not over this order as it is",
                "bad_signature");
  }
  auto kept = tx.execute(sql_sign, {row->order.id, to_string(move), actor.account_id, actor.unit,
                                    identity::to_string(signature.method), document->digest,
                                    document->canonical, signature.id, signature.signed_at_ms});
  if (!kept) return propagate(std::move(kept).error(), "keep a signature");
  return Signing{.row = std::move(*row), .document = std::move(*document)};
}

Happening happening_of(std::string_view kind, const identity::Actor& actor,
                       const SignedRequest& request, const Signing& signing) {
  return {.kind = kind,
          .record = {},
          .record_id = {},
          .actor = actor.account_id,
          .text = request.reason,
          .fields = {{"order_sha256", signing.document.digest},
                     {"signature", request.signature.id.value},
                     {"method", std::string{identity::to_string(request.signature.method)}}}};
}

void sign_first(Order& order, const identity::Actor& actor, InstantMs now_ms) {
  order.proposer = actor.account_id;
  order.proposer_unit = actor.unit;
  order.proposed_at_ms = now_ms;
  order.co_approver = {};
  order.co_approver_unit = {};
  order.approver = {};
  order.approver_unit = {};
  order.class_a = is_class_a(order);
}

// The predecessor gives up its place: first its state, so that only one order stands for the name
// at any time; its removal is asked for after the successor's add, so that the name never leaves.
Result<std::optional<OrderRow>> give_way(store::Transaction& tx, const Context& context,
                                         const identity::Actor& actor, const Order& order) {
  if (order.renews.empty()) return std::optional<OrderRow>{};
  auto old = load_order_row(tx, order.renews);
  if (!old) return tl::unexpected<Error>{std::move(old).error()};
  if (!is_in_force(old->order.state)) return std::optional<OrderRow>{};
  auto ended = end_order(tx, context, *old,
                         {.to = OrderState::renewed,
                          .kind = "order.renewed",
                          .actor = actor.account_id,
                          .reason = "renewed by " + order.number});
  if (!ended) return tl::unexpected<Error>{std::move(ended).error()};
  return std::optional<OrderRow>{std::move(*old)};
}

Result<Order> enter_force(store::Transaction& tx, const Context& context,
                          const identity::Actor& actor, const Signing& signing, Order after,
                          Happening happening) {
  const auto now_ms = context.clock.now_ms();
  after.state = OrderState::approved;
  after.valid_from_ms = now_ms;
  after.recheck_at_ms = now_ms + recheck_period_ms;
  auto old = give_way(tx, context, actor, after);
  if (!old) return tl::unexpected<Error>{std::move(old).error()};
  auto order = finish_order_move(tx, context, signing.row, after, std::move(happening));
  if (!order) return order;
  auto done = publish_order(tx, context, *order);
  if (done && *old) done = unpublish_order(tx, context, (*old)->order);
  if (done) done = open_force_deadlines(tx, context, *order);
  if (done) {
    done = advance_case(tx, context, actor.account_id, order->case_id, CaseState::monitoring);
  }
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

// The second of three: it goes on waiting, for somebody else.
Result<Order> approve_second(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const SignedRequest& request,
                             const Signing& signing) {
  auto after = signing.row.order;
  after.co_approver = actor.account_id;
  after.co_approver_unit = actor.unit;
  auto order = finish_order_move(tx, context, signing.row, after,
                                 happening_of("order.co_approved", actor, request, signing));
  if (!order) return order;
  if (auto told = tell_second_signers(tx, context, *order); !told) {
    return tl::unexpected<Error>{std::move(told).error()};
  }
  return order;
}

}  // namespace

Result<Order> propose_order(store::Transaction& tx, const Context& context,
                            const identity::Actor& actor, const SignedRequest& request) {
  auto signing = begin_signed(tx, context, actor, request, SignedMove::propose);
  if (!signing) return tl::unexpected<Error>{std::move(signing).error()};
  const auto now_ms = context.clock.now_ms();
  auto after = signing->row.order;
  after.state = OrderState::proposed;
  sign_first(after, actor, now_ms);
  auto order = finish_order_move(tx, context, signing->row, after,
                                 happening_of("order.proposed", actor, request, *signing));
  if (!order) return order;
  auto due_at_ms = now_ms + approve_urgent_ms;
  if (!is_urgent(*order->category)) {
    auto calendar = read_calendar(tx);
    if (!calendar) return tl::unexpected<Error>{std::move(calendar).error()};
    due_at_ms = after_working_days(now_ms, approve_normal_days, *calendar);
  }
  auto done = open_deadline(tx, context,
                            {.kind = DeadlineKind::approve,
                             .record = "order",
                             .record_id = order->id.value,
                             .case_id = order->case_id,
                             .due_at_ms = due_at_ms});
  if (done) done = advance_case(tx, context, actor.account_id, order->case_id, CaseState::acting);
  if (done) done = tell_second_signers(tx, context, *order);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

Result<Order> approve_order(store::Transaction& tx, const Context& context,
                            const identity::Actor& actor, const SignedRequest& request) {
  auto signing = begin_signed(tx, context, actor, request, SignedMove::approve);
  if (!signing) return tl::unexpected<Error>{std::move(signing).error()};
  auto after = signing->row.order;
  if (needs_third(after.scope) && after.co_approver.empty()) {
    return approve_second(tx, context, actor, request, *signing);
  }
  after.approver = actor.account_id;
  after.approver_unit = actor.unit;
  // `approver` is the one of another unit, as the schema wants it of class A.
  if (needs_third(after.scope) && actor.unit == after.proposer_unit) {
    std::swap(after.approver, after.co_approver);
    std::swap(after.approver_unit, after.co_approver_unit);
  }
  return enter_force(tx, context, actor, *signing, after,
                     happening_of("order.approved", actor, request, *signing));
}

Result<Order> declare_emergency(store::Transaction& tx, const Context& context,
                                const identity::Actor& actor, const SignedRequest& request) {
  auto reason = clean_reason(request.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  auto signing = begin_signed(tx, context, actor, request, SignedMove::emergency);
  if (!signing) return tl::unexpected<Error>{std::move(signing).error()};
  const auto now_ms = context.clock.now_ms();
  auto after = signing->row.order;
  sign_first(after, actor, now_ms);
  after.emergency = true;
  after.emergency_ends_at_ms = now_ms + emergency_life_ms;
  auto happening = happening_of("order.emergency", actor, request, *signing);
  happening.text = std::move(*reason);
  auto order = enter_force(tx, context, actor, *signing, after, std::move(happening));
  if (!order) return order;
  if (auto told = tell_second_signers(tx, context, *order); !told) {
    return tl::unexpected<Error>{std::move(told).error()};
  }
  return order;
}

Result<Order> ratify_order(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const SignedRequest& request) {
  auto signing = begin_signed(tx, context, actor, request, SignedMove::ratify);
  if (!signing) return tl::unexpected<Error>{std::move(signing).error()};
  if (*leaves_force_at(signing->row.order) <= context.clock.now_ms()) {
    return wrong_state("lapsed", "ratified");  // the four hours are over, whether swept or not
  }
  auto after = signing->row.order;
  after.approver = actor.account_id;
  after.approver_unit = actor.unit;
  after.emergency_ends_at_ms = std::nullopt;
  auto order = finish_order_move(tx, context, signing->row, after,
                                 happening_of("order.ratified", actor, request, *signing));
  if (!order) return order;
  // First into the set of orders, then out of the emergency one: the name never leaves.
  auto done = publish_order(tx, context, *order);
  if (done) done = unpublish_emergency(tx, context, *order);
  if (done) done = close_deadline(tx, context, order->id.value, DeadlineKind::emergency_end);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return order;
}

}  // namespace khien::cases
