// Who may sign in, and break-glass for administrators who no longer can.
#include <fmt/format.h>

#include "base/log.h"
#include "commands.h"
#include "identity/account.h"
#include "identity/rescue.h"
#include "operator_context.h"

namespace khien::khienctl {

Result<void> account_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  auto accounts = (*database)->read(
      [&](store::Executor& db) { return identity::list_accounts(db, clock.now_ms()); });
  if (!accounts) return tl::unexpected<Error>{std::move(accounts).error()};
  for (const auto& account : *accounts) {
    std::string roles;
    for (const auto& held : account.roles) {
      roles += (roles.empty() ? "" : ", ") + std::string{identity::to_string(held.role)};
    }
    const auto state = account.locked              ? "locked"
                       : account.one_time_password ? "not set up"
                       : account.factors.empty()   ? "no factor"
                                                   : "in use";
    fmt::print("{:<16} {:<10}  {}\n", account.login, state, roles.empty() ? "no role" : roles);
  }
  return {};
}

Result<void> account_rescue(const Place& place, const std::string& login,
                            const std::string& reason) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto opened = OperatorContext::open(place);
  if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
  const auto context = (*opened)->identity();
  auto rescue = (*database)->transact([&](store::Transaction& tx) -> Result<identity::Rescue> {
    auto id = identity::find_login(tx, login);
    if (!id) return tl::unexpected<Error>{std::move(id).error()};
    if (!*id) return fail(ErrorCode::not_found, "there is no account " + login);
    return identity::rescue_administrator(tx, context, **id, reason);
  });
  if (!rescue) return tl::unexpected<Error>{std::move(rescue).error()};
  fmt::print(
      "{} is open for one hour. All its factors and sessions have ended.\n"
      "One-time password, shown this once: {}\n"
      "It is written in the public log as account.rescued. Tell the other administrators.\n",
      login, rescue->one_time_password);
  return {};
}

}  // namespace khien::khienctl
