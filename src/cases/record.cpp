#include "cases/record.h"

#include <fmt/format.h>

#include "cases/subject.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

constexpr std::size_t reason_size_min = 3;

constexpr std::string_view sql_event = R"(
INSERT INTO case_event
  (at_ms, kind, record, record_id, case_id, actor, state_before, state_after, body, leaf_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING id)";
constexpr std::string_view sql_touch_case =
    "UPDATE case_file SET change_sequence = $2, changed_at_ms = $3 WHERE id = $1";

Result<std::int64_t> insert_event(store::Transaction& tx, const Happening& happening,
                                  InstantMs now_ms, const store::Value& leaf_id) {
  auto row = tx.query_one(
      sql_event, {now_ms, happening.kind, happening.record, happening.record_id, happening.case_id,
                  happening.actor, happening.before, happening.after, happening.text, leaf_id});
  if (!row) return propagate(std::move(row).error(), "write an event");
  if (!row->has_value()) return fail(ErrorCode::internal, "an event got no id");
  const auto id = (*row)->integer(0);
  if (!happening.case_id.empty()) {
    auto touched = tx.execute(sql_touch_case, {happening.case_id, id, now_ms});
    if (!touched) return propagate(std::move(touched).error(), "move the case forward");
  }
  tx.notify(channel_records);
  return id;
}

}  // namespace

Result<std::int64_t> record_event(store::Transaction& tx, const Context& context,
                                  const Happening& happening) {
  const auto now_ms = context.clock.now_ms();
  ledger::LeafDraft leaf{.type = std::string{happening.kind}, .fields = {}};
  leaf.fields.push_back({std::string{happening.record}, happening.record_id});
  if (!happening.before.empty())
    leaf.fields.push_back({"from_state", std::string{happening.before}});
  if (!happening.after.empty()) leaf.fields.push_back({"to_state", std::string{happening.after}});
  if (!happening.actor.empty()) leaf.fields.push_back({"actor", happening.actor.value});
  for (const auto& field : happening.fields) leaf.fields.push_back(field);
  auto leaf_id = ledger::append(tx, context.clock, context.rng, leaf);
  if (!leaf_id) return propagate(std::move(leaf_id).error(), "append the leaf of a move");
  return insert_event(tx, happening, now_ms, store::Value{leaf_id->value});
}

Result<std::int64_t> record_comment(store::Transaction& tx, const Context& context,
                                    const identity::AccountId& actor, const CaseId& case_id,
                                    std::string_view text) {
  const Happening happening{.kind = "comment",
                            .record = "case",
                            .record_id = case_id.value,
                            .case_id = case_id,
                            .actor = actor,
                            .text = std::string{text}};
  return insert_event(tx, happening, context.clock.now_ms(), store::Value{});
}

Result<void> require(const identity::Actor& actor, identity::Action action,
                     const identity::Facts& facts) {
  const auto verdict = identity::may(actor, action, facts);
  if (!verdict) return identity::fail(verdict);
  return {};
}

Result<void> expect_version(std::int64_t seen, std::int64_t now) {
  if (seen == now) return {};
  return fail(ErrorCode::conflict, fmt::format("version {} was seen, {} is current", seen, now),
              "stale_version");
}

tl::unexpected<Error> wrong_state(std::string_view from, std::string_view to) {
  return fail(ErrorCode::conflict, fmt::format("{} cannot become {}", from, to), "wrong_state");
}

Result<std::string> clean_reason(std::string_view text) {
  auto clean = text::clean_text(text, reason_size_max);
  if (!clean) {
    auto error = std::move(clean).error();
    if (error.code == ErrorCode::limit_exceeded) error.reason = "reason_too_long";
    return propagate(std::move(error), "read a reason");
  }
  if (clean->size() < reason_size_min) {
    return fail(ErrorCode::invalid_argument, "a reason is needed", "reason_needed");
  }
  return std::move(*clean);
}

}  // namespace khien::cases
