#include <fmt/format.h>

#include "base/file.h"
#include "codec/json.h"
#include "commands.h"
#include "crypto/seal.h"
#include "identity/account.h"
#include "identity/first_start.h"

namespace khien::khienctl {
namespace {

/// Only what demo_code() looks at: the rest of identity's context belongs to a server.
struct DemoIdentity {
  SystemClock clock;
  SystemRng rng;
  crypto::SealKey seal_key;
  crypto::Ed25519Key server_key = crypto::Ed25519Key::generate(rng);  // signs nothing here
  identity::RelyingParty rp;
  identity::PasswordGate passwords;
  identity::SignInLimits limits;

  explicit DemoIdentity(crypto::SealKey key) : seal_key(std::move(key)) {}
  [[nodiscard]] identity::Context context() {
    return {.clock = clock,
            .rng = rng,
            .seal_key = seal_key,
            .server_key = server_key,
            .rp = rp,
            .passwords = passwords,
            .limits = limits};
  }
};

}  // namespace

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
  const auto key_path = place.state / "keys" / "seal.key";
  if (!std::filesystem::exists(key_path)) {
    return fail(ErrorCode::not_found, "there is no seal key in " + key_path.string());
  }
  SystemRng rng;
  auto key = crypto::load_or_create_seal_key(key_path, rng);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  DemoIdentity identity{std::move(*key)};
  auto code = identity::demo_code(**database, identity.context(), user);
  if (!code) return tl::unexpected<Error>{std::move(code).error()};
  fmt::print("{}\n", *code);
  return {};
}

}  // namespace khien::khienctl
