#include "api/routes_session.h"

#include "api/gate.h"
#include "api/handler.h"
#include "api/input.h"
#include "http/rate_limit.h"
#include "http/security.h"
#include "identity/account.h"
#include "identity/rights.h"
#include "identity/sign_in.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;

Json factor_kinds(const std::vector<identity::FactorKind>& kinds) {
  Json::Array out;
  for (const auto kind : kinds) out.emplace_back(identity::to_string(kind));
  return Json{std::move(out)};
}

Result<Response> get_session(const Services& services, const Request& request) {
  return me_response(services, person_of(request));
}

Result<Response> sign_in(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto login = in.text("account");
  const auto password = in.text("password");
  if (!in.ok()) return in.error();
  const auto prefix = to_string(http::client_prefix(request.client));
  auto step = identity::sign_in(services.database, services.identity,
                                {.login = login, .password = password, .client_prefix = prefix});
  if (!step) return session_problem(step.error());
  auto response =
      json(200, Json::object({{"next", step->factors.empty() ? "factor_setup" : "factor"},
                              {"factors", factor_kinds(step->factors)},
                              {"csrf_token", step->half.session.csrf_token}}));
  set_session_cookie(response, request, step->half.token);
  return response;
}

Result<Response> sign_out(const Services& services, const Request& request) {
  auto ended = services.database.transact([&](store::Transaction& tx) {
    return identity::sign_out(tx, services.identity, person_of(request).session.id);
  });
  if (!ended) return tl::unexpected<Error>{std::move(ended).error()};
  auto response = http::no_content();
  http::set_cookie(response, {.name = session_cookie_name(request.secure),
                              .value = "",
                              .max_age_s = 0,
                              .same_site = http::SameSite::strict,
                              .secure = request.secure});
  return response;
}

Result<Response> sign_in_totp(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  const auto& half = person_of(request).session;
  auto opened = identity::complete_with_totp(services.database, services.identity, half, code);
  if (!opened) return session_problem(opened.error());
  return signed_in_response(services, request, *opened);
}

Result<Response> sign_in_passkey_options(const Services& services, const Request& request) {
  auto options =
      identity::passkey_options(services.database, services.identity, person_of(request).session);
  if (!options) return tl::unexpected<Error>{std::move(options).error()};
  return json(200, *options);
}

Result<Response> sign_in_passkey(const Services& services, const Request& request) {
  Input in{request, Body::json};
  if (!in.ok()) return in.error();
  const auto assertion = identity::parse_assertion(in.body());
  if (!assertion) return tl::unexpected<Error>{assertion.error()};
  auto opened = identity::complete_with_passkey(services.database, services.identity,
                                                person_of(request).session, *assertion);
  if (!opened) return session_problem(opened.error());
  return signed_in_response(services, request, *opened);
}

Result<Response> stream_events(const Services& services, const Request&) {
  auto listener = services.events.subscribe(0);
  if (!listener) return tl::unexpected<Error>{std::move(listener).error()};
  Response response;
  response.events = std::move(*listener);
  return response;
}

http::Route session_route(const Services& services, Method method, std::string path,
                          std::string permission, Handle handle) {
  return officer_route(services, method, std::move(path), std::move(permission), handle);
}

}  // namespace

void set_session_cookie(Response& response, const Request& request, std::string_view token) {
  http::set_cookie(response, {.name = session_cookie_name(request.secure),
                              .value = token,
                              .same_site = http::SameSite::strict,
                              .secure = request.secure});
}

Result<Response> me_response(const Services& services, const identity::SignedIn& person) {
  auto account = services.database.read([&](store::Executor& db) {
    return identity::load_account(db, services.clock.now_ms(), person.actor.account_id);
  });
  if (!account) return propagate(std::move(account).error(), "load my account");
  Json::Array roles;
  for (std::size_t i = 0; i < identity::role_count; ++i) {
    const auto role = static_cast<identity::Role>(i);
    if (person.actor.roles.has(role)) roles.emplace_back(identity::to_string(role));
  }
  Json::Array rights;
  for (const auto action : identity::rights_of(person.actor)) {
    rights.emplace_back(identity::to_string(action));
  }
  return json(200, Json::object({{"account", Json::object({{"id", person.actor.account_id.value},
                                                           {"name", person.actor.name}})},
                                 {"login", person.login},
                                 {"unit", person.actor.unit},
                                 {"roles", Json{std::move(roles)}},
                                 {"rights", Json{std::move(rights)}},
                                 {"factors", factor_kinds(account->factors)},
                                 {"email", account->email},
                                 {"language", account->language},
                                 {"password_is_temporary", account->one_time_password},
                                 {"csrf_token", person.session.csrf_token},
                                 {"expires_at_ms", person.session.expires_at_ms}}));
}

Result<Response> signed_in_response(const Services& services, const Request& request,
                                    const identity::OpenedSession& opened) {
  auto person = identity::resolve_session(services.database, services.identity, opened.token);
  if (!person) return session_problem(person.error());
  auto response = me_response(services, *person);
  if (response) set_session_cookie(*response, request, opened.token);
  return response;
}

void add_session_routes(std::vector<http::Route>& routes, const Services& services) {
  constexpr auto base = "/api/v1/session";
  const std::string path = base;
  routes.push_back(session_route(services, Method::get, path, "self", get_session));
  routes.push_back(public_route(services, Method::post, path, "sign-in", sign_in));
  routes.push_back(session_route(services, Method::del, path, "half", sign_out));
  routes.push_back(session_route(services, Method::post, path + "/totp", "half", sign_in_totp));
  routes.push_back(session_route(services, Method::post, path + "/webauthn/options", "half",
                                 sign_in_passkey_options));
  routes.push_back(
      session_route(services, Method::post, path + "/webauthn", "half", sign_in_passkey));
  routes.push_back(session_route(services, Method::get, "/api/v1/events", "self", stream_events));
}

}  // namespace khien::api
