#include "identity/account.h"

#include <algorithm>

#include "codec/crockford.h"
#include "crypto/password.h"
#include "identity/leaf.h"
#include "identity/session.h"
#include "text/mail_address.h"
#include "text/normalise.h"

namespace khien::identity {
namespace {

// A one-time password is random (95 bits): guessing it is hopeless at any price a guess, so it does
// not need the 64 MB that a chosen password does.
constexpr crypto::PasswordCost one_time_cost{.passes = 1, .memory_size = std::size_t{8} << 10};

// An empty $1 means every account.
constexpr std::string_view sql_accounts =
    "SELECT id, login, name, unit, email, language, locked, demo, password_one_time_until_ms, "
    "created_at_ms, signed_in_at_ms FROM account WHERE ($1 = '' OR id = $1) ORDER BY login";
constexpr std::string_view sql_roles =
    "SELECT account_id, role, from_ms, until_ms FROM role_grant "
    "WHERE ($1 = '' OR account_id = $1) AND from_ms <= $2 AND (until_ms IS NULL OR until_ms > $2) "
    "AND (ended_at_ms IS NULL OR ended_at_ms > $2) ORDER BY account_id, from_ms, id";
constexpr std::string_view sql_factors =
    "SELECT account_id, kind FROM factor WHERE ($1 = '' OR account_id = $1) "
    "AND confirmed_at_ms IS NOT NULL AND ended_at_ms IS NULL ORDER BY account_id, created_at_ms, "
    "id";
constexpr std::string_view sql_insert =
    "INSERT INTO account (id, login, name, unit, email, language, password_hash, "
    "password_one_time_until_ms, created_at_ms, created_by) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
constexpr std::string_view sql_count = "SELECT count(*) FROM account";
constexpr std::string_view sql_find_login = "SELECT id FROM account WHERE login = $1";
constexpr std::string_view sql_names = "SELECT id, name FROM account";
constexpr std::string_view sql_edit =
    "UPDATE account SET email = COALESCE($2, email), language = COALESCE($3, language) "
    "WHERE id = $1";
constexpr std::string_view sql_set_password =
    "UPDATE account SET password_hash = $2, password_one_time_until_ms = $3 WHERE id = $1";

struct CleanDraft {
  std::string name;
  std::string unit;
};

Result<void> check_contact(std::string_view email, std::string_view language) {
  if (!email.empty() && !text::is_mail_address(email))
    return fail(ErrorCode::invalid_argument, "bad mail address", "bad_email");
  if (language != "vi" && language != "en")
    return fail(ErrorCode::invalid_argument, "language is vi or en", "bad_language");
  return {};
}

Result<CleanDraft> clean(const AccountDraft& draft) {
  if (!is_login(draft.login))
    return fail(ErrorCode::invalid_argument, "login has other characters or sizes", "bad_login");
  auto name = text::clean_line(draft.name, account_name_size_max);
  if (!name || name->empty()) return fail(ErrorCode::invalid_argument, "bad name", "bad_name");
  auto unit = text::clean_line(draft.unit, account_unit_size_max);
  if (!unit) return fail(ErrorCode::invalid_argument, "bad unit", "bad_unit");
  if (auto good = check_contact(draft.email, draft.language); !good)
    return tl::unexpected<Error>{good.error()};
  return CleanDraft{.name = std::move(*name), .unit = std::move(*unit)};
}

Account account_of(const store::Row& row) {
  return Account{.id = AccountId{row.text(0)},
                 .login = row.text(1),
                 .name = row.text(2),
                 .unit = row.text(3),
                 .email = row.text(4),
                 .language = row.text(5),
                 .roles = {},
                 .factors = {},
                 .locked = row.integer(6) != 0,
                 .demo = row.integer(7) != 0,
                 .one_time_password = !row.is_null(8),
                 .created_at_ms = row.integer(9),
                 .signed_in_at_ms = row.optional_integer(10)};
}

Result<std::vector<Account>> read_accounts(store::Executor& db, InstantMs now_ms,
                                           std::string_view only) {
  auto rows = db.query(sql_accounts, {only});
  if (!rows) return propagate(std::move(rows).error(), "read accounts");
  std::vector<Account> accounts;
  std::map<std::string, std::size_t, std::less<>> index_of;
  for (const auto& row : *rows) {
    index_of.emplace(row.text(0), accounts.size());
    accounts.push_back(account_of(row));
  }
  auto roles = db.query(sql_roles, {only, now_ms});
  if (!roles) return propagate(std::move(roles).error(), "read roles");
  for (const auto& row : *roles) {
    const auto role = parse_role(row.text(1));
    if (!role) return fail(ErrorCode::corrupt, "unknown role in the database");
    accounts[index_of.at(row.text(0))].roles.push_back(
        HeldRole{.role = *role, .from_ms = row.integer(2), .until_ms = row.optional_integer(3)});
  }
  auto factors = db.query(sql_factors, {only});
  if (!factors) return propagate(std::move(factors).error(), "read factors");
  for (const auto& row : *factors) {
    const auto kind = parse_factor_kind(row.text(1));
    if (!kind) return fail(ErrorCode::corrupt, "unknown factor in the database");
    auto& kinds = accounts[index_of.at(row.text(0))].factors;
    if (std::find(kinds.begin(), kinds.end(), *kind) == kinds.end()) kinds.push_back(*kind);
  }
  return accounts;
}

}  // namespace

Roles Account::role_set() const noexcept {
  Roles set;
  for (const auto& held : roles) set.add(held.role);
  return set;
}

bool is_login(std::string_view text) noexcept {
  return text.size() >= 2 && text.size() <= login_size_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

Result<CreatedAccount> create_account(store::Transaction& tx, const Context& context,
                                      const Actor& actor, const AccountDraft& draft) {
  if (const auto verdict = may(actor, Action::account_create); !verdict) return fail(verdict);
  const auto cleaned = clean(draft);
  if (!cleaned) return tl::unexpected<Error>{cleaned.error()};
  auto count = tx.query_one(sql_count);
  if (!count) return propagate(std::move(count).error(), "count accounts");
  if ((*count)->integer(0) >= accounts_max)
    return fail(ErrorCode::limit_exceeded, "too many accounts", "too_many_accounts");

  const auto password = new_one_time_password(context);
  if (!password) return tl::unexpected<Error>{password.error()};
  const InstantMs now = context.clock.now_ms();
  const auto id = AccountId::make(context.clock, context.rng);
  auto added = tx.execute(
      sql_insert, {id, draft.login, cleaned->name, cleaned->unit, draft.email, draft.language,
                   password->hash, now + one_time_password_life_ms, now, actor.account_id});
  if (!added) return propagate(std::move(added).error(), "create account");
  if (*added == 0) return fail(ErrorCode::conflict, "this login is taken", "login_taken");
  if (auto noted = record(tx, context, "account.created",
                          {{"account", id.value}, {"actor", actor.account_id.value}});
      !noted)
    return tl::unexpected<Error>{noted.error()};
  auto account = load_account(tx, now, id);
  if (!account) return tl::unexpected<Error>{account.error()};
  return CreatedAccount{.account = std::move(*account), .one_time_password = password->text};
}

Result<Account> load_account(store::Executor& db, InstantMs now_ms, const AccountId& id) {
  if (id.empty()) return fail(ErrorCode::not_found, "no such account");
  auto accounts = read_accounts(db, now_ms, id.value);
  if (!accounts) return tl::unexpected<Error>{accounts.error()};
  if (accounts->empty()) return fail(ErrorCode::not_found, "no account " + id.value);
  return std::move(accounts->front());
}

Result<std::optional<AccountId>> find_login(store::Executor& db, std::string_view login) {
  auto row = db.query_one(sql_find_login, {login});
  if (!row) return propagate(std::move(row).error(), "find login");
  if (!row->has_value()) return std::optional<AccountId>{};
  return std::optional{AccountId{(*row)->text(0)}};
}

Result<std::vector<Account>> list_accounts(store::Executor& db, InstantMs now_ms) {
  return read_accounts(db, now_ms, "");
}

Result<std::map<AccountId, std::string>> account_names(store::Executor& db) {
  auto rows = db.query(sql_names);
  if (!rows) return propagate(std::move(rows).error(), "read names");
  std::map<AccountId, std::string> names;
  for (const auto& row : *rows) names.emplace(AccountId{row.text(0)}, row.text(1));
  return names;
}

Result<std::vector<Account>> accounts_with_right(store::Executor& db, InstantMs now_ms,
                                                 Action action) {
  auto accounts = read_accounts(db, now_ms, "");
  if (!accounts) return accounts;
  std::erase_if(*accounts, [action](const Account& account) {
    return account.locked || !may(as_actor(account), action);
  });
  return accounts;
}

Actor as_actor(const Account& account) {
  return Actor{.account_id = account.id,
               .roles = account.role_set(),
               .unit = account.unit,
               .name = account.name};
}

Result<Account> edit_own_account(store::Transaction& tx, const Context& context, const Actor& actor,
                                 const OwnAccountEdit& edit) {
  if (auto fresh = require_step_up(actor, context.clock); !fresh)
    return tl::unexpected<Error>{fresh.error()};
  if (auto good = check_contact(edit.email.value_or(""), edit.language.value_or("vi")); !good)
    return tl::unexpected<Error>{good.error()};
  auto set = tx.execute(sql_edit, {actor.account_id, edit.email, edit.language});
  if (!set) return propagate(std::move(set).error(), "edit account");
  if (*set == 0) return fail(ErrorCode::not_found, "no such account");
  if (auto noted = record(tx, context, "account.edited", {{"account", actor.account_id.value}});
      !noted)
    return tl::unexpected<Error>{noted.error()};
  return load_account(tx, context.clock.now_ms(), actor.account_id);
}

Result<Roles> roles_at(store::Executor& db, const AccountId& id, InstantMs at_ms) {
  auto rows = db.query(sql_roles, {id.value, at_ms});
  if (!rows) return propagate(std::move(rows).error(), "read roles");
  Roles roles;
  for (const auto& row : *rows) {
    const auto role = parse_role(row.text(1));
    if (!role) return fail(ErrorCode::corrupt, "unknown role in the database");
    roles.add(*role);
  }
  return roles;
}

Result<OneTimePassword> new_one_time_password(const Context& context) {
  OneTimePassword password{.text = codec::random_code(context.rng), .hash = {}};
  const auto normal = codec::normalise_code(password.text);
  if (!normal) return propagate(normal.error(), "one-time password");
  auto hash = crypto::hash_password(*normal, one_time_cost);
  if (!hash) return tl::unexpected<Error>{hash.error()};
  password.hash = std::move(*hash);
  return password;
}

Result<std::string> set_one_time_password(store::Transaction& tx, const Context& context,
                                          const AccountId& account) {
  auto password = new_one_time_password(context);
  if (!password) return tl::unexpected<Error>{password.error()};
  auto set = tx.execute(sql_set_password, {account, password->hash,
                                           context.clock.now_ms() + one_time_password_life_ms});
  if (!set) return propagate(std::move(set).error(), "set one-time password");
  return std::move(password->text);
}

}  // namespace khien::identity
