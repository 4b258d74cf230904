#include "api/public_pages.h"

#include "api/services.h"
#include "cases/settings.h"
#include "http/security.h"
#include "http/static_files.h"
#include "http/target.h"
#include "pages/catalogue.h"
#include "pages/embedded.h"
#include "pages/moment.h"

namespace khien::api {
namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr std::string_view language_cookie = "lang";
constexpr std::int64_t language_life_s = 365LL * 24 * 3600;
constexpr std::size_t accept_language_size_max = 200;  // what is behind it decides nothing

Response asset(const Request& request) {
  const auto name = request.parameter("name");
  const auto content = pages::embedded_assets(name);
  if (content.empty()) {
    return http::problem({ErrorCode::not_found, "no such file", ""});
  }
  auto response = http::respond(200, http::content_type_of(name), std::string{content});
  response.headers.set("Cache-Control", "public, max-age=3600");
  return response;
}

}  // namespace

Reading::Reading(const Services& given, const Request& request)
    : services(given), path(request.path) {
  const auto wanted = request.query_value("lang");
  const auto kept = request.cookie(language_cookie);
  const auto accepted = request.headers.find("Accept-Language").value_or("");
  lang = pages::choose_language(wanted ? *wanted : kept.value_or(""),
                                accepted.substr(0, accept_language_size_max));
  remember = wanted.has_value();
  const auto setting = lang == "en" ? cases::Setting::body_name_en : cases::Setting::body_name_vi;
  auto name = services.database.read([&](store::Executor& db) {
    return cases::read_setting(db, setting, services.clock.now_ms());
  });
  if (name) body = std::move(*name);  // a page without the name is better than none
}

std::string Reading::text(std::string_view key) const { return services.site.text(lang, key); }

Response html(const Reading& reading, const Request& request, int status, std::string body) {
  auto response = http::respond(status, "text/html; charset=utf-8", std::move(body));
  response.headers.set("Content-Language", reading.lang);
  if (reading.remember) {
    http::set_cookie(response, {.name = language_cookie,
                                .value = reading.lang,
                                .max_age_s = language_life_s,
                                .secure = request.secure});
  }
  return response;
}

Result<http::Fields> form_of(const Request& request) {
  const auto type = request.headers.find("Content-Type").value_or("");
  if (!type.starts_with("application/x-www-form-urlencoded")) {
    return fail(ErrorCode::malformed, "the body must be a form", "not_a_form");
  }
  return http::parse_form(request.body);
}

std::string field_of(const http::Fields& fields, std::string_view name) {
  return std::string{http::find_field(fields, name).value_or("")};
}

std::string query_of(const Request& request, std::string_view name) {
  return std::string{request.query_value(name).value_or("")};
}

http::Route page_route(const Services& services, Method method, std::string path,
                       std::string rate_class, PageHandle page) {
  http::Route route;
  route.method = method;
  route.path = std::move(path);
  route.permission = "public";
  route.rate_class = std::move(rate_class);
  route.handler = [&services, page](const Request& request) {
    auto response = page(services, request);
    if (response) return std::move(*response);
    return error_page(services, request, response.error(), 0);
  };
  return route;
}

std::string order_state_key(const cases::RegisterEntry& entry) {
  if (entry.in_force) return "public.state.order.active";
  if (entry.withdrawn) return "public.state.order.withdrawn";
  if (entry.state == cases::OrderState::suspended) return "public.state.order.suspended";
  if (entry.state == cases::OrderState::lapsed || entry.end_reason == "lapsed") {
    return "public.state.order.lapsed";
  }
  return "public.state.order.lifted";
}

pages::Tone order_tone(const cases::RegisterEntry& entry) noexcept {
  if (entry.in_force) return pages::Tone::bad;
  return entry.state == cases::OrderState::suspended ? pages::Tone::wait : pages::Tone::good;
}

pages::OrderPage order_page(const Reading& reading, const cases::RegisterEntry& entry) {
  const bool vi = reading.lang != "en";
  pages::OrderPage page;
  page.number = entry.number;
  page.name = entry.name_hidden ? reading.text("public.register.hidden_name") + " · " + entry.name
                                : (entry.display.empty() ? entry.name : entry.display);
  page.scope = reading.text("public.order.scope." + std::string{cases::to_string(entry.scope)});
  page.category = reading.text("category." + std::string{khien::to_string(entry.category)});
  page.who = entry.body;
  page.ground = vi ? entry.ground.title_vi : entry.ground.title_en;
  if (!entry.ground.article.empty()) page.ground += ", " + entry.ground.article;
  page.since = pages::moment_text(entry.valid_from_ms);
  page.until = pages::moment_text(entry.valid_until_ms);
  page.state = reading.text(order_state_key(entry));
  page.tone = order_tone(entry);
  page.signatures = reading.text(entry.one_signature               ? "public.order.signatures.one"
                                 : cases::needs_third(entry.scope) ? "public.order.signatures.three"
                                                                   : "public.order.signatures.two");
  page.proof = "/api/v1/register/" + entry.order.value + "/proof";
  return page;
}

Response error_page(const Services& services, const Request& request, const Error& error,
                    int status) {
  const Reading reading{services, request};
  const std::string kind = error.code == ErrorCode::not_found        ? "not_found"
                           : error.code == ErrorCode::limit_exceeded ? "limit"
                                                                     : "failed";
  const auto base = "public.error." + kind;
  return html(reading, request, status == 0 ? http_status(error.code) : status,
              services.site.error(reading.reader(), {.heading = reading.text(base),
                                                     .explanation = reading.text(base + ".text"),
                                                     .advice = reading.text(base + ".advice")}));
}

void add_asset_pages(Routes& routes) {
  http::Route assets;
  assets.method = Method::get;
  assets.path = "/assets/{name}";
  assets.handler = asset;
  assets.permission = "public";
  routes.push_back(std::move(assets));
}

void add_public_pages(Routes& routes, const Services& services) {
  add_asset_pages(routes);
  add_report_pages(routes, services);
  add_register_pages(routes, services);
  add_lists_page(routes, services);
}

}  // namespace khien::api
