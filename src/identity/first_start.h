// The first accounts: two administrators of a new deployment, who then make all others, and the
// invented people of the demo. Nobody else is ever made without two administrators.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "identity/context.h"
#include "store/database.h"

namespace khien::identity {

struct FirstAdministrator {
  std::string login;
  std::string one_time_password;  ///< shown this once; good for one_time_password_life_ms
};

/// Makes "admin1" and "admin2". conflict "not_empty" if any account exists. Leaf account.created
/// and account.role_granted for each, with basis "first_start".
[[nodiscard]] Result<std::vector<FirstAdministrator>> create_first_administrators(
    store::Database& db, const Context& context);

struct DemoAccount {
  std::string login;
  std::string name;
  std::string unit;
  std::string roles;  ///< ids with spaces between, for showing
};

/// The invented people of `./khien up`, with `password` and a random TOTP secret each. Makes what
/// is missing and leaves the rest alone, so it may run at each start. conflict "not_empty"
/// where there are accounts and none of the demo: the password is known to whoever reads this
/// program, so a real deployment never gets these people by a wrong switch.
[[nodiscard]] Result<std::vector<DemoAccount>> create_demo_accounts(store::Database& db,
                                                                    const Context& context,
                                                                    std::string_view password);
constexpr std::string_view demo_password = "khien-demo-2026";

/// The next six digits of a demo account that still work. denied "not_demo" for any other account;
/// not_found for none. If the current step is used up, the code of the next one, which is taken
/// already.
[[nodiscard]] Result<std::string> demo_code(store::Database& db, const Context& context,
                                            std::string_view login);

}  // namespace khien::identity
