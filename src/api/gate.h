// Who is let through to a handler: the one place that turns a cookie into a person, asks for the
// CSRF token and compares the route's permission with the person's roles. What depends on a record
// is asked again by the domain function, with the record's facts.
//
//   permission of a route   who passes
//   "public"                everybody whose request does not come from another site's page
//   "local"                 loopback and the prefixes of ServerSetup::metrics_from
//   "resolver"              who shows a resolver's key in use (Authorization: Bearer): no session,
//   no
//                           cookie and so no CSRF token, and nothing else is opened by the key
//   "probe"                 whose enrolled key signed this very request
//   (probe/request_signature.h);
//                           likewise without session, cookie and CSRF token
//   "half"                  a session, also before its second factor
//   "self"                  a complete session
//   "order.approve", …      a complete session with a role that opens this action
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/router.h"
#include "identity/session.h"
#include "net/address.h"
#include "providers/probe_key.h"
#include "tally/resolver_key.h"

namespace khien::api {

struct Services;

/// "__Host-khien_session" over HTTPS, where a browser then takes it from us alone.
[[nodiscard]] std::string_view session_cookie_name(bool secure) noexcept;

struct GateOptions {
  std::vector<net::Prefix> local = {};  ///< beside loopback
};

/// `services` is borrowed for the life of the gate.
[[nodiscard]] http::Gate make_gate(const Services& services, GateOptions options);

/// True for a word that make_gate() understands: a test holds the route table to it.
[[nodiscard]] bool is_permission(std::string_view word) noexcept;

/// True unless a browser says that a page of another site sent this: Sec-Fetch-Site, or Origin
/// where that is missing. Programs send neither and pass: they hold no cookie that could be
/// misused.
[[nodiscard]] bool is_same_site(const http::Request& request, std::string_view public_url) noexcept;

/// Who asks, with the session. Only in handlers of routes that need one.
[[nodiscard]] const identity::SignedIn& person_of(const http::Request& request);

/// Which resolver reports. Only in handlers of routes with the permission "resolver".
[[nodiscard]] const tally::Resolver& resolver_of(const http::Request& request);

/// Which probe reports. Only in handlers of routes with the permission "probe".
[[nodiscard]] const providers::Reporter& reporter_of(const http::Request& request);

/// A refusal of sign-in or session as the contract has it: 401 where signing in would help.
[[nodiscard]] http::Response session_problem(const Error& error);

}  // namespace khien::api
