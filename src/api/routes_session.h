// Routes of a person's own session: signing in and out, second factors, password, live updates.
#pragma once

#include <vector>

#include "api/services.h"
#include "http/router.h"
#include "identity/session.h"

namespace khien::api {

/// `services` is borrowed for the life of the table.
void add_session_routes(std::vector<http::Route>& routes, const Services& services);
/// Second factors and password.
void add_factor_routes(std::vector<http::Route>& routes, const Services& services);

/// The counts beside the menu, and the public texts.
void add_overview_routes(std::vector<http::Route>& routes, const Services& services);

/// Me, as the contract has it, of a complete session.
[[nodiscard]] Result<http::Response> me_response(const Services& services,
                                                 const identity::SignedIn& person);
/// Sets the cookie of a session that was just made.
void set_session_cookie(http::Response& response, const http::Request& request,
                        std::string_view token);
/// The person of a session that was just made, for answering with Me and its new cookie.
[[nodiscard]] Result<http::Response> signed_in_response(const Services& services,
                                                        const http::Request& request,
                                                        const identity::OpenedSession& opened);

}  // namespace khien::api
