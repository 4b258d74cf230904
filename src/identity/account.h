// Accounts of officers and what they hold now. Names and mail addresses are personal data: they
// stand in these tables and nowhere else; ledger leaves hold account ids. Roles, factors and locks
// change only through account_change.h, by two administrators.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/actor.h"
#include "identity/context.h"
#include "identity/factor.h"
#include "identity/rights.h"
#include "store/executor.h"

namespace khien::identity {

constexpr std::int64_t accounts_max = 5'000;
constexpr std::size_t login_size_max = 64;
constexpr std::size_t account_name_size_max = 100 * 4;  // octets
constexpr std::size_t account_unit_size_max = 100 * 4;
/// A one-time password from an administrator works this long, for setting the account up.
constexpr std::int64_t one_time_password_life_ms = 72 * ms_per_hour;

struct HeldRole {
  Role role = Role::intake;
  InstantMs from_ms = 0;
  std::optional<InstantMs> until_ms;
};

struct Account {
  AccountId id;
  std::string login;
  std::string name;
  std::string unit;
  std::string email;
  std::string language;         ///< "vi" or "en"
  std::vector<HeldRole> roles;  ///< in force now
  std::vector<FactorKind> factors;
  bool locked = false;
  bool demo = false;
  bool one_time_password = false;  ///< has not chosen a password yet
  InstantMs created_at_ms = 0;
  std::optional<InstantMs> signed_in_at_ms;

  [[nodiscard]] Roles role_set() const noexcept;
};

/// Lower-case letters, digits, '.', '_' and '-', 2 to 64 characters.
[[nodiscard]] bool is_login(std::string_view text) noexcept;

struct AccountDraft {
  std::string login;
  std::string name;
  std::string unit = {};
  std::string email = {};
  std::string language = "vi";
};

struct CreatedAccount {
  Account account;
  std::string one_time_password;  ///< shown this once
};

/// Right account.create. The account holds no role. invalid_argument "bad_login", "bad_name",
/// "bad_email", "bad_language"; conflict "login_taken"; limit_exceeded "too_many_accounts". Leaf
/// account.created.
[[nodiscard]] Result<CreatedAccount> create_account(store::Transaction& tx, const Context& context,
                                                    const Actor& actor, const AccountDraft& draft);

/// not_found if there is none.
[[nodiscard]] Result<Account> load_account(store::Executor& db, InstantMs now_ms,
                                           const AccountId& id);
[[nodiscard]] Result<std::optional<AccountId>> find_login(store::Executor& db,
                                                          std::string_view login);
/// All accounts, by login. Right account.read is the caller's to ask.
[[nodiscard]] Result<std::vector<Account>> list_accounts(store::Executor& db, InstantMs now_ms);
/// Everybody's name by id: for showing records.
[[nodiscard]] Result<std::map<AccountId, std::string>> account_names(store::Executor& db);
/// Those whose roles open `action` now and who are not locked, by login. What depends on a record
/// is asked again, with may() and as_actor().
[[nodiscard]] Result<std::vector<Account>> accounts_with_right(store::Executor& db,
                                                               InstantMs now_ms, Action action);
/// The account as may() judges it, outside a session: without a factor, so that it can move nothing
/// that asks for one.
[[nodiscard]] Actor as_actor(const Account& account);

struct OwnAccountEdit {
  std::optional<std::string> email = {};  ///< empty: none
  std::optional<std::string> language = {};
};
/// What people change of their own account: with a fresh factor (denied "step_up_needed"), because
/// a mail address tells where work goes. invalid_argument "bad_email", "bad_language". Leaf
/// account.edited, without what was written.
[[nodiscard]] Result<Account> edit_own_account(store::Transaction& tx, const Context& context,
                                               const Actor& actor, const OwnAccountEdit& edit);

/// The roles an account holds at `at_ms`; also for times gone by.
[[nodiscard]] Result<Roles> roles_at(store::Executor& db, const AccountId& id, InstantMs at_ms);

/// A random password (95 bits, codec/crockford.h) and the hash of its normal form. For
/// first_start.h.
struct OneTimePassword {
  std::string text;
  std::string hash;
};
[[nodiscard]] Result<OneTimePassword> new_one_time_password(const Context& context);

/// A new one-time password, stored; the old password is gone. For account_change.h.
[[nodiscard]] Result<std::string> set_one_time_password(store::Transaction& tx,
                                                        const Context& context,
                                                        const AccountId& account);

}  // namespace khien::identity
