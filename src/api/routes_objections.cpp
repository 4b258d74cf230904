// Objections to lists: lodged and followed by code without an account, upheld at once by one
// officer who may lift an order, denied by one who took no part in the subscription.
#include "api/handler.h"
#include "api/input.h"
#include "api/json_cases.h"
#include "api/listings.h"
#include "api/people.h"
#include "api/routes.h"
#include "api/services.h"
#include "feeds/subscriptions.h"
#include "identity/rights.h"

namespace khien::api {
namespace {

using cases::ListingObjection;
using cases::ListingObjectionId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using identity::Action;

Result<Response> lodge(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const cases::ListingObjectionDraft draft{.name = in.text("name"),
                                           .text = in.text("text"),
                                           .contact = in.optional_text("contact").value_or(""),
                                           .language = in.optional_text("language").value_or("vi")};
  if (!in.ok()) return in.error();
  auto receipt = lodge_against_list(services, draft);
  if (!receipt) return tl::unexpected<Error>{std::move(receipt).error()};
  return json(201, Json::object({{"code", receipt->code},
                                 {"number", receipt->number},
                                 {"name", receipt->name},
                                 {"lodged_at_ms", receipt->lodged_at_ms},
                                 {"answer_due_ms", receipt->answer_due_ms}}));
}

/// What everybody who holds the code or a right may read.
Json outline(const ListingObjection& objection) {
  auto out = Json::object({{"state", cases::to_string(objection.state)},
                           {"name", objection.name},
                           {"lodged_at_ms", objection.lodged_at_ms}});
  if (objection.answer_due_ms) out.set("answer_due_ms", *objection.answer_due_ms);
  if (objection.decided_at_ms) out.set("decided_at_ms", *objection.decided_at_ms);
  if (objection.until_ms) out.set("until_ms", *objection.until_ms);
  if (!objection.reason.empty()) out.set("reason", objection.reason);
  return out;
}

Result<Response> status(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto objection = cases::listing_objection_status(db, code);
    if (!objection) return tl::unexpected<Error>{std::move(objection).error()};
    return json(200, outline(*objection));
  });
}

Result<Json> objection_json(store::Executor& db, const identity::Actor& actor,
                            const ListingObjection& objection) {
  auto subscribers = feeds::subscribers_of(db, objection);
  if (!subscribers) return tl::unexpected<Error>{std::move(subscribers).error()};
  auto out = outline(objection);
  out.set("id", objection.id.value);
  out.set("number", objection.number);
  out.set("version", objection.version);
  out.set("text", objection.text);
  Json::Array lists;
  for (const auto& id : objection.lists) {
    auto feed = feeds::find_feed(db, feeds::FeedId{id});
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    lists.push_back(Json::object({{"id", id},
                                  {"name", feed->draft.name},
                                  {"category", khien::to_string(feed->draft.category)}}));
  }
  out.set("lists", Json{std::move(lists)});
  People people{db};
  if (!objection.decided_by.empty()) out.set("decided_by", people.json(objection.decided_by));
  const bool open = objection.state == cases::ListingObjectionState::lodged;
  out.set("actions", Actions{actor}
                         .add(Action::order_lift, open)
                         .add(Action::appeal_decide, open, {.touched_by = *subscribers})
                         .take());
  return out;
}

/// The objector's contact is for those who may decide, and for nobody else.
Result<Json> whole(store::Executor& db, const Services& services, const Request& request,
                   const ListingObjection& objection) {
  const auto& actor = actor_of(request);
  auto out = objection_json(db, actor, objection);
  if (!out || !objection.has_contact) return out;
  if (!identity::may(actor, Action::order_lift) && !identity::may(actor, Action::appeal_decide)) {
    return out;
  }
  auto contact = cases::open_objection_contact(db, services.cases, objection.id);
  if (!contact) return propagate(std::move(contact).error(), "open the contact");
  if (*contact) out->set("contact", **contact);
  return out;
}

Result<Response> list(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  const auto state =
      in.optional_one_of(in.query("state"), cases::parse_listing_objection_state, "bad_state");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_listing_objections(db, state, page);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array items;
    for (const auto& objection : found->items) {
      auto item = objection_json(db, actor_of(request), objection);
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json_page(std::move(items), found->next);
  });
}

Result<Response> get(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<ListingObjectionId>("objection_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto objection = cases::load_listing_objection(db, id);
    if (!objection) return tl::unexpected<Error>{std::move(objection).error()};
    auto out = whole(db, services, request, *objection);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

using Decide = Result<ListingObjection> (*)(store::Transaction&, const cases::Context&,
                                            const identity::Actor&,
                                            const cases::ListingObjectionMove&);

template <Decide decide>
Result<Response> move(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const cases::ListingObjectionMove wanted{.id = in.id<ListingObjectionId>("objection_id"),
                                           .version = in.integer("version"),
                                           .reason = in.text("reason")};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = decide(tx, services.cases, actor_of(request), wanted);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    auto out = whole(tx, services, request, *done);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

}  // namespace

void add_objection_routes(Routes& routes, const Services& services) {
  routes.push_back(public_route(services, Method::post, "/api/v1/objections", "appeal", lodge));
  routes.push_back(
      public_route(services, Method::post, "/api/v1/objections/status", "code", status));
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "objections", "order.read", list);
  add(Method::get, "objections/{objection_id}", "order.read", get);
  add(Method::post, "objections/{objection_id}/uphold", "order.lift",
      move<feeds::uphold_objection>);
  add(Method::post, "objections/{objection_id}/deny", "appeal.decide", move<feeds::deny_objection>);
}

}  // namespace khien::api
