#include "recheck/rows.h"

#include <algorithm>
#include <map>

namespace khien::recheck {
namespace {

// Names alone: what is no host name would seem not to exist.
constexpr std::string_view sql_enrol = R"(
INSERT INTO recheck_item (kind, record_id, name, begun_at_ms, next_at_ms)
SELECT 'order', o.id, o.name, $1, $1 FROM block_order o
WHERE o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review', 'suspended')
  AND o.target = 'name'
  AND NOT EXISTS (SELECT 1 FROM recheck_item i WHERE i.record_id = o.id AND i.name = o.name)
ORDER BY o.id LIMIT $2
ON CONFLICT (record_id, name) DO NOTHING)";
constexpr std::string_view sql_any_due =
    "SELECT count(*) FROM recheck_item WHERE next_at_ms <= $1 AND held_until_ms <= $1";
// The condition stands twice: a row that another process has just taken is not taken again.
constexpr std::string_view sql_take = R"(
UPDATE recheck_item SET held_until_ms = $2 WHERE held_until_ms <= $1 AND id IN (
  SELECT id FROM recheck_item WHERE next_at_ms <= $1 AND held_until_ms <= $1
  ORDER BY kind DESC, next_at_ms, id LIMIT $3)
RETURNING id, kind, record_id, name, begun_at_ms)";
constexpr std::string_view sql_put_back =
    "UPDATE recheck_item SET next_at_ms = $2, held_until_ms = 0 WHERE id = $1";
constexpr std::string_view sql_remove_pages =
    "DELETE FROM recheck_page WHERE look_id IN (SELECT id FROM recheck_look WHERE item_id = $1)";
constexpr std::string_view sql_remove_looks = "DELETE FROM recheck_look WHERE item_id = $1";
constexpr std::string_view sql_remove = "DELETE FROM recheck_item WHERE id = $1";
constexpr std::string_view sql_put_look = R"(
INSERT INTO recheck_look (item_id, at_ms, outcome, servers, primary_server)
VALUES ($1, $2, $3, $4, $5) RETURNING id)";
constexpr std::string_view sql_put_page = R"(
INSERT INTO recheck_page (look_id, position, page, outcome, status) VALUES ($1, $2, $3, $4, $5))";
#define KHIEN_OLD_LOOKS                                                                           \
  "item_id = $1 AND id <= (SELECT id FROM recheck_look WHERE item_id = $1 "                       \
  "ORDER BY id DESC LIMIT 1 OFFSET $2) AND id <> (SELECT COALESCE(max(id), 0) FROM recheck_look " \
  "WHERE item_id = $1 AND outcome = 'exists')"
constexpr std::string_view sql_forget_pages =
    "DELETE FROM recheck_page WHERE look_id IN (SELECT id FROM recheck_look WHERE " KHIEN_OLD_LOOKS
    ")";
constexpr std::string_view sql_forget_looks = "DELETE FROM recheck_look WHERE " KHIEN_OLD_LOOKS;
#undef KHIEN_OLD_LOOKS
constexpr std::string_view sql_looks = R"(
SELECT id, at_ms, outcome, servers, primary_server FROM recheck_look WHERE item_id = $1
ORDER BY id)";
constexpr std::string_view sql_pages = R"(
SELECT p.look_id, p.page, p.outcome, p.status FROM recheck_page p
JOIN recheck_look l ON l.id = p.look_id WHERE l.item_id = $1 ORDER BY p.look_id, p.position)";
constexpr std::string_view sql_old = R"(
SELECT i.id FROM recheck_item i WHERE
  (i.kind = 'order' AND EXISTS (SELECT 1 FROM block_order o
    WHERE o.id = i.record_id AND o.ended_at_ms < $1))
  OR (i.kind = 'list' AND (EXISTS (SELECT 1 FROM feed f
      WHERE f.id = i.record_id AND f.state NOT IN ('active', 'stopped'))
    OR EXISTS (SELECT 1 FROM feed_entry e
      WHERE e.feed_id = i.record_id AND e.name = i.name AND e.state = 'dropped')))
ORDER BY i.id LIMIT $2)";
constexpr std::string_view sql_of_order =
    "SELECT id, next_at_ms FROM recheck_item WHERE record_id = $1 AND kind = 'order'";

std::string join(const std::vector<std::string>& servers) {
  std::string text;
  for (const auto& server : servers) text += (text.empty() ? "" : " ") + server;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> servers;
  while (!text.empty()) {
    const auto server = text.substr(0, text.find(' '));
    servers.emplace_back(server);
    text.remove_prefix(std::min(text.size(), server.size() + 1));
  }
  return servers;
}

using PagesByLook = std::map<std::int64_t, std::vector<PageLook>>;

