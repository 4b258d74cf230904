#include "tally/resolver_key.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "ledger/leaf.h"
#include "text/normalise.h"

namespace khien::tally {
namespace {

constexpr std::size_t secret_size = 32;
constexpr std::size_t decision_size_min = 3;

constexpr std::string_view sql_in_use =
    "SELECT id FROM resolver_key WHERE resolver = $1 AND revoked_at_ms IS NULL";
constexpr std::string_view sql_count =
    "SELECT count(*) FROM resolver_key WHERE revoked_at_ms IS NULL";
constexpr std::string_view sql_insert =
    "INSERT INTO resolver_key (id, resolver, key_hash, added_at_ms, added_on) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view sql_revoke =
    "UPDATE resolver_key SET revoked_at_ms = $2, revoked_on = $3 WHERE id = $1";
constexpr std::string_view sql_by_hash =
    "SELECT resolver FROM resolver_key WHERE key_hash = $1 AND revoked_at_ms IS NULL";
constexpr std::string_view sql_list = R"(
SELECT k.resolver, k.added_at_ms, k.revoked_at_ms, r.last_ms, coalesce(r.reports, 0),
  coalesce(r.untold, 0), coalesce(r.left_out, 0)
FROM resolver_key k LEFT JOIN (
  SELECT resolver, max(to_ms) AS last_ms, count(*) AS reports,
    CAST(sum(rules_left_out + new_names_dropped) AS BIGINT) AS untold,
    CAST(sum(left_out) AS BIGINT) AS left_out
  FROM resolver_report GROUP BY resolver) r ON r.resolver = k.resolver
WHERE NOT EXISTS (SELECT 1 FROM resolver_key later WHERE later.resolver = k.resolver
  AND later.id > k.id)
ORDER BY k.resolver)";
constexpr std::string_view sql_reporting = R"(
SELECT count(*) FROM resolver_key k WHERE k.revoked_at_ms IS NULL AND EXISTS (
  SELECT 1 FROM resolver_report r WHERE r.resolver = k.resolver AND r.to_ms >= $1))";

bool is_resolver_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= resolver_name_size_max && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<std::string> clean_decision(std::string_view decision) {
  auto words = text::clean_text(decision, decision_size_max);
  if (!words || words->size() < decision_size_min) {
    return fail(ErrorCode::invalid_argument, "say what this rests on", "reason_needed");
  }
  return words;
}

Result<void> record(store::Transaction& tx, const Context& context, std::string_view type,
                    const std::string& id, std::string_view basis) {
  auto leaf = ledger::append(
      tx, context.clock, context.rng,
      {.type = std::string{type}, .fields = {{"credential", id}, {"basis", std::string{basis}}}});
  if (!leaf) return propagate(std::move(leaf).error(), "append leaf");
  return {};
}

Result<std::optional<std::string>> key_in_use(store::Executor& db, std::string_view name) {
  auto row = db.query_one(sql_in_use, {name});
  if (!row) return propagate(std::move(row).error(), "look for a resolver's key");
  if (!row->has_value()) return std::nullopt;
  return (*row)->text(0);
}

tl::unexpected<Error> no_key() {
  return fail(ErrorCode::denied, "this is no resolver's key in use", "resolver_key");
}

}  // namespace

Result<std::string> add_resolver(store::Transaction& tx, const Context& context,
                                 std::string_view name, const KeyAct& act) {
  if (!is_resolver_name(name)) {
    return fail(ErrorCode::invalid_argument, "a resolver's name is 1 to 32 of a-z, 0-9 and -",
                "bad_name");
  }
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  auto held = key_in_use(tx, name);
  if (!held) return tl::unexpected<Error>{std::move(held).error()};
  if (*held) {
    return fail(ErrorCode::conflict, "this resolver has a key in use: revoke it first",
                "resolver_exists");
  }
  auto count = tx.query_one(sql_count);
  if (!count) return propagate(std::move(count).error(), "count resolvers");
  if ((*count)->integer(0) >= static_cast<std::int64_t>(resolvers_max)) {
    return fail(ErrorCode::limit_exceeded, "no more resolvers can report", "too_many_resolvers");
  }
  std::array<std::uint8_t, secret_size> secret{};
  context.rng.fill(secret);
  auto key = std::string{key_prefix} + codec::base64url(secret);
  const auto now_ms = context.clock.now_ms();
  const auto id = new_id_text(now_ms, context.rng);
  auto done =
      tx.execute(sql_insert, {id, name, Bytes{crypto::sha256(key)}, now_ms, std::move(*decision)});
  if (!done) return propagate(std::move(done).error(), "add a resolver's key");
  if (auto leaf = record(tx, context, "resolver_key.added", id, act.basis); !leaf) {
    return tl::unexpected<Error>{std::move(leaf).error()};
  }
  return key;
}

Result<void> revoke_resolver(store::Transaction& tx, const Context& context, std::string_view name,
                             const KeyAct& act) {
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  auto held = key_in_use(tx, name);
  if (!held) return tl::unexpected<Error>{std::move(held).error()};
  if (!*held) {
    return fail(ErrorCode::not_found, "no resolver of this name has a key in use");
  }
  auto done = tx.execute(sql_revoke, {**held, context.clock.now_ms(), std::move(*decision)});
  if (!done) return propagate(std::move(done).error(), "revoke a resolver's key");
  return record(tx, context, "resolver_key.revoked", **held, act.basis);
}

Result<Resolver> resolve_key(store::Database& database, std::string_view key) {
  if (key.size() != key_text_size || !key.starts_with(key_prefix)) return no_key();
  return database.read([&](store::Executor& db) -> Result<Resolver> {
    auto row = db.query_one(sql_by_hash, {Bytes{crypto::sha256(key)}});
    if (!row) return propagate(std::move(row).error(), "find a resolver's key");
    if (!row->has_value()) return no_key();
    return Resolver{.name = (*row)->text(0)};
  });
}

Result<std::vector<ResolverFacts>> list_resolvers(store::Executor& db) {
  auto rows = db.query(sql_list);
  if (!rows) return propagate(std::move(rows).error(), "list resolvers");
  std::vector<ResolverFacts> resolvers;
  for (const auto& row : *rows) {
    resolvers.push_back({.name = row.text(0),
                         .added_at_ms = row.integer(1),
                         .revoked_at_ms = row.optional_integer(2),
                         .last_report_ms = row.optional_integer(3),
                         .reports = row.integer(4),
                         .untold = row.integer(5),
                         .left_out = row.integer(6)});
  }
  return resolvers;
}

Result<std::int64_t> count_reporting(store::Executor& db, InstantMs since_ms) {
  auto row = db.query_one(sql_reporting, {since_ms});
  if (!row) return propagate(std::move(row).error(), "count who reports");
  return (*row)->integer(0);
}

}  // namespace khien::tally
