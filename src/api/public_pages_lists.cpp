// /lists/: which signed lists there are, and the key to check them with.
#include "api/public_pages.h"
#include "api/services.h"
#include "exchange/list_writer.h"
#include "publish/list_shelf.h"

namespace khien::api {
namespace {

using http::Request;
using http::Response;

/// "orders-phishing" as people read it.
std::string label_of(const Reading& reading, std::string_view id) {
  if (id == "urls-emergency") return reading.text("public.lists.urls_emergency");
  const auto dash = id.find('-');
  auto label = reading.text("public.lists." + std::string{id.substr(0, dash)});
  if (dash == std::string_view::npos) return label;
  return label + ": " + reading.text("category." + std::string{id.substr(dash + 1)});
}

Result<Response> lists_page(const Services& services, const Request& request) {
  const Reading reading{services, request};
  pages::ListsPage view;
  auto* shelf = services.lists;
  if (shelf != nullptr) {
    view.key = shelf->public_key().text();
    for (const auto* offered : shelf->offered()) {
      const auto& list = *offered;
      const auto contents = shelf->contents(list);
      view.rows.push_back({.id = list.id,
                           .label = label_of(reading, list.id),
                           .names = std::to_string(contents.names),
                           .serial = std::to_string(contents.serial),
                           .formats = {}});
      for (const auto output : publish::outputs_of(list)) {
        view.rows.back().formats.emplace_back(exchange::to_string(output));
      }
    }
  }
  return html(reading, request, shelf == nullptr ? 503 : 200,
              services.site.lists(reading.reader(), view));
}

}  // namespace

void add_lists_page(Routes& routes, const Services& services) {
  routes.push_back(page_route(services, http::Method::get, "/lists/", "read", lists_page));
  routes.push_back(page_route(services, http::Method::get, "/lists", "read",
                              [](const Services&, const Request&) -> Result<Response> {
                                return http::see_other("/lists/");
                              }));
}

}  // namespace khien::api
