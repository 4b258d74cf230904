#include "api/gate.h"

#include <algorithm>
#include <any>
#include <array>

#include "api/services.h"
#include "base/assert.h"
#include "identity/rights.h"

namespace khien::api {
namespace {

using http::Request;
using http::Response;
using http::Route;

constexpr std::array<std::string_view, 6> words{"public", "local", "resolver",
                                                "probe",  "half",  "self"};

bool changes_something(http::Method method) noexcept {
  return method != http::Method::get && method != http::Method::head;
}

/// scheme://host[:port] of a URL, without what follows.
std::string_view origin_part(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return url;
  const auto slash = url.find('/', scheme + 3);
  return url.substr(0, slash);
}

bool is_local(const Request& request, const GateOptions& options) noexcept {
  return request.client.is_loopback() || std::ranges::any_of(options.local, [&](const auto& p) {
           return p.contains(request.client);
         });
}

Response refusal(ErrorCode code, std::string_view reason, std::string_view message) {
  return http::problem(
      {.code = code, .message = std::string{message}, .reason = std::string{reason}});
}

/// Routes without a session.
std::optional<Response> admit_stranger(const Services& services, const Request& request) {
  if (!changes_something(request.method) || is_same_site(request, services.public_url)) {
    return std::nullopt;
  }
  return refusal(ErrorCode::denied, "cross_site", "a page of another site sent this");
}

/// The key is all that counts: a session beside it opens nothing here.
std::optional<Response> admit_resolver(const Services& services, Request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.headers.find("Authorization").value_or("");
  const bool one = request.headers.count("Authorization") == 1 && header.starts_with(scheme);
  auto resolver = tally::resolve_key(services.database, one ? header.substr(scheme.size()) : "");
  if (resolver) {
    request.actor = std::move(*resolver);
    return std::nullopt;
  }
  if (resolver.error().code != ErrorCode::denied) return http::problem(resolver.error());
  auto response = http::problem(resolver.error(), 401);
  response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

/// A signature over this very request: no session beside it counts, and none is made.
std::optional<Response> admit_probe(const Services& services, Request& request) {
  const auto header = request.headers.find("Authorization").value_or("");
  const bool one = request.headers.count("Authorization") == 1;
  auto reporter =
      providers::admit_probe(services.database, providers_context(services), one ? header : "",
                             {.method = to_string(request.method), .path = request.path});
  if (reporter) {
    request.actor = std::move(*reporter);
    return std::nullopt;
  }
  if (reporter.error().code != ErrorCode::denied) return http::problem(reporter.error());
  auto response = http::problem(reporter.error(), 401);
  response.headers.set("WWW-Authenticate", "Khien-Probe");
  return response;
}

std::optional<Response> admit_person(const Services& services, Request& request,
                                     const Route& route) {
  const auto token = request.cookie(session_cookie_name(request.secure));
  if (!token) {
    return session_problem({ErrorCode::denied, "nobody is signed in", "not_signed_in"});
  }
  auto person = identity::resolve_session(services.database, services.identity, *token);
  if (!person) return session_problem(person.error());
  const bool half_is_enough = route.permission == "half";
  if (person->session.stage != identity::SessionStage::complete && !half_is_enough) {
    return session_problem({ErrorCode::denied, "the second factor is missing", "not_signed_in"});
  }
  if (route.csrf == http::Csrf::required) {
    const auto header = request.headers.find("X-CSRF-Token").value_or("");
    if (auto checked = identity::check_csrf(person->session, header); !checked) {
      return http::problem(checked.error());
    }
  }
  if (!half_is_enough && route.permission != "self") {
    const auto action = identity::parse_action(route.permission);
    KHIEN_ASSERT(action.has_value());  // the table is code, and a test reads all of it
    if (const auto verdict = identity::may(person->actor, *action); !verdict) {
      return refusal(ErrorCode::denied, verdict.reason, verdict.sentence);
    }
  }
  request.actor = std::move(*person);
  return std::nullopt;
}

}  // namespace

std::string_view session_cookie_name(bool secure) noexcept {
  return secure ? "__Host-khien_session" : "khien_session";
}

bool is_permission(std::string_view word) noexcept {
  return std::ranges::find(words, word) != words.end() || identity::parse_action(word).has_value();
}

bool is_same_site(const Request& request, std::string_view public_url) noexcept {
  if (const auto site = request.headers.find("Sec-Fetch-Site")) {
    return *site == "same-origin" || *site == "none";
  }
  const auto origin = request.headers.find("Origin");
  // Our own forms send "null": a browser hides the origin of a form on a page with no-referrer.
  return !origin || *origin == "null" || *origin == origin_part(public_url);
}

http::Gate make_gate(const Services& services, GateOptions options) {
  return [&services, options = std::move(options)](Request& request,
                                                   const Route& route) -> std::optional<Response> {
    if (route.permission == "public") return admit_stranger(services, request);
    if (route.permission == "resolver") return admit_resolver(services, request);
    if (route.permission == "probe") return admit_probe(services, request);
    if (route.permission != "local") return admit_person(services, request, route);
    if (is_local(request, options)) return std::nullopt;
    return refusal(ErrorCode::denied, "not_local", "this is for the operator's machines");
  };
}

const identity::SignedIn& person_of(const Request& request) {
  const auto* person = std::any_cast<identity::SignedIn>(&request.actor);
  KHIEN_ASSERT(person != nullptr);  // the gate lets nobody else through to such a route
  return *person;
}

const tally::Resolver& resolver_of(const Request& request) {
  const auto* resolver = std::any_cast<tally::Resolver>(&request.actor);
  KHIEN_ASSERT(resolver != nullptr);  // the gate lets nobody else through to such a route
  return *resolver;
}

const providers::Reporter& reporter_of(const Request& request) {
  const auto* reporter = std::any_cast<providers::Reporter>(&request.actor);
  KHIEN_ASSERT(reporter != nullptr);  // the gate lets nobody else through to such a route
  return *reporter;
}

Response session_problem(const Error& error) {
  const bool sign_in_helps =
      error.code == ErrorCode::denied &&
      (error.reason == "not_signed_in" || error.reason == "session_expired" ||
       error.reason == "bad_sign_in" || error.reason == "bad_factor");
  return http::problem(error, sign_in_helps ? 401 : 0);
}

}  // namespace khien::api
