#include "store/leases.h"

namespace khien::store {
namespace {

constexpr std::string_view sql_take =
    "INSERT INTO lease (name, holder, token, until_ms) VALUES ($1, $2, 1, $4)"
    " ON CONFLICT (name) DO UPDATE SET"
    "  token = CASE WHEN lease.holder = excluded.holder THEN lease.token ELSE lease.token + 1 END,"
    "  holder = excluded.holder, until_ms = excluded.until_ms"
    " WHERE lease.holder = excluded.holder OR lease.until_ms <= $3 RETURNING token";
constexpr std::string_view sql_give_up =
    "UPDATE lease SET until_ms = 0 WHERE name = $1 AND holder = $2 AND token = $3";
// An update, not a read: the row's lock is what keeps the next holder waiting.
constexpr std::string_view sql_confirm =
    "UPDATE lease SET holder = holder WHERE name = $1 AND holder = $2 AND token = $3";

constexpr std::string_view sql_find = "SELECT holder, token, until_ms FROM lease WHERE name = $1";
constexpr std::string_view sql_renew =
    "UPDATE lease SET until_ms = $4 WHERE name = $1 AND holder = $2 AND token = $3";
constexpr std::string_view sql_first =
    "INSERT INTO lease (name, holder, token, until_ms) VALUES ($1, $2, 1, $3)"
    " ON CONFLICT (name) DO NOTHING RETURNING token";
constexpr std::string_view sql_seize =
    "UPDATE lease SET holder = $4, token = token + 1, until_ms = $5"
    " WHERE name = $1 AND token = $2 AND until_ms = $3 RETURNING token";

}  // namespace

Result<std::optional<Lease>> take_lease(Database& database, const Clock& clock,
                                        std::string_view name, std::string_view holder,
                                        std::int64_t ttl_ms) {
  const auto now_ms = clock.now_ms();
  auto taken = database.transact([&](Transaction& tx) -> Result<std::optional<Lease>> {
    auto row = tx.query_one(sql_take, {name, holder, now_ms, now_ms + ttl_ms});
    if (!row) return tl::unexpected<Error>{std::move(row).error()};
    if (!row->has_value()) return std::optional<Lease>{};
    return std::optional<Lease>{Lease{.name = std::string{name},
                                      .holder = std::string{holder},
                                      .token = (*row)->integer(0),
                                      .until_ms = now_ms + ttl_ms}};
  });
  if (!taken) return propagate(std::move(taken).error(), "take lease");
  return taken;
}

Result<std::optional<Lease>> find_lease(Executor& executor, std::string_view name) {
  auto row = executor.query_one(sql_find, {name});
  if (!row) return propagate(std::move(row).error(), "find lease");
  if (!row->has_value()) return std::optional<Lease>{};
  return std::optional<Lease>{Lease{.name = std::string{name},
                                    .holder = (*row)->text(0),
                                    .token = (*row)->integer(1),
                                    .until_ms = (*row)->integer(2)}};
}

Result<Lease> renew_lease(Database& database, const Clock& clock, const Lease& lease,
                          std::int64_t ttl_ms) {
  Lease renewed = lease;
  renewed.until_ms = clock.now_ms() + ttl_ms;
  auto changed = database.transact_queue([&](Transaction& tx) {
    return tx.execute(sql_renew, {lease.name, lease.holder, lease.token, renewed.until_ms});
  });
  if (!changed) return propagate(std::move(changed).error(), "renew lease");
  if (*changed == 0) {
    return fail(ErrorCode::conflict, "another process has taken the lease over", "lease_lost");
  }
  return renewed;
}

Result<std::optional<Lease>> seize_lease(Transaction& tx, const Clock& clock,
                                         const std::optional<Lease>& seen, std::string_view name,
                                         std::string_view holder, std::int64_t ttl_ms) {
  const auto until_ms = clock.now_ms() + ttl_ms;
  auto row = seen ? tx.query_one(sql_seize, {name, seen->token, seen->until_ms, holder, until_ms})
                  : tx.query_one(sql_first, {name, holder, until_ms});
  if (!row) return propagate(std::move(row).error(), "seize lease");
  if (!row->has_value()) return std::optional<Lease>{};
  return std::optional<Lease>{Lease{.name = std::string{name},
                                    .holder = std::string{holder},
                                    .token = (*row)->integer(0),
                                    .until_ms = until_ms}};
}

Result<void> give_up_lease(Database& database, const Lease& lease) {
  auto changed = database.transact([&](Transaction& tx) {
    return tx.execute(sql_give_up, {lease.name, lease.holder, lease.token});
  });
  if (!changed) return propagate(std::move(changed).error(), "give up lease");
  return {};
}

Result<void> confirm_lease(Transaction& tx, const Lease& lease) {
  auto changed = tx.execute(sql_confirm, {lease.name, lease.holder, lease.token});
  if (!changed) return propagate(std::move(changed).error(), "confirm lease");
  if (*changed == 0) {
    return fail(ErrorCode::conflict, "another process has taken the lease over", "lease_lost");
  }
  return {};
}

}  // namespace khien::store
