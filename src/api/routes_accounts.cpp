// Accounts and the changes of them that two administrators make.
#include "api/routes_accounts.h"
#include "api/gate.h"
#include "api/handler.h"
#include "api/input.h"
#include "identity/account_change.h"
#include "identity/rights.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using identity::Action;

using Names = std::map<identity::AccountId, std::string>;

Json person_json(const Names& names, const identity::AccountId& id) {
  const auto found = names.find(id);
  if (found == names.end()) return nullptr;
  return Json::object({{"id", id.value}, {"name", found->second}});
}

Json account_json(const identity::Account& account) {
  Json::Array roles;
  for (const auto& held : account.roles) {
    Json role = Json::object({{"role", identity::to_string(held.role)}});
    if (held.until_ms) role.set("until_ms", *held.until_ms);
    roles.push_back(std::move(role));
  }
  Json::Array factors;
  for (const auto kind : account.factors) factors.emplace_back(identity::to_string(kind));
  Json out = Json::object({{"id", account.id.value},
                           {"login", account.login},
                           {"name", account.name},
                           {"email", account.email},
                           {"unit", account.unit},
                           {"roles", Json{std::move(roles)}},
                           {"locked", account.locked},
                           {"factors", Json{std::move(factors)}},
                           {"created_at_ms", account.created_at_ms}});
  if (account.signed_in_at_ms) out.set("signed_in_at_ms", *account.signed_in_at_ms);
  return out;
}

Json action_json(std::string_view name, const identity::Verdict& verdict, bool possible) {
  const bool allowed = verdict.allowed && possible;
  return Json::object({{"action", name},
                       {"allowed", allowed},
                       {"reason", allowed    ? ""
                                  : possible ? verdict.reason
                                             : "wrong_state"}});
}

Json change_json(const identity::AccountChange& change, const identity::Actor& actor,
                 const Names& names) {
  const bool pending = change.state == identity::ChangeState::pending;
  const auto confirm = identity::may(actor, Action::account_change,
                                     {.proposer = change.proposed_by, .target = change.account_id});
  const auto refuse = identity::may(actor, Action::account_change, {.target = change.account_id});
  Json out =
      Json::object({{"id", change.id.value},
                    {"version", change.version},
                    {"account", person_json(names, change.account_id)},
                    {"kind", identity::to_string(change.kind)},
                    {"state", identity::to_string(change.state)},
                    {"reason", change.reason},
                    {"proposed_by", person_json(names, change.proposed_by)},
                    {"proposed_at_ms", change.proposed_at_ms},
                    {"decided_by", person_json(names, change.decided_by)},
                    {"actions", Json::array({action_json("account.confirm", confirm, pending),
                                             action_json("account.refuse", refuse, pending)})}});
  if (change.role) out.set("role", identity::to_string(*change.role));
  if (change.until_ms) out.set("until_ms", *change.until_ms);
  if (change.decided_at_ms) out.set("decided_at_ms", *change.decided_at_ms);
  return out;
}

Result<Response> list_accounts(const Services& services, const Request&) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto accounts = identity::list_accounts(db, services.clock.now_ms());
    if (!accounts) return propagate(std::move(accounts).error(), "list accounts");
    Json::Array items;
    for (const auto& account : *accounts) items.push_back(account_json(account));
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

Result<Response> create_account(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const identity::AccountDraft draft{.login = in.text("login"),
                                     .name = in.text("name"),
                                     .unit = in.optional_text("unit").value_or(""),
                                     .email = in.optional_text("email").value_or("")};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto made = identity::create_account(tx, services.identity, actor_of(request), draft);
    if (!made) return tl::unexpected<Error>{std::move(made).error()};
    return json(201, Json::object({{"account", account_json(made->account)},
                                   {"password", made->one_time_password}}));
  });
}

