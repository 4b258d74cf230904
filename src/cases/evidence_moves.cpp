#include "cases/evidence_moves.h"

#include "cases/record.h"

namespace khien::cases {
namespace {

using evidence::CustodyKind;
using identity::Action;

constexpr std::string_view sql_rests_on = R"(
SELECT count(*) FROM order_evidence e JOIN block_order o ON o.id = e.order_id
WHERE e.evidence_id = $1 AND (o.state NOT IN ('refused', 'renewed', 'lift_verified')
  OR EXISTS (SELECT 1 FROM appeal a WHERE a.order_id = o.id
             AND a.state IN ('lodged', 'admitted', 'assigned', 'decided'))))";

evidence::Context custody_context(const Context& context) {
  return {.clock = context.clock, .rng = context.rng};
}

Result<void> note(store::Transaction& tx, const Context& context, const identity::Actor& actor,
                  const evidence::ItemId& id, CustodyKind kind, std::string_view reason) {
  if (auto allowed = require(actor, Action::evidence_hold); !allowed) return allowed;
  auto clean = clean_reason(reason);
  if (!clean) return tl::unexpected<Error>{std::move(clean).error()};
  auto noted = evidence::note_custody(tx, custody_context(context), id, kind,
                                      actor.account_id.value, *clean);
  if (noted) tx.notify(channel_records);
  return noted;
}

Result<void> expect_nothing_rests_on(store::Executor& db, const evidence::ItemId& id) {
  auto rests = decision_rests_on(db, id);
  if (!rests) return tl::unexpected<Error>{std::move(rests).error()};
  if (!*rests) return {};
  return fail(ErrorCode::conflict, "an order that is not over, or its appeal, rests on it",
              "order_rests_on_it");
}

}  // namespace

Result<bool> decision_rests_on(store::Executor& db, const evidence::ItemId& id) {
  auto row = db.query_one(sql_rests_on, {id});
  if (!row) return propagate(std::move(row).error(), "look for orders on evidence");
  return (*row)->integer(0) > 0;
}

Result<void> hold_evidence(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const evidence::ItemId& id,
                           std::string_view reason) {
  return note(tx, context, actor, id, CustodyKind::held, reason);
}

Result<void> release_evidence(store::Transaction& tx, const Context& context,
                              const identity::Actor& actor, const evidence::ItemId& id,
                              std::string_view reason) {
  return note(tx, context, actor, id, CustodyKind::released, reason);
}

Result<void> ask_destruction(store::Transaction& tx, const Context& context,
                             const identity::Actor& actor, const evidence::ItemId& id,
                             std::string_view reason) {
  if (auto allowed = require(actor, Action::evidence_destroy); !allowed) return allowed;
  auto clean = clean_reason(reason);
  if (!clean) return tl::unexpected<Error>{std::move(clean).error()};
  if (auto free = expect_nothing_rests_on(tx, id); !free) return free;
  auto asked =
      evidence::ask_destruction(tx, custody_context(context), id, actor.account_id.value, *clean);
  if (!asked) return tl::unexpected<Error>{std::move(asked).error()};
  tx.notify(channel_records);
  return {};
}

Result<void> confirm_destruction(store::Transaction& tx, const Context& context,
                                 const identity::Actor& actor, const evidence::DestructionId& id) {
  auto request = evidence::load_destruction(tx, id);
  if (!request) return tl::unexpected<Error>{std::move(request).error()};
  const identity::AccountId asker{request->asked_by};
  auto allowed = require(actor, Action::evidence_confirm_destruction, {.proposer = asker});
  if (!allowed) return allowed;
  // Things may have changed since it was asked for.
  if (auto free = expect_nothing_rests_on(tx, request->item); !free) return free;
  auto done =
      evidence::confirm_destruction(tx, custody_context(context), id, actor.account_id.value);
  if (done) tx.notify(channel_records);
  return done;
}

Result<void> refuse_destruction(store::Transaction& tx, const Context& context,
                                const identity::Actor& actor, const evidence::DestructionId& id) {
  auto request = evidence::load_destruction(tx, id);
  if (!request) return tl::unexpected<Error>{std::move(request).error()};
  const bool own = request->asked_by == actor.account_id.value;
  auto allowed =
      require(actor, own ? Action::evidence_destroy : Action::evidence_confirm_destruction);
  if (!allowed) return allowed;
  auto done =
      evidence::refuse_destruction(tx, custody_context(context), id, actor.account_id.value);
  if (done) tx.notify(channel_records);
  return done;
}

}  // namespace khien::cases
