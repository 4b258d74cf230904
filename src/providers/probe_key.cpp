#include "providers/probe_key.h"

#include <algorithm>

#include "ledger/leaf.h"

namespace khien::providers {
namespace {

constexpr std::string_view sql_in_use =
    "SELECT id FROM probe WHERE name = $1 AND revoked_at_ms IS NULL";
constexpr std::string_view sql_known = "SELECT id FROM probe WHERE public_key = $1";
constexpr std::string_view sql_count = "SELECT count(*) FROM probe WHERE revoked_at_ms IS NULL";
constexpr std::string_view sql_insert = R"(
INSERT INTO probe (id, provider_id, name, public_key, enrolled_at_ms, enrolled_on)
VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view sql_revoke =
    "UPDATE probe SET revoked_at_ms = $2, revoked_on = $3 WHERE id = $1";
constexpr std::string_view sql_by_key =
    "SELECT id, provider_id FROM probe WHERE public_key = $1 AND revoked_at_ms IS NULL";
constexpr std::string_view sql_list = R"(
SELECT id, name, provider_id, public_key, enrolled_at_ms, revoked_at_ms, heard_at_ms, line_state,
  program, canaries_blocked
FROM probe ORDER BY name, enrolled_at_ms, id)";
constexpr std::string_view sql_forget_nonces =
    "DELETE FROM probe_nonce WHERE probe_id = $1 AND at_ms < $2";
constexpr std::string_view sql_count_nonces =
    "SELECT count(*) FROM probe_nonce WHERE probe_id = $1";
constexpr std::string_view sql_note_nonce = R"(
INSERT INTO probe_nonce (probe_id, nonce, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING)";

Result<void> record(store::Transaction& tx, const Context& context, std::string_view type,
                    const std::string& id, std::string_view basis) {
  auto leaf = ledger::append(
      tx, context.clock, context.rng,
      {.type = std::string{type}, .fields = {{"credential", id}, {"basis", std::string{basis}}}});
  if (!leaf) return propagate(std::move(leaf).error(), "append leaf");
  return {};
}

Result<std::optional<std::string>> id_where(store::Executor& db, std::string_view sql,
                                            store::Value value) {
  auto row = db.query_one(sql, {std::move(value)});
  if (!row) return propagate(std::move(row).error(), "look for a probe");
  if (!row->has_value()) return std::optional<std::string>{};
  return std::optional{(*row)->text(0)};
}

Result<void> check_draft(store::Executor& db, const ProbeDraft& draft) {
  if (!is_provider_name(draft.name)) {
    return fail(ErrorCode::invalid_argument, "a probe's name is 1 to 32 of a-z, 0-9 and -",
                "bad_name");
  }
  auto provider = load_provider(db, draft.provider);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  if (provider->ended_at_ms) return fail(ErrorCode::not_found, "no such provider in use");
  auto held = id_where(db, sql_in_use, draft.name);
  if (!held) return tl::unexpected<Error>{std::move(held).error()};
  if (*held) {
    return fail(ErrorCode::conflict, "a probe of that name is in use: revoke it first",
                "probe_exists");
  }
  auto known = id_where(db, sql_known, Bytes{draft.key});
  if (!known) return tl::unexpected<Error>{std::move(known).error()};
  if (*known) {
    return fail(ErrorCode::conflict, "that key was entered before: let the probe make a new one",
                "key_known");
  }
  auto count = db.query_one(sql_count);
  if (!count) return propagate(std::move(count).error(), "count probes");
  if ((*count)->integer(0) < static_cast<std::int64_t>(probes_max)) return {};
  return fail(ErrorCode::limit_exceeded, "no more probes can be entered", "too_many_probes");
}

tl::unexpected<Error> no_signature() {
  return fail(ErrorCode::denied, "this is no signature of a probe in use", "probe_signature");
}

Result<void> take_nonce(store::Transaction& tx, const std::string& probe,
                        const probe::RequestProof& proof, InstantMs now_ms) {
  auto done = tx.execute(sql_forget_nonces, {probe, now_ms - 2 * probe::request_age_max_ms});
  if (!done) return propagate(std::move(done).error(), "forget nonces");
  auto count = tx.query_one(sql_count_nonces, {probe});
  if (!count) return propagate(std::move(count).error(), "count nonces");
  if ((*count)->integer(0) >= nonces_kept_max) {
    return fail(ErrorCode::limit_exceeded, "this probe asks too often", "too_many_requests");
  }
  done = tx.execute(sql_note_nonce, {probe, Bytes{proof.nonce}, now_ms});
  if (!done) return propagate(std::move(done).error(), "note a nonce");
  if (*done == 1) return {};
  return fail(ErrorCode::denied, "this very request came before", "probe_replayed");
}

Result<ProbeFacts> read_facts(const store::Row& row) {
  ProbeFacts facts{.id = ProbeId{row.text(0)},
                   .name = row.text(1),
                   .provider = ProviderId{row.text(2)},
                   .enrolled_at_ms = row.integer(4),
                   .revoked_at_ms = row.optional_integer(5),
                   .heard_at_ms = row.optional_integer(6),
                   .line = std::nullopt,
                   .program = row.text(8),
                   .canaries_blocked = row.integer(9)};
  const auto& key = row.octets(3);
  if (key.size() != facts.key.size()) return fail(ErrorCode::corrupt, "a probe's key is damaged");
  std::ranges::copy(key, facts.key.begin());
  if (const auto word = row.optional_text(7)) facts.line = probe::parse_line_state(*word);
  return facts;
}

}  // namespace

