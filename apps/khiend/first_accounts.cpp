#include "first_accounts.h"

#include "base/file.h"
#include "base/log.h"
#include "cases/settings.h"
#include "identity/first_start.h"
#include "tally/resolver_key.h"

namespace khien::khiend {
namespace {

constexpr std::string_view demo_resolver = "khien-dnsd";

/// A key for the demo's own resolver, in STATE/keys/resolver-report.key. Made again where the file
/// is gone: nobody can read the old one any more.
Result<void> make_demo_resolver(const api::Services& services, const Options& options) {
  const auto path = options.state / "keys" / "resolver-report.key";
  if (std::filesystem::exists(path)) return {};
  const tally::Context context{.clock = services.clock, .rng = services.rng};
  const tally::KeyAct act{.basis = "demo", .decision = "demo"};
  auto key = services.database.transact([&](store::Transaction& tx) -> Result<std::string> {
    auto revoked = tally::revoke_resolver(tx, context, demo_resolver, act);
    if (!revoked && revoked.error().code != ErrorCode::not_found) {
      return tl::unexpected<Error>{std::move(revoked).error()};
    }
    return tally::add_resolver(tx, context, demo_resolver, act);
  });
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  return write_file_atomically(path, as_bytes(*key + "\n"), FileAccess::owner);
}

Result<void> make_demo(const api::Services& services, const Options& options) {
  auto people =
      identity::create_demo_accounts(services.database, services.identity, identity::demo_password);
  if (!people) return tl::unexpected<Error>{std::move(people).error()};
  auto configured = services.database.transact([&](store::Transaction& tx) {
    return cases::install_demo_configuration(tx, services.cases);
  });
  if (!configured) return configured;
  return make_demo_resolver(services, options);
}

}  // namespace

Result<void> make_first_accounts(const api::Services& services, const Options& options) {
  if (options.demo) return make_demo(services, options);
  auto made = identity::create_first_administrators(services.database, services.identity);
  if (!made && made.error().code == ErrorCode::conflict) return {};  // there are accounts
  if (!made) return tl::unexpected<Error>{std::move(made).error()};
  std::string text = "One-time passwords of the first two administrators. Delete this file.\n";
  for (const auto& person : *made) text += person.login + " " + person.one_time_password + "\n";
  const auto path = options.state / "first-administrators.txt";
  KHIEN_LOG(info, "first_administrators", {"passwords_in", path.string()});
  return write_file_atomically(path, as_bytes(text), FileAccess::owner);
}

}  // namespace khien::khiend
