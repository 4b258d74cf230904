// The public pages as routes: HTML for people without an account, forms without script. They call
// the same domain functions as the JSON routes; what they show goes through pages::Site, which
// escapes everything.
#pragma once

#include <string>
#include <string_view>

#include "api/routes.h"
#include "cases/register.h"
#include "http/message.h"
#include "pages/site.h"

namespace khien::api {

void add_public_pages(Routes& routes, const Services& services);
/// The parts of it, by file.
void add_asset_pages(Routes& routes);
void add_report_pages(Routes& routes, const Services& services);
void add_register_pages(Routes& routes, const Services& services);
void add_lists_page(Routes& routes, const Services& services);

/// An error page in the reader's language, for a browser; for the server's ErrorPage and 404.
[[nodiscard]] http::Response error_page(const Services& services, const http::Request& request,
                                        const Error& error, int status);

/// Who reads and where: the language by ?lang=, cookie or browser.
struct Reading {
  Reading(const Services& services, const http::Request& request);
  [[nodiscard]] pages::Reader reader() const noexcept {
    return {.lang = lang, .path = path, .body = body, .home = home};
  }
  [[nodiscard]] std::string text(std::string_view key) const;

  const Services& services;
  std::string_view lang;
  std::string path;
  std::string body;       ///< the authority's name
  std::string home = {};  ///< public_url on pages that are served under another name
  bool remember = false;  ///< ?lang= was given: keep it in a cookie
};

[[nodiscard]] http::Response html(const Reading& reading, const http::Request& request, int status,
                                  std::string body);
/// A form as fields: application/x-www-form-urlencoded.
[[nodiscard]] Result<http::Fields> form_of(const http::Request& request);
[[nodiscard]] std::string field_of(const http::Fields& fields, std::string_view name);

[[nodiscard]] std::string query_of(const http::Request& request, std::string_view name);

/// A route for a page: a failure is a page, too.
using PageHandle = Result<http::Response> (*)(const Services&, const http::Request&);
[[nodiscard]] http::Route page_route(const Services& services, http::Method method,
                                     std::string path, std::string rate_class, PageHandle page);

[[nodiscard]] pages::OrderPage order_page(const Reading& reading,
                                          const cases::RegisterEntry& entry);
/// Why `name` is blocked: what /l/NAME and the block page show. malformed if it is no name.
[[nodiscard]] Result<pages::BlockPage> block_page(const Reading& reading, std::string_view name);
/// The state as the public reads it, and its colour.
[[nodiscard]] std::string order_state_key(const cases::RegisterEntry& entry);
[[nodiscard]] pages::Tone order_tone(const cases::RegisterEntry& entry) noexcept;

}  // namespace khien::api
