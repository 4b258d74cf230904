// What rechecks saw and propose. Acting on a proposal is a move of its order (orders/{id}/lift and
// /keep); entries of lists have two moves of their own here.
#include <algorithm>
#include <charconv>

#include "api/handler.h"
#include "api/input.h"
#include "api/json_cases.h"
#include "api/json_orders.h"
#include "api/people.h"
#include "api/routes.h"
#include "api/services.h"
#include "cases/lift_proposal.h"
#include "feeds/entry_finding.h"
#include "recheck/rows.h"
#include "text/host.h"

namespace khien::api {
namespace {

using cases::OrderId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using identity::Action;

Json grounds_json(cases::RecheckFinding finding, const cases::FindingGrounds& grounds) {
  auto out = Json::object({{"finding", cases::to_string(finding)},
                           {"looks", grounds.looks},
                           {"since_ms", grounds.since_ms}});
  if (!grounds.server.empty()) out.set("server", grounds.server);
  return out;
}

Json proposal_json(const cases::LiftProposal& proposal, People& people) {
  auto out = grounds_json(proposal.finding, proposal.grounds);
  out.set("state", cases::to_string(proposal.state));
  out.set("proposed_at_ms", proposal.proposed_at_ms);
  out.set("lapses_at_ms", proposal.lapses_at_ms);
  if (proposal.settled_at_ms) out.set("settled_at_ms", *proposal.settled_at_ms);
  if (!proposal.settled_by.empty()) out.set("settled_by", people.json(proposal.settled_by));
  if (!proposal.reason.empty()) out.set("reason", proposal.reason);
  return out;
}

Json look_json(const recheck::Look& look) {
  Json::Array servers;
  for (const auto& server : look.servers) servers.emplace_back(server);
  Json::Array pages;
  for (const auto& page : look.pages) {
    auto item = Json::object({{"page", page.page}, {"outcome", recheck::to_string(page.outcome)}});
    if (page.status != 0) item.set("status", page.status);
    pages.push_back(std::move(item));
  }
  return Json::object({{"at_ms", look.at_ms},
                       {"outcome", recheck::to_string(look.outcome)},
                       {"servers", Json{std::move(servers)}},
                       {"pages", Json{std::move(pages)}}});
}

Result<Response> rechecks_of_order(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<OrderId>("order_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto order = cases::load_order(db, id);
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    auto history = recheck::history_of(db, id);
    if (!history) return tl::unexpected<Error>{std::move(history).error()};
    auto proposals = cases::proposals_of(db, id);
    if (!proposals) return tl::unexpected<Error>{std::move(proposals).error()};
    Json::Array looks;  // newest first, as people read them
    for (auto look = history->looks.rbegin(); look != history->looks.rend(); ++look) {
      looks.push_back(look_json(*look));
    }
    People people{db};
    Json::Array items;
    for (const auto& proposal : *proposals) items.push_back(proposal_json(proposal, people));
    auto out = Json::object({{"enabled", services.rechecks},
                             {"pages_enabled", services.recheck_pages},
                             {"looks", Json{std::move(looks)}},
                             {"proposals", Json{std::move(items)}}});
    if (history->next_at_ms) out.set("next_at_ms", *history->next_at_ms);
    return json(200, out);
  });
}

Result<Response> list_proposals(const Services& services, const Request&) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto open = cases::list_open_proposals(db);
    if (!open) return tl::unexpected<Error>{std::move(open).error()};
    auto total = cases::count_open_proposals(db);
    if (!total) return tl::unexpected<Error>{std::move(total).error()};
    People people{db};
    Json::Array items;
    for (const auto& proposal : *open) {
      auto order = cases::load_order(db, proposal.order);
      if (!order) return tl::unexpected<Error>{std::move(order).error()};
      auto item = proposal_json(proposal, people);
      item.set("order", order_summary(*order, people));
      items.push_back(std::move(item));
    }
    return json(200, Json::object({{"enabled", services.rechecks},
                                   {"total", *total},
                                   {"items", Json{std::move(items)}}}));
  });
}

