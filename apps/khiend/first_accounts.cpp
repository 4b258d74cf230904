#include "first_accounts.h"

#include "base/file.h"
#include "base/log.h"
#include "cases/settings.h"
#include "identity/first_start.h"

namespace khien::khiend {
namespace {

Result<void> make_demo(const api::Services& services) {
  auto people =
      identity::create_demo_accounts(services.database, services.identity, identity::demo_password);
  if (!people) return tl::unexpected<Error>{std::move(people).error()};
  return services.database.transact([&](store::Transaction& tx) {
    return cases::install_demo_configuration(tx, services.cases);
  });
}

}  // namespace

Result<void> make_first_accounts(const api::Services& services, const Options& options) {
  if (options.demo) return make_demo(services);
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
