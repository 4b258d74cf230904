// Second factors, password and address of the person who is signed in.
#include "api/gate.h"
#include "api/handler.h"
#include "api/input.h"
#include "api/routes_session.h"
#include "identity/account.h"
#include "identity/factor.h"
#include "identity/sign_in.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;

/// What follows a factor that was set up: a half session has become a complete one.
Result<Response> after_setup(const Services& services, const Request& request,
                             const std::optional<identity::OpenedSession>& opened) {
  if (opened) return signed_in_response(services, request, *opened);
  return me_response(services, person_of(request));
}

Result<Response> list_factors(const Services& services, const Request& request) {
  auto factors = services.database.read([&](store::Executor& db) {
    return identity::list_factors(db, person_of(request).actor.account_id);
  });
  if (!factors) return tl::unexpected<Error>{std::move(factors).error()};
  Json::Array items;
  for (const auto& factor : *factors) {
    Json item = Json::object({{"id", factor.id.value},
                              {"kind", identity::to_string(factor.kind)},
                              {"name", factor.name},
                              {"created_at_ms", factor.created_at_ms}});
    if (factor.used_at_ms) item.set("used_at_ms", *factor.used_at_ms);
    items.push_back(std::move(item));
  }
  return json(200, Json::object({{"items", Json{std::move(items)}}}));
}

Result<Response> remove_factor(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<identity::FactorId>("factor_id");
  if (!in.ok()) return in.error();
  auto removed = services.database.transact([&](store::Transaction& tx) {
    return identity::remove_factor(tx, services.identity, person_of(request), id);
  });
  if (!removed) return tl::unexpected<Error>{std::move(removed).error()};
  return http::no_content();
}

Result<Response> begin_totp(const Services& services, const Request& request) {
  auto setup = services.database.transact([&](store::Transaction& tx) {
    return identity::begin_totp(tx, services.identity, person_of(request));
  });
  if (!setup) return tl::unexpected<Error>{std::move(setup).error()};
  return json(200, Json::object({{"secret", setup->secret}, {"uri", setup->uri}}));
}

Result<Response> confirm_totp(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  auto opened = services.database.transact([&](store::Transaction& tx) {
    return identity::confirm_totp(tx, services.identity, person_of(request), code);
  });
  if (!opened) return session_problem(opened.error());
  return after_setup(services, request, *opened);
}

Result<Response> begin_passkey(const Services& services, const Request& request) {
  auto options = services.database.transact([&](store::Transaction& tx) {
    return identity::begin_passkey(tx, services.identity, person_of(request));
  });
  if (!options) return tl::unexpected<Error>{std::move(options).error()};
  return json(200, *options);
}

Result<Response> confirm_passkey(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto name = in.text("name");
  if (!in.ok()) return in.error();
  const auto attestation = identity::parse_attestation(in.body());
  if (!attestation) return tl::unexpected<Error>{attestation.error()};
  auto opened = services.database.transact([&](store::Transaction& tx) {
    return identity::confirm_passkey(tx, services.identity, person_of(request), name, *attestation);
  });
  if (!opened) return session_problem(opened.error());
  return after_setup(services, request, *opened);
}

Result<Response> change_password(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto old_password = in.text("old_password");
  const auto new_password = in.text("new_password");
  if (!in.ok()) return in.error();
  auto changed =
      identity::change_password(services.database, services.identity, person_of(request),
                                {.old_password = old_password, .new_password = new_password});
  if (!changed) return tl::unexpected<Error>{std::move(changed).error()};
  return http::no_content();
}

// A wrong code here is a refusal (403) and not the end of the session, unlike at the sign-in.
Result<Response> step_up_totp(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  auto shown = identity::step_up_with_totp(services.database, services.identity,
                                           person_of(request).session, code);
  if (!shown) return tl::unexpected<Error>{std::move(shown).error()};
  return http::no_content();
}

Result<Response> step_up_passkey_options(const Services& services, const Request& request) {
  auto options =
      identity::step_up_options(services.database, services.identity, person_of(request).session);
  if (!options) return tl::unexpected<Error>{std::move(options).error()};
  return json(200, *options);
}

Result<Response> step_up_passkey(const Services& services, const Request& request) {
  Input in{request, Body::json};
  if (!in.ok()) return in.error();
  const auto assertion = identity::parse_assertion(in.body());
  if (!assertion) return tl::unexpected<Error>{assertion.error()};
  auto shown = identity::step_up_with_passkey(services.database, services.identity,
                                              person_of(request).session, *assertion);
  if (!shown) return tl::unexpected<Error>{std::move(shown).error()};
  return http::no_content();
}

Result<Response> edit_account(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const identity::OwnAccountEdit edit{.email = in.optional_text("email"),
                                      .language = in.optional_text("language")};
  if (!in.ok()) return in.error();
  auto edited = services.database.transact([&](store::Transaction& tx) {
    return identity::edit_own_account(tx, services.identity, actor_of(request), edit);
  });
  if (!edited) return tl::unexpected<Error>{std::move(edited).error()};
  return me_response(services, person_of(request));
}

}  // namespace

void add_factor_routes(std::vector<http::Route>& routes, const Services& services) {
  const std::string path = "/api/v1/session";
  const auto add = [&](Method method, std::string_view rest, std::string permission,
                       Handle handle) {
    routes.push_back(
        officer_route(services, method, path + std::string{rest}, std::move(permission), handle));
  };
  add(Method::post, "/password", "self", change_password);
  add(Method::patch, "/account", "self", edit_account);
  add(Method::post, "/step-up/totp", "self", step_up_totp);
  add(Method::post, "/step-up/webauthn/options", "self", step_up_passkey_options);
  add(Method::post, "/step-up/webauthn", "self", step_up_passkey);
  add(Method::get, "/factors", "self", list_factors);
  add(Method::del, "/factors/{factor_id}", "self", remove_factor);
  add(Method::post, "/factors/totp", "half", begin_totp);
  add(Method::post, "/factors/totp/confirm", "half", confirm_totp);
  add(Method::post, "/factors/webauthn/options", "half", begin_passkey);
  add(Method::post, "/factors/webauthn", "half", confirm_passkey);
}

}  // namespace khien::api