Result<ProbeId> enrol_probe(store::Transaction& tx, const Context& context, const ProbeDraft& draft,
                            const Act& act) {
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  if (auto good = check_draft(tx, draft); !good) {
    return tl::unexpected<Error>{std::move(good).error()};
  }
  const auto id = ProbeId::make(context.clock, context.rng);
  auto done = tx.execute(sql_insert, {id, draft.provider, draft.name, Bytes{draft.key},
                                      context.clock.now_ms(), std::move(*decision)});
  if (!done) return propagate(std::move(done).error(), "enrol a probe");
  auto leaf = record(tx, context, "probe.enrolled", id.value, act.basis);
  if (!leaf) return tl::unexpected<Error>{std::move(leaf).error()};
  return id;
}

Result<void> revoke_probe(store::Transaction& tx, const Context& context, std::string_view name,
                          const Act& act) {
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  auto held = id_where(tx, sql_in_use, name);
  if (!held) return tl::unexpected<Error>{std::move(held).error()};
  if (!*held) return fail(ErrorCode::not_found, "no probe of that name is in use");
  auto done = tx.execute(sql_revoke, {**held, context.clock.now_ms(), std::move(*decision)});
  if (!done) return propagate(std::move(done).error(), "revoke a probe");
  return record(tx, context, "probe.revoked", **held, act.basis);
}

Result<std::vector<ProbeFacts>> list_probes(store::Executor& db) {
  auto rows = db.query(sql_list);
  if (!rows) return propagate(std::move(rows).error(), "list probes");
  std::vector<ProbeFacts> probes;
  for (const auto& row : *rows) {
    auto facts = read_facts(row);
    if (!facts) return tl::unexpected<Error>{std::move(facts).error()};
    probes.push_back(std::move(*facts));
  }
  return probes;
}

Result<Reporter> admit_probe(store::Database& database, const Context& context,
                             std::string_view header, const probe::RequestLine& line) {
  const auto proof = probe::read_proof(header);
  if (!proof) return no_signature();
  auto found = database.read([&](store::Executor& db) -> Result<std::optional<Reporter>> {
    auto row = db.query_one(sql_by_key, {Bytes{proof->key}});
    if (!row) return propagate(std::move(row).error(), "find a probe");
    if (!row->has_value()) return std::optional<Reporter>{};
    return std::optional{Reporter{.probe = ProbeId{(*row)->text(0)},
                                  .provider = ProviderId{(*row)->text(1)},
                                  .body = proof->body,
                                  .proof = std::string{header}}};
  });
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  if (!*found || !is_signed(*proof, line)) return no_signature();
  const auto now_ms = context.clock.now_ms();
  constexpr auto age_max_s = probe::request_age_max_ms / ms_per_second;
  const auto now_s = now_ms / ms_per_second;
  // Compared from our side: what the header says may be any number.
  if (proof->at_s < now_s - age_max_s || proof->at_s > now_s + age_max_s) {
    return fail(ErrorCode::denied, "the probe's clock is more than five minutes off: set it",
                "probe_clock");
  }
  auto taken = database.transact([&](store::Transaction& tx) {
    return take_nonce(tx, (*found)->probe.value, *proof, now_ms);
  });
  if (!taken) return tl::unexpected<Error>{std::move(taken).error()};
  return std::move(**found);
}

}  // namespace khien::providers
