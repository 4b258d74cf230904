#include "evidence/destruction.h"

#include "evidence/custody.h"
#include "ledger/leaf.h"

namespace khien::evidence {
namespace {

#define KHIEN_DESTRUCTION_COLUMNS "SELECT id, item_id, reason, asked_by, asked_at_ms "
constexpr std::string_view sql_load =
    KHIEN_DESTRUCTION_COLUMNS "FROM evidence_destruction WHERE id = $1";
constexpr std::string_view sql_pending_of =
    KHIEN_DESTRUCTION_COLUMNS "FROM evidence_destruction WHERE item_id = $1 AND state = 'pending'";
constexpr std::string_view sql_pending = KHIEN_DESTRUCTION_COLUMNS
    "FROM evidence_destruction WHERE state = 'pending' ORDER BY id LIMIT $1";
#undef KHIEN_DESTRUCTION_COLUMNS
constexpr std::string_view sql_insert =
    "INSERT INTO evidence_destruction (id, item_id, state, reason, asked_by, asked_at_ms) "
    "VALUES ($1, $2, 'pending', $3, $4, $5) ON CONFLICT DO NOTHING";
constexpr std::string_view sql_decide =
    "UPDATE evidence_destruction SET state = $2, decided_by = $3, decided_at_ms = $4 "
    "WHERE id = $1 AND state = 'pending'";

DestructionRequest request_of(const store::Row& row) {
  return {.id = DestructionId{row.text(0)},
          .item = ItemId{row.text(1)},
          .reason = row.text(2),
          .asked_by = row.text(3),
          .asked_at_ms = row.integer(4)};
}

Result<void> append_leaf(store::Transaction& tx, const Context& context,
                         const DestructionRequest& request, std::string type,
                         std::string_view actor) {
  auto leaf = ledger::append(tx, context.clock, context.rng,
                             {.type = std::move(type),
                              .fields = {{"item", request.item.value},
                                         {"request", request.id.value},
                                         {"actor", std::string{actor}}}});
  if (!leaf) return propagate(std::move(leaf).error(), "log a destruction");
  return {};
}

Result<void> decide(store::Transaction& tx, const Context& context, const DestructionId& id,
                    std::string_view state, std::string_view actor) {
  auto decided = tx.execute(sql_decide, {id, state, actor, context.clock.now_ms()});
  if (!decided) return propagate(std::move(decided).error(), "decide a destruction");
  if (*decided == 0) return fail(ErrorCode::conflict, "it is decided already", "wrong_state");
  return {};
}

}  // namespace

Result<DestructionRequest> ask_destruction(store::Transaction& tx, const Context& context,
                                           const ItemId& item, std::string_view actor,
                                           std::string_view reason) {
  const auto why = storable_part(reason, note_size_max);
  if (why.empty()) return fail(ErrorCode::invalid_argument, "say why", "reason_needed");
  auto record = load_item(tx, item);
  if (!record) return tl::unexpected<Error>{std::move(record).error()};
  if (record->destroyed) {
    return fail(ErrorCode::conflict, "evidence " + item.value + " was destroyed", "destroyed");
  }
  if (record->holds > 0) {
    return fail(ErrorCode::conflict, "evidence " + item.value + " is held", "held");
  }
  DestructionRequest request{.id = DestructionId::make(context.clock, context.rng),
                             .item = item,
                             .reason = why,
                             .asked_by = std::string{actor},
                             .asked_at_ms = context.clock.now_ms()};
  auto added = tx.execute(sql_insert, {request.id, item, why, actor, request.asked_at_ms});
  if (!added) return propagate(std::move(added).error(), "ask for a destruction");
  if (*added == 0) {
    return fail(ErrorCode::conflict, "somebody asked for it already", "already_asked");
  }
  auto leaf = append_leaf(tx, context, request, "evidence.destruction_asked", actor);
  if (!leaf) return tl::unexpected<Error>{std::move(leaf).error()};
  return request;
}

Result<void> confirm_destruction(store::Transaction& tx, const Context& context,
                                 const DestructionId& id, std::string_view actor) {
  auto request = load_destruction(tx, id);
  if (!request) return tl::unexpected<Error>{std::move(request).error()};
  if (request->asked_by == actor) {
    return fail(ErrorCode::denied, "who asked for it does not confirm it", "own_destruction");
  }
  auto decided = decide(tx, context, id, "confirmed", actor);
  if (!decided) return decided;
  return destroy_item(
      tx, context, request->item,
      {.actor = request->asked_by, .second_actor = std::string{actor}, .reason = request->reason});
}

Result<void> refuse_destruction(store::Transaction& tx, const Context& context,
                                const DestructionId& id, std::string_view actor) {
  auto request = load_destruction(tx, id);
  if (!request) return tl::unexpected<Error>{std::move(request).error()};
  auto decided = decide(tx, context, id, "refused", actor);
  if (!decided) return decided;
  return append_leaf(tx, context, *request, "evidence.destruction_refused", actor);
}

Result<std::optional<DestructionRequest>> pending_destruction(store::Executor& db,
                                                              const ItemId& item) {
  auto row = db.query_one(sql_pending_of, {item});
  if (!row) return propagate(std::move(row).error(), "look for a destruction");
  if (!row->has_value()) return std::optional<DestructionRequest>{};
  return std::optional{request_of(**row)};
}

Result<DestructionRequest> load_destruction(store::Executor& db, const DestructionId& id) {
  auto row = db.query_one(sql_load, {id});
  if (!row) return propagate(std::move(row).error(), "load a destruction");
  if (!row->has_value()) return fail(ErrorCode::not_found, "nobody asked for this destruction");
  return request_of(**row);
}

Result<std::vector<DestructionRequest>> pending_destructions(store::Executor& db,
                                                             std::int64_t limit) {
  auto rows = db.query(sql_pending, {limit});
  if (!rows) return propagate(std::move(rows).error(), "list destructions");
  std::vector<DestructionRequest> requests;
  for (const auto& row : *rows) requests.push_back(request_of(row));
  return requests;
}

}  // namespace khien::evidence