/// Runs `change` in a transaction and answers with what became of it.
template <typename Change>
Result<Response> change_and_answer(const Services& services, const Request& request, int status,
                                   Change change) {
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto changed = change(tx);
    if (!changed) return tl::unexpected<Error>{std::move(changed).error()};
    auto names = identity::account_names(tx);
    if (!names) return tl::unexpected<Error>{std::move(names).error()};
    return json(status, change_json(*changed, actor_of(request), *names));
  });
}

Result<Response> list_changes(const Services& services, const Request& request) {
  const auto before = request.query_value("cursor").value_or("");
  if (!before.empty() && !is_id_text(before)) {
    return fail(ErrorCode::invalid_argument, "cursor is not one of ours", "bad_cursor");
  }
  // The cursor is an id here, so only the size of the page is read by page().
  Request sized = request;
  std::erase_if(sized.query, [](const auto& pair) { return pair.first == "cursor"; });
  Input in{sized, Body::none};
  const auto page = in.page();
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto changes = identity::list_changes(
        db, std::nullopt, identity::AccountChangeId{std::string{before}}, page.size + 1);
    if (!changes) return propagate(std::move(changes).error(), "list account changes");
    auto names = identity::account_names(db);
    if (!names) return tl::unexpected<Error>{std::move(names).error()};
    const bool more = changes->size() > static_cast<std::size_t>(page.size);
    if (more) changes->resize(static_cast<std::size_t>(page.size));
    Json::Array items;
    for (const auto& change : *changes) {
      items.push_back(change_json(change, actor_of(request), *names));
    }
    const Json next = more ? Json{changes->back().id.value} : Json{nullptr};
    return json(200, Json::object({{"items", Json{std::move(items)}}, {"next_cursor", next}}));
  });
}

Result<Response> propose_change(const Services& services, const Request& request) {
  Input in{request, Body::json};
  identity::AccountChangeDraft draft{.account_id = in.id_at<identity::AccountId>("account_id"),
                                     .until_ms = in.optional_integer("until_ms"),
                                     .reason = in.text("reason")};
  draft.kind = in.one_of(in.text("kind"), identity::parse_change_kind, "bad_kind");
  draft.role = in.optional_one_of(in.optional_text("role"), identity::parse_role, "bad_role");
  if (!in.ok()) return in.error();
  return change_and_answer(services, request, 201, [&](store::Transaction& tx) {
    return identity::propose_change(tx, services.identity, actor_of(request), draft);
  });
}

Result<Response> confirm_change(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<identity::AccountChangeId>("change_id");
  const auto version = in.integer("version");
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = identity::confirm_change(tx, services.identity, actor_of(request), id, version);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    auto names = identity::account_names(tx);
    if (!names) return tl::unexpected<Error>{std::move(names).error()};
    Json out = Json::object({{"change", change_json(done->change, actor_of(request), *names)}});
    if (done->one_time_password) out.set("password", *done->one_time_password);
    return json(200, out);
  });
}

Result<Response> refuse_change(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<identity::AccountChangeId>("change_id");
  const auto version = in.integer("version");
  if (!in.ok()) return in.error();
  return change_and_answer(services, request, 200, [&](store::Transaction& tx) {
    return identity::refuse_change(tx, services.identity, actor_of(request), id, version);
  });
}

}  // namespace

void add_account_routes(std::vector<http::Route>& routes, const Services& services) {
  const std::string accounts = "/api/v1/accounts";
  const std::string changes = "/api/v1/account-changes";
  const auto add = [&](Method method, std::string path, std::string permission, Handle handle) {
    routes.push_back(
        officer_route(services, method, std::move(path), std::move(permission), handle));
  };
  add(Method::get, accounts, "account.read", list_accounts);
  add(Method::post, accounts, "account.create", create_account);
  add(Method::get, changes, "account.change", list_changes);
  add(Method::post, changes, "account.change", propose_change);
  add(Method::post, changes + "/{change_id}/confirm", "account.change", confirm_change);
  add(Method::post, changes + "/{change_id}/refuse", "account.change", refuse_change);
}

}  // namespace khien::api