/// "entry_id" of the path: a row number; what is none is not_found.
std::int64_t entry_id(Input& in, const Request& request) {
  const std::string text{request.parameter("entry_id")};
  std::int64_t id = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), id);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || id < 1) {
    in.refuse({ErrorCode::not_found, "no such record", "bad_id"});
  }
  return id;
}

Result<Json> entry_json(store::Executor& db, const feeds::EntryFinding& entry,
                        const identity::Actor& actor, People& people) {
  auto feed = feeds::find_feed(db, entry.feed);
  if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
  auto out = grounds_json(entry.finding, entry.grounds);
  out.set("id", std::to_string(entry.id));
  out.set("feed_id", entry.feed.value);
  out.set("feed_name", feed->draft.name);
  out.set("name", entry.name);
  out.set("display", text::host_for_display(entry.name));
  out.set("state", feeds::to_string(entry.state));
  out.set("found_at_ms", entry.found_at_ms);
  out.set("lapses_at_ms", entry.lapses_at_ms);
  if (entry.decided_at_ms) out.set("decided_at_ms", *entry.decided_at_ms);
  if (!entry.decided_by.empty()) {
    out.set("decided_by", people.json(identity::AccountId{entry.decided_by}));
  }
  if (!entry.reason.empty()) out.set("reason", entry.reason);
  const bool open = entry.state == feeds::EntryState::open;
  const identity::Facts facts{.proposer = identity::AccountId{feed->proposed_by}};
  out.set(
      "actions",
      Actions{actor}.add(Action::order_lift, open).add(Action::feed_approve, open, facts).take());
  return out;
}

Result<Response> list_entries(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  const auto state = in.optional_one_of(in.query("state"), feeds::parse_entry_state, "bad_state")
                         .value_or(feeds::EntryState::open);
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = feeds::list_entries(db, state, page);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    People people{db};
    Json::Array items;
    for (const auto& entry : found->items) {
      auto item = entry_json(db, entry, actor_of(request), people);
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json_page(std::move(items), found->next);
  });
}

using EntryMove = Result<feeds::EntryFinding> (*)(store::Transaction&, const feeds::Context&,
                                                  const feeds::EntryMove&);

Result<Response> move_entry(const Services& services, const Request& request, Action action,
                            EntryMove move) {
  Input in{request, Body::json};
  const auto& actor = actor_of(request);
  const feeds::EntryMove wanted{
      .id = entry_id(in, request), .actor = actor.account_id.value, .reason = in.text("reason")};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto before = feeds::load_entry(tx, wanted.id);
    if (!before) return tl::unexpected<Error>{std::move(before).error()};
    auto feed = feeds::find_feed(tx, before->feed);
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    const auto verdict =
        identity::may(actor, action, {.proposer = identity::AccountId{feed->proposed_by}});
    if (!verdict) return identity::fail(verdict);
    auto entry = move(tx, {.clock = services.clock, .rng = services.rng}, wanted);
    if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
    People people{tx};
    auto out = entry_json(tx, *entry, actor, people);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

Result<Response> drop(const Services& services, const Request& request) {
  return move_entry(services, request, Action::order_lift, feeds::drop_entry);
}
Result<Response> keep(const Services& services, const Request& request) {
  return move_entry(services, request, Action::feed_approve, feeds::keep_entry);
}

}  // namespace

void add_recheck_routes(Routes& routes, const Services& services) {
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "orders/{order_id}/rechecks", "order.read", rechecks_of_order);
  add(Method::get, "rechecks/proposals", "order.read", list_proposals);
  add(Method::get, "rechecks/entries", "order.read", list_entries);
  add(Method::post, "rechecks/entries/{entry_id}/drop", "order.lift", drop);
  add(Method::post, "rechecks/entries/{entry_id}/keep", "feed.approve", keep);
}

}  // namespace khien::api
