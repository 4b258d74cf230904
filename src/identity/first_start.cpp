#include "identity/first_start.h"

#include <array>

#include "identity/account.h"
#include "identity/leaf.h"
#include "identity/totp.h"

namespace khien::identity {
namespace {

constexpr std::string_view sql_any = "SELECT 1 FROM account LIMIT 1";
constexpr std::string_view sql_demo = "SELECT 1 FROM account WHERE demo = 1 LIMIT 1";
constexpr std::string_view sql_insert =
    "INSERT INTO account (id, login, name, unit, email, language, demo, password_hash, "
    "password_one_time_until_ms, created_at_ms) VALUES ($1, $2, $3, $4, $5, 'vi', $6, $7, $8, $9)";
constexpr std::string_view sql_grant =
    "INSERT INTO role_grant (id, account_id, role, basis, from_ms) VALUES ($1, $2, $3, $4, $5)";
constexpr std::string_view sql_insert_totp =
    "INSERT INTO factor (id, account_id, kind, name, created_at_ms, confirmed_at_ms, "
    "sealed_secret) "
    "VALUES ($1, $2, 'totp', 'Authenticator', $3, $3, $4)";
constexpr std::string_view sql_demo_totp =
    "SELECT a.demo, f.id, f.sealed_secret, f.last_step FROM account a LEFT JOIN factor f "
    "ON f.account_id = a.id AND f.kind = 'totp' AND f.confirmed_at_ms IS NOT NULL "
    "AND f.ended_at_ms IS NULL WHERE a.login = $1 ORDER BY f.created_at_ms LIMIT 1";

// A database with accounts, none of them the demo's, is somebody's real one.
Result<void> check_demo_belongs_here(store::Executor& db) {
  auto any = db.query_one(sql_any);
  if (!any) return propagate(std::move(any).error(), "demo accounts");
  auto demo = db.query_one(sql_demo);
  if (!demo) return propagate(std::move(demo).error(), "demo accounts");
  if (any->has_value() && !demo->has_value())
    return fail(ErrorCode::conflict, "a deployment with accounts takes no demo", "not_empty");
  return {};
}

struct Person {
  std::string_view login;
  std::string_view name;
  std::string_view unit;
  std::array<Role, 2> roles;
};

// Invented; two approvers of different units, so that an order which needs them can be shown.
constexpr std::string_view unit_police = "Phòng An ninh mạng (demo)";
constexpr std::string_view unit_science = "Sở Khoa học và Công nghệ (demo)";
constexpr std::array<Person, 10> people{{
    {"lan", "Trần Thị Lan", unit_police, {Role::intake, Role::analyst}},
    {"minh", "Phạm Văn Minh", unit_police, {Role::approver, Role::approver}},
    {"hoa", "Lê Thị Hoa", unit_science, {Role::approver, Role::approver}},
    {"duc", "Nguyễn Văn Đức", unit_police, {Role::duty_operator, Role::duty_operator}},
    {"mai", "Vũ Thị Mai", unit_science, {Role::legal_reviewer, Role::legal_reviewer}},
    {"son", "Đặng Văn Sơn", unit_science, {Role::appeals_officer, Role::appeals_officer}},
    {"khanh", "Ngô Văn Khánh", unit_science, {Role::evidence_custodian, Role::evidence_custodian}},
    {"thu", "Hồ Thị Thu", unit_science, {Role::auditor, Role::auditor}},
    {"quang", "Bùi Văn Quang", unit_police, {Role::administrator, Role::administrator}},
    {"yen", "Đỗ Thị Yến", unit_science, {Role::administrator, Role::administrator}},
}};

struct NewAccount {
  std::string_view login;
  std::string_view name;
  std::string_view unit;
  std::string_view basis;
  std::string_view password_hash;
  std::optional<InstantMs> one_time_until_ms;
};

Result<AccountId> insert(store::Transaction& tx, const Context& context, const NewAccount& draft) {
  const auto id = AccountId::make(context.clock, context.rng);
  const std::int64_t demo = draft.basis == "demo" ? 1 : 0;
  const std::string email = demo == 1 ? std::string{draft.login} + "@khien.example" : "";
  auto added = tx.execute(
      sql_insert, {id, draft.login, draft.name, draft.unit, email, demo, draft.password_hash,
                   draft.one_time_until_ms, context.clock.now_ms()});
  if (!added) return propagate(std::move(added).error(), "create account");
  if (auto noted = record(tx, context, "account.created",
                          {{"account", id.value}, {"basis", std::string{draft.basis}}});
      !noted)
    return tl::unexpected<Error>{noted.error()};
  return id;
}

Result<void> grant(store::Transaction& tx, const Context& context, const AccountId& account,
                   Role role, std::string_view basis) {
  const InstantMs now = context.clock.now_ms();
  auto added =
      tx.execute(sql_grant, {new_id_text(now, context.rng), account, to_string(role), basis, now});
  if (!added) return propagate(std::move(added).error(), "grant role");
  return record(tx, context, "account.role_granted",
                {{"account", account.value},
                 {"role", std::string{to_string(role)}},
                 {"basis", std::string{basis}}});
}

Result<void> add_totp(store::Transaction& tx, const Context& context, const AccountId& account) {
  auto secret = new_totp_secret(context.rng);
  const auto id = FactorId::make(context.clock, context.rng);
  const auto sealed = crypto::seal(context.seal_key, secret, "totp:" + id.value, context.rng);
  crypto::wipe(secret);
  auto added = tx.execute(sql_insert_totp, {id, account, context.clock.now_ms(), sealed});
  if (!added) return propagate(std::move(added).error(), "add TOTP");
  return record(tx, context, "account.factor_added",
                {{"account", account.value}, {"credential", id.value}, {"kind", "totp"}});
}

Result<void> add_person(store::Transaction& tx, const Context& context, const Person& person,
                        std::string_view password_hash) {
  const auto found = find_login(tx, person.login);
  if (!found) return tl::unexpected<Error>{found.error()};
  if (found->has_value()) return {};
  const auto id = insert(tx, context,
                         {.login = person.login,
                          .name = person.name,
                          .unit = person.unit,
                          .basis = "demo",
                          .password_hash = password_hash,
                          .one_time_until_ms = std::nullopt});
  if (!id) return tl::unexpected<Error>{id.error()};
  for (std::size_t i = 0; i < person.roles.size(); ++i) {
    if (i > 0 && person.roles[i] == person.roles[0]) continue;
    if (auto granted = grant(tx, context, *id, person.roles[i], "demo"); !granted) return granted;
  }
  return add_totp(tx, context, *id);
}

}  // namespace

Result<std::vector<FirstAdministrator>> create_first_administrators(store::Database& db,
                                                                    const Context& context) {
  return db.transact([&](store::Transaction& tx) -> Result<std::vector<FirstAdministrator>> {
    auto any = tx.query_one(sql_any);
    if (!any) return propagate(std::move(any).error(), "first start");
    if (any->has_value()) return fail(ErrorCode::conflict, "there are accounts", "not_empty");
    std::vector<FirstAdministrator> administrators;
    for (const auto& [login, name] :
         {std::pair{"admin1", "Quản trị viên 1"}, std::pair{"admin2", "Quản trị viên 2"}}) {
      const auto password = new_one_time_password(context);
      if (!password) return tl::unexpected<Error>{password.error()};
      const auto id =
          insert(tx, context,
                 {.login = login,
                  .name = name,
                  .unit = "",
                  .basis = "first_start",
                  .password_hash = password->hash,
                  .one_time_until_ms = context.clock.now_ms() + one_time_password_life_ms});
      if (!id) return tl::unexpected<Error>{id.error()};
      if (auto granted = grant(tx, context, *id, Role::administrator, "first_start"); !granted)
        return tl::unexpected<Error>{granted.error()};
      administrators.push_back({.login = login, .one_time_password = password->text});
    }
    return administrators;
  });
}

Result<std::vector<DemoAccount>> create_demo_accounts(store::Database& db, const Context& context,
                                                      std::string_view password) {
  const auto hash = context.passwords.hash(password);
  if (!hash) return tl::unexpected<Error>{hash.error()};
  auto made = db.transact([&](store::Transaction& tx) -> Result<void> {
    if (auto good = check_demo_belongs_here(tx); !good) return good;
    for (const auto& person : people) {
      if (auto added = add_person(tx, context, person, *hash); !added) return added;
    }
    return {};
  });
  if (!made) return tl::unexpected<Error>{made.error()};
  std::vector<DemoAccount> accounts;
  for (const auto& person : people) {
    std::string roles{to_string(person.roles[0])};
    if (person.roles[1] != person.roles[0]) roles += " " + std::string{to_string(person.roles[1])};
    accounts.push_back({.login = std::string{person.login},
                        .name = std::string{person.name},
                        .unit = std::string{person.unit},
                        .roles = roles});
  }
  return accounts;
}

Result<std::string> demo_code(store::Database& db, const Context& context, std::string_view login) {
  return db.read([&](store::Executor& executor) -> Result<std::string> {
    auto row = executor.query_one(sql_demo_totp, {login});
    if (!row) return propagate(std::move(row).error(), "find demo account");
    if (!row->has_value()) return fail(ErrorCode::not_found, "no such account");
    if ((*row)->integer(0) == 0)
      return fail(ErrorCode::denied, "codes are printed for demo accounts only", "not_demo");
    if ((*row)->is_null(1)) return fail(ErrorCode::not_found, "the account has no authenticator");
    auto secret = crypto::open(context.seal_key, (*row)->octets(2), "totp:" + (*row)->text(1));
    if (!secret) return propagate(std::move(secret).error(), "open TOTP secret");

    const std::int64_t now = totp_step(context.clock.now_ms());
    const auto last = (*row)->optional_integer(3);
    const std::int64_t step = last && *last >= now ? *last + 1 : now;
    if (step > now + totp_window_steps)
      return fail(ErrorCode::unavailable, "this code and the next are used: wait half a minute",
                  "wait");
    auto code = totp_code(*secret, step);
    crypto::wipe(*secret);
    return code;
  });
}

}  // namespace khien::identity
