#include "evidence/custody.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "ledger/leaf.h"

namespace khien::evidence {
namespace {

constexpr std::string_view sql_custody =
    "INSERT INTO evidence_custody (item_id, kind, actor, reason, at_ms) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view sql_state =
    "SELECT coalesce(sum(CASE kind WHEN 'held' THEN 1 WHEN 'released' THEN -1 ELSE 0 END), 0), "
    "count(CASE kind WHEN 'destroyed' THEN 1 END) FROM evidence_custody WHERE item_id = $1";
// Hashes whose every item is destroyed.
constexpr std::string_view sql_removable =
    "SELECT DISTINCT i.sha256 FROM evidence_item i "
    "JOIN evidence_custody c ON c.item_id = i.id AND c.kind = 'destroyed' "
    "WHERE NOT EXISTS (SELECT 1 FROM evidence_item live WHERE live.sha256 = i.sha256 "
    "AND NOT EXISTS (SELECT 1 FROM evidence_custody d "
    "WHERE d.item_id = live.id AND d.kind = 'destroyed'))";
// Receiving and opening hash the content, too.
constexpr std::string_view sql_unverified =
    "SELECT i.id, i.sha256 FROM evidence_item i WHERE NOT EXISTS "
    "(SELECT 1 FROM evidence_custody c WHERE c.item_id = i.id AND (c.kind = 'destroyed' "
    "OR (c.at_ms > $1 AND c.kind IN ('received', 'opened', 'verified', 'damaged')))) "
    "ORDER BY i.id LIMIT $2";

struct CustodyState {
  std::int64_t holds = 0;
  bool destroyed = false;
};

Result<CustodyState> state_of(store::Executor& db, const ItemId& id) {
  auto row = db.query_one(sql_state, {id});
  if (!row) return propagate(std::move(row).error(), "read custody");
  return CustodyState{.holds = (*row)->integer(0), .destroyed = (*row)->integer(1) > 0};
}

Result<void> append_leaf(store::Transaction& tx, const Context& context, const Item& item,
                         std::string type) {
  auto leaf = ledger::append(
      tx, context.clock, context.rng,
      {.type = std::move(type),
       .fields = {{"item", item.id.value}, {"case", item.case_id}, {"sha256", item.sha256}}});
  if (!leaf) return propagate(std::move(leaf).error(), "log custody");
  return {};
}

// A changed or lost content is an incident: counted, logged and part of the chain.
void report_damage(const Context& context, const ItemId& id) {
  if (context.damaged != nullptr) context.damaged->add();
  KHIEN_LOG(error, "evidence_damaged", {"item", id.value});
}

}  // namespace

Result<void> write_custody(store::Transaction& tx, const Context& context, const ItemId& id,
                           CustodyKind kind, std::string_view actor, std::string_view reason) {
  auto written =
      tx.execute(sql_custody, {id.value, to_string(kind), actor, reason, context.clock.now_ms()});
  if (!written) return propagate(std::move(written).error(), "write custody");
  return {};
}

std::string storable_part(std::string_view text, std::size_t size_max) {
  if (!store::is_storable_text(text)) return {};
  std::size_t size = std::min(size_max, text.size());
  while (size < text.size() && size > 0 &&
         (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  return std::string{text.substr(0, size)};
}

Result<Octets> open_item(store::Database& db, const Context& context, const ContentStore& contents,
                         const ItemId& id, std::string_view actor) {
  CustodyState state;
  auto item = db.read([&](store::Executor& executor) -> Result<Item> {
    auto found = state_of(executor, id);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    state = *found;
    return load_item(executor, id);
  });
  if (!item) return tl::unexpected<Error>{std::move(item).error()};
  if (state.destroyed) {
    return fail(ErrorCode::not_found, "evidence " + id.value + " was destroyed", "destroyed");
  }
  auto content = contents.read(item->sha256);
  if (!content && content.error().code == ErrorCode::not_found) {
    content = fail(ErrorCode::corrupt, "evidence " + id.value + " is lost", "evidence_damaged");
  }
  // A disk that is away says nothing about the content.
  if (!content && content.error().code != ErrorCode::corrupt) return content;
  if (!content) report_damage(context, id);
  const auto kind = content ? CustodyKind::opened : CustodyKind::damaged;
  auto noted = db.transact(
      [&](store::Transaction& tx) { return write_custody(tx, context, id, kind, actor, ""); });
  // Nobody sees a content whose opening could not be written down.
  if (!noted) return tl::unexpected<Error>{std::move(noted).error()};
  return content;
}

Result<void> note_custody(store::Transaction& tx, const Context& context, const ItemId& id,
                          CustodyKind kind, std::string_view actor, std::string_view reason) {
  if (reason.empty()) return fail(ErrorCode::invalid_argument, "say why", "reason_needed");
  const bool hold = kind == CustodyKind::held || kind == CustodyKind::released;
  if (!hold && kind != CustodyKind::exported) {
    return fail(ErrorCode::invalid_argument, "this event is not noted by hand", "custody_kind");
  }
  auto item = load_item(tx, id);
  if (!item) return tl::unexpected<Error>{std::move(item).error()};
  auto state = state_of(tx, id);
  if (!state) return tl::unexpected<Error>{std::move(state).error()};
  if (state->destroyed) {
    return fail(ErrorCode::conflict, "evidence " + id.value + " was destroyed", "destroyed");
  }
  if (kind == CustodyKind::released && state->holds <= 0) {
    return fail(ErrorCode::conflict, "evidence " + id.value + " is not held", "not_held");
  }
  auto written = write_custody(tx, context, id, kind, actor, storable_part(reason, note_size_max));
  if (!written || !hold) return written;
  return append_leaf(tx, context, *item,
                     kind == CustodyKind::held ? "evidence.held" : "evidence.released");
}

Result<void> destroy_item(store::Transaction& tx, const Context& context, const ItemId& id,
                          const Destruction& destruction) {
  if (destruction.reason.empty()) {
    return fail(ErrorCode::invalid_argument, "say why", "reason_needed");
  }
  if (destruction.actor.empty() || destruction.second_actor.empty() ||
      destruction.actor == destruction.second_actor) {
    return fail(ErrorCode::denied, "two persons destroy evidence", "same_person");
  }
  auto item = load_item(tx, id);
  if (!item) return tl::unexpected<Error>{std::move(item).error()};
  auto state = state_of(tx, id);
  if (!state) return tl::unexpected<Error>{std::move(state).error()};
  if (state->destroyed) {
    return fail(ErrorCode::conflict, "evidence " + id.value + " was destroyed", "destroyed");
  }
  if (state->holds > 0) {
    return fail(ErrorCode::conflict, "evidence " + id.value + " is held", "held");
  }
  const auto why = storable_part(destruction.reason, note_size_max) + " (agreed by " +
                   destruction.second_actor + ")";
  auto written = write_custody(tx, context, id, CustodyKind::destroyed, destruction.actor, why);
  if (!written) return written;
  return append_leaf(tx, context, *item, "evidence.destroyed");
}

Result<std::size_t> remove_destroyed(store::Database& database, const Clock& clock,
                                     const ContentStore& contents) {
  auto rows =
      database.read([](store::Executor& executor) { return executor.query(sql_removable); });
  if (!rows) return propagate(std::move(rows).error(), "list destroyed evidence");
  std::size_t removed = 0;
  for (const auto& row : *rows) {
    auto gone = contents.remove(row.text(0), clock.now_ms() - content_age_min_ms);
    if (!gone) return propagate(std::move(gone).error(), "remove destroyed evidence");
    if (*gone) ++removed;
  }
  return removed;
}

Metric& damaged_counter(Metrics& metrics) {
  return metrics.counter("khien_evidence_damaged_total", "Evidence found changed or lost");
}

Result<VerifyPass> verify_items(store::Database& database, const Context& context,
                                const ContentStore& contents, InstantMs not_since_ms) {
  auto rows = database.read([&](store::Executor& executor) {
    return executor.query(sql_unverified,
                          {not_since_ms, static_cast<std::int64_t>(verify_batch_max)});
  });
  if (!rows) return propagate(std::move(rows).error(), "list evidence");
  VerifyPass pass;
  for (const auto& row : *rows) {
    const ItemId id{row.text(0)};
    const auto good = contents.verify(row.text(1));
    const bool damaged = !good && (good.error().code == ErrorCode::corrupt ||
                                   good.error().code == ErrorCode::not_found);
    if (!good && !damaged) return propagate(Error{good.error()}, "verify evidence");
    if (damaged) report_damage(context, id);
    const auto kind = damaged ? CustodyKind::damaged : CustodyKind::verified;
    auto noted = database.transact(
        [&](store::Transaction& tx) { return write_custody(tx, context, id, kind, "", ""); });
    if (!noted) return tl::unexpected<Error>{std::move(noted).error()};
    ++pass.checked;
    if (damaged) ++pass.damaged;
  }
  return pass;
}

}  // namespace khien::evidence
