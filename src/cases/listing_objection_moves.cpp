// Deciding objections to lists. Upholding is a lift, with the right that lifts orders; denying is
// judging, with the separation that holds for appeals.
#include "cases/deadline_rows.h"
#include "cases/listing_objection.h"
#include "cases/record.h"

namespace khien::cases {
namespace {

using identity::Action;

constexpr std::string_view sql_decide = R"(
UPDATE listing_objection SET state = $3, decided_by = $4, reason = $5, decided_at_ms = $6,
  until_ms = $7, change_sequence = $8, version = version + 1
WHERE id = $1 AND version = $2)";

constexpr std::string_view sql_salt = "SELECT salt FROM listing_objection WHERE id = $1";

struct Begun {
  ListingObjection objection;
  std::string reason;
};

Result<Begun> begin(store::Transaction& tx, const ListingObjectionMove& move,
                    ListingObjectionState to) {
  auto objection = load_listing_objection(tx, move.id);
  if (!objection) return tl::unexpected<Error>{std::move(objection).error()};
  auto seen = expect_version(move.version, objection->version);
  if (!seen) return tl::unexpected<Error>{std::move(seen).error()};
  if (objection->state != ListingObjectionState::lodged) {
    return wrong_state(to_string(objection->state), to_string(to));
  }
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  return Begun{.objection = std::move(*objection), .reason = std::move(*reason)};
}

Result<ListingObjection> decide(store::Transaction& tx, const Context& context,
                                const identity::Actor& actor, const Begun& begun,
                                ListingObjectionState to) {
  const auto now_ms = context.clock.now_ms();
  const bool upheld = to == ListingObjectionState::upheld;
  std::optional<InstantMs> until_ms;
  // Anyone can hash the names of public lists: only a salt that is not public hides whose this is.
  auto salt = tx.query_one(sql_salt, {begun.objection.id});
  if (!salt) return propagate(std::move(salt).error(), "read an objection's salt");
  std::vector<ledger::LeafField> fields{
      {"name_commitment", ledger::commitment((*salt)->text(0), begun.objection.name)}};
  if (upheld) {
    until_ms = now_ms + exception_life_ms;
    fields.push_back({"valid_until_ms", *until_ms});
  }
  const auto& id = begun.objection.id;
  auto event = record_event(tx, context,
                            {.kind = upheld ? "objection.upheld" : "objection.denied",
                             .record = "objection",
                             .record_id = id.value,
                             .actor = actor.account_id,
                             .before = to_string(begun.objection.state),
                             .after = to_string(to),
                             .text = begun.reason,
                             .fields = std::move(fields)});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  auto done = tx.execute(sql_decide, {id, begun.objection.version, to_string(to), actor.account_id,
                                      begun.reason, now_ms, until_ms, *event});
  if (!done) return propagate(std::move(done).error(), "decide an objection");
  auto closed = close_deadlines(tx, context, id.value);
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  return load_listing_objection(tx, id);
}

}  // namespace

Result<ListingObjection> uphold_listing_objection(store::Transaction& tx, const Context& context,
                                                  const identity::Actor& actor,
                                                  const ListingObjectionMove& move) {
  if (auto may = require(actor, Action::order_lift); !may) {
    return tl::unexpected<Error>{std::move(may).error()};
  }
  auto begun = begin(tx, move, ListingObjectionState::upheld);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  auto excepted = excepted_names(tx, context.clock.now_ms());
  if (!excepted) return tl::unexpected<Error>{std::move(excepted).error()};
  if (excepted->size() >= exceptions_max) {
    return fail(ErrorCode::limit_exceeded, "too many names are excepted from lists",
                "exceptions_max");
  }
  return decide(tx, context, actor, *begun, ListingObjectionState::upheld);
}

Result<ListingObjection> deny_listing_objection(store::Transaction& tx, const Context& context,
                                                const identity::Actor& actor,
                                                const ListingObjectionMove& move,
                                                std::span<const identity::AccountId> touched_by) {
  if (auto may = require(actor, Action::appeal_decide, {.touched_by = touched_by}); !may) {
    return tl::unexpected<Error>{std::move(may).error()};
  }
  auto begun = begin(tx, move, ListingObjectionState::denied);
  if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
  return decide(tx, context, actor, *begun, ListingObjectionState::denied);
}

}  // namespace khien::cases
