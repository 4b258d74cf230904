#include "identity/rescue.h"

#include "identity/account_change.h"
#include "identity/factor.h"
#include "identity/leaf.h"
#include "identity/session.h"
#include "text/normalise.h"

namespace khien::identity {
namespace {

constexpr std::size_t reason_size_min = 3;

constexpr std::string_view sql_insert =
    "INSERT INTO account_rescue (id, account_id, reason, at_ms, until_ms) "
    "VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view sql_count = "SELECT count(*) FROM account_rescue";
constexpr std::string_view sql_open =
    "UPDATE account SET locked = 0, password_hash = $2, password_one_time_until_ms = $3 "
    "WHERE id = $1";

}  // namespace

Result<Rescue> rescue_administrator(store::Transaction& tx, const Context& context,
                                    const AccountId& id, std::string_view reason) {
  const auto words = text::clean_text(reason, change_reason_size_max);
  if (!words || words->size() < reason_size_min)
    return fail(ErrorCode::invalid_argument, "a reason is needed", "reason_needed");
  const InstantMs now = context.clock.now_ms();
  const auto account = load_account(tx, now, id);
  if (!account) return tl::unexpected<Error>{account.error()};
  if (!account->role_set().has(Role::administrator))
    return fail(ErrorCode::denied,
                account->login + " is no administrator; two administrators can help this account",
                "not_administrator");

  if (auto ended = end_factors(tx, context, id); !ended)
    return tl::unexpected<Error>{ended.error()};
  if (auto ended = end_sessions(tx, context, id, {}); !ended)
    return tl::unexpected<Error>{ended.error()};
  auto password = new_one_time_password(context);
  if (!password) return tl::unexpected<Error>{password.error()};
  const InstantMs until = now + rescue_life_ms;
  auto opened = tx.execute(sql_open, {id, password->hash, until});
  if (!opened) return propagate(std::move(opened).error(), "open the account");
  const auto row = new_id_text(now, context.rng);
  auto noted = tx.execute(sql_insert, {row, id, *words, now, until});
  if (!noted) return propagate(std::move(noted).error(), "note the rescue");
  if (auto leaf = record(tx, context, "account.rescued",
                         {{"account", id.value},
                          {"request", row},
                          {"basis", "operator"},
                          {"expires_at_ms", until}});
      !leaf)
    return tl::unexpected<Error>{leaf.error()};
  return Rescue{.one_time_password = std::move(password->text), .until_ms = until};
}

Result<std::int64_t> count_rescues(store::Executor& db) {
  auto row = db.query_one(sql_count);
  if (!row) return propagate(std::move(row).error(), "count rescues");
  return (*row)->integer(0);
}

}  // namespace khien::identity
