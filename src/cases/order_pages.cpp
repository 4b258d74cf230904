#include "cases/order_pages.h"

#include <algorithm>

#include "text/url.h"

namespace khien::cases {
namespace {

// LIKE narrows roughly; which host an address has says its reader.
constexpr std::string_view sql_reported_pages = R"(
SELECT s.value FROM case_subject c JOIN subject s ON s.id = c.subject_id
WHERE c.case_id = $1 AND (c.reports > 0 OR c.by_officer = 1) AND s.kind = 'url'
  AND s.value LIKE '%' || $2 || '%'
ORDER BY c.reports DESC, c.added_at_ms, s.id LIMIT $3)";

bool blocks(const Order& order, const text::Url& url) {
  if (url.host_is_ip) return false;
  if (url.host == order.name) return true;
  return order.scope == Scope::domain && url.host.ends_with("." + order.name);
}

}  // namespace

Result<std::vector<std::string>> reported_pages(store::Executor& db, const Order& order) {
  std::vector<std::string> pages;
  if (!is_of_names(order.scope) || order.category == Category::child_abuse) return pages;
  auto rows = db.query(sql_reported_pages, {order.case_id, order.name, order_pages_read_max});
  if (!rows) return propagate(std::move(rows).error(), "look for reported pages");
  for (const auto& row : *rows) {
    auto url = text::read_url(row.text(0));
    if (!url || !blocks(order, *url)) continue;
    url->query.clear();
    auto page = text::to_string(*url);
    if (std::find(pages.begin(), pages.end(), page) != pages.end()) continue;
    pages.push_back(std::move(page));
    if (pages.size() == order_pages_max) break;
  }
  return pages;
}

}  // namespace khien::cases
