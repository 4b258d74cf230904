#include <fmt/format.h>

#include "codec/json.h"
#include "commands.h"
#include "identity/account.h"
#include "identity/first_start.h"
#include "operator_context.h"

namespace khien::khienctl {
Result<void> demo_users(const Place& place, Output output) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  auto accounts = (*database)->read(
      [&](store::Executor& db) { return identity::list_accounts(db, clock.now_ms()); });
  if (!accounts) return tl::unexpected<Error>{std::move(accounts).error()};
  codec::Json::Array items;
  if (output == Output::text) {
    fmt::print("  Demo sign-ins (password of all: {}):\n", identity::demo_password);
  }
  for (const auto& account : *accounts) {
    if (!account.demo) continue;
    codec::Json::Array roles;
    std::string words;
    for (const auto& held : account.roles) {
      roles.emplace_back(identity::to_string(held.role));
      words += (words.empty() ? "" : ", ") + std::string{identity::to_string(held.role)};
    }
    if (output == Output::text)
      fmt::print("    {:<10} {:<18} {}\n", account.login, account.name, words);
    items.push_back(codec::Json::object({{"login", account.login},
                                         {"name", account.name},
                                         {"password", identity::demo_password},
                                         {"roles", codec::Json{std::move(roles)}}}));
  }
  if (output == Output::json) fmt::print("{}\n", codec::Json{std::move(items)}.dump());
  return {};
}

Result<void> demo_code(const Place& place, const std::string& user) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto context = OperatorContext::open(place);
  if (!context) return tl::unexpected<Error>{std::move(context).error()};
  auto code = identity::demo_code(**database, (*context)->identity(), user);
  if (!code) return tl::unexpected<Error>{std::move(code).error()};
  fmt::print("{}\n", *code);
  return {};
}

}  // namespace khien::khienctl