Result<PagesByLook> pages_by_look(store::Executor& db, std::int64_t item_id) {
  auto rows = db.query(sql_pages, {item_id});
  if (!rows) return propagate(std::move(rows).error(), "read looks at pages");
  PagesByLook pages;
  for (const auto& row : *rows) {
    const auto outcome = parse_page_outcome(row.text(2));
    if (!outcome) return fail(ErrorCode::corrupt, "a look at a page with an unknown outcome");
    pages[row.integer(0)].push_back(
        {.page = row.text(1), .outcome = *outcome, .status = static_cast<int>(row.integer(3))});
  }
  return pages;
}

}  // namespace

Result<std::int64_t> enrol_orders(store::Transaction& tx, InstantMs now_ms) {
  auto done = tx.execute(sql_enrol, {now_ms, enrolled_max});
  if (!done) return propagate(std::move(done).error(), "take orders in for rechecks");
  return *done;
}

Result<bool> any_due(store::Executor& db, InstantMs now_ms) {
  auto row = db.query_one(sql_any_due, {now_ms});
  if (!row) return propagate(std::move(row).error(), "look for rechecks that are due");
  return (*row)->integer(0) > 0;
}

Result<std::vector<Item>> take_due(store::Transaction& tx, InstantMs now_ms, int count) {
  auto rows = tx.query(sql_take, {now_ms, now_ms + lease_ms, count});
  if (!rows) return propagate(std::move(rows).error(), "take rechecks that are due");
  std::vector<Item> items;
  for (const auto& row : *rows) {
    items.push_back({.id = row.integer(0),
                     .kind = row.text(1) == "order" ? ItemKind::order : ItemKind::list,
                     .record_id = row.text(2),
                     .name = row.text(3),
                     .begun_at_ms = row.integer(4)});
  }
  return items;
}

Result<void> put_back(store::Transaction& tx, const Item& item, InstantMs next_at_ms) {
  auto done = tx.execute(sql_put_back, {item.id, next_at_ms});
  if (!done) return propagate(std::move(done).error(), "put a recheck back");
  return {};
}

Result<void> remove_item(store::Transaction& tx, const Item& item) {
  for (const auto sql : {sql_remove_pages, sql_remove_looks, sql_remove}) {
    auto done = tx.execute(sql, {item.id});
    if (!done) return propagate(std::move(done).error(), "end a recheck");
  }
  return {};
}

Result<void> put_look(store::Transaction& tx, const Item& item, const Look& look) {
  auto row = tx.query_one(sql_put_look, {item.id, look.at_ms, to_string(look.outcome),
                                         join(look.servers), look.primary});
  if (!row) return propagate(std::move(row).error(), "write a look");
  const auto look_id = (*row)->integer(0);
  for (std::size_t i = 0; i < look.pages.size(); ++i) {
    const auto& page = look.pages[i];
    auto put = tx.execute(sql_put_page, {look_id, static_cast<std::int64_t>(i), page.page,
                                         to_string(page.outcome), page.status});
    if (!put) return propagate(std::move(put).error(), "write a look at a page");
  }
  for (const auto sql : {sql_forget_pages, sql_forget_looks}) {
    auto done = tx.execute(sql, {item.id, looks_kept_max});
    if (!done) return propagate(std::move(done).error(), "forget old looks");
  }
  return {};
}

Result<std::vector<Look>> looks_at(store::Executor& db, std::int64_t item_id) {
  auto rows = db.query(sql_looks, {item_id});
  if (!rows) return propagate(std::move(rows).error(), "read looks");
  auto pages = pages_by_look(db, item_id);
  if (!pages) return tl::unexpected<Error>{std::move(pages).error()};
  std::vector<Look> looks;
  for (const auto& row : *rows) {
    const auto outcome = parse_look_outcome(row.text(2));
    if (!outcome) return fail(ErrorCode::corrupt, "a look with an unknown outcome");
    looks.push_back({.at_ms = row.integer(1),
                     .outcome = *outcome,
                     .servers = split(row.text(3)),
                     .primary = row.text(4),
                     .pages = std::move((*pages)[row.integer(0)])});
  }
  return looks;
}

Result<std::int64_t> tidy(store::Transaction& tx, InstantMs now_ms) {
  auto rows = tx.query(sql_old, {now_ms - order_looks_kept_ms, tidied_max});
  if (!rows) return propagate(std::move(rows).error(), "look for rechecks that are over");
  for (const auto& row : *rows) {
    auto removed = remove_item(tx, {.id = row.integer(0)});
    if (!removed) return tl::unexpected<Error>{std::move(removed).error()};
  }
  return static_cast<std::int64_t>(rows->size());
}

Result<History> history_of(store::Executor& db, const cases::OrderId& order) {
  auto row = db.query_one(sql_of_order, {order});
  if (!row) return propagate(std::move(row).error(), "read what rechecks saw");
  if (!row->has_value()) return History{};
  auto looks = looks_at(db, (*row)->integer(0));
  if (!looks) return tl::unexpected<Error>{std::move(looks).error()};
  History history{.looks = std::move(*looks)};
  if ((*row)->integer(1) != never_ms) history.next_at_ms = (*row)->integer(1);
  return history;
}

}  // namespace khien::recheck
