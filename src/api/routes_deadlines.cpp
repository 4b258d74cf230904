// What is due, over all records that the person may see: the soonest first, what has passed at the
// top.
#include "api/routes_deadlines.h"

#include <algorithm>

#include "api/handler.h"
#include "api/input.h"
#include "api/services.h"
#include "cases/case.h"
#include "cases/deadline.h"
#include "cases/listing_objection.h"
#include "cases/order.h"
#include "identity/rights.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using identity::Action;

constexpr int looked_at_max = 1'000;
constexpr std::size_t shown_max = 200;

/// The right that opens the record whose deadline it is.
Action right_for(std::string_view record) noexcept {
  if (record == "order" || record == "objection") return Action::order_read;
  return record == "appeal" ? Action::appeal_read : Action::case_read;
}

/// Titles where the person may read the case: a duty operator sees the order's name instead.
Result<Json> deadline_json(store::Executor& db, const identity::Actor& actor,
                           const cases::Deadline& deadline) {
  auto out =
      Json::object({{"kind", cases::to_string(deadline.kind)},
                    {"record", deadline.record},
                    {"record_id", deadline.record_id},
                    {"case_id", deadline.case_id.empty() ? Json{} : Json{deadline.case_id.value}},
                    {"due_at_ms", deadline.due_at_ms},
                    {"title", ""}});
  if (deadline.record == "order") {
    auto order = cases::load_order(db, cases::OrderId{deadline.record_id});
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    out.set("title", order->name);
    return out;
  }
  if (deadline.record == "objection") {
    auto objection =
        cases::load_listing_objection(db, cases::ListingObjectionId{deadline.record_id});
    if (!objection) return tl::unexpected<Error>{std::move(objection).error()};
    out.set("title", objection->name);
    return out;
  }
  if (deadline.case_id.empty() || !identity::may(actor, Action::case_read)) return out;
  auto record = cases::load_case(db, deadline.case_id);
  if (!record) return tl::unexpected<Error>{std::move(record).error()};
  out.set("title", record->title);
  return out;
}

Result<Response> list(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto& actor = actor_of(request);
  const auto hours = in.query_number("within_hours", {.least = 1, .most = 24 * 31, .usual = 24});
  if (!in.ok()) return in.error();
  const auto until_ms = services.clock.now_ms() + hours * ms_per_hour;
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto open = cases::open_deadlines(db, until_ms, looked_at_max);
    if (!open) return tl::unexpected<Error>{std::move(open).error()};
    Json::Array items;
    for (const auto& deadline : *open) {
      if (items.size() == shown_max) break;
      if (!identity::may(actor, right_for(deadline.record))) continue;
      auto item = deadline_json(db, actor, deadline);
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

}  // namespace

Result<std::int64_t> count_due(store::Executor& db, const identity::Actor& actor,
                               InstantMs until_ms) {
  auto open = cases::open_deadlines(db, until_ms, looked_at_max);
  if (!open) return tl::unexpected<Error>{std::move(open).error()};
  return std::count_if(open->begin(), open->end(), [&](const auto& deadline) {
    return identity::may(actor, right_for(deadline.record)).allowed;
  });
}

void add_deadline_routes(std::vector<http::Route>& routes, const Services& services) {
  routes.push_back(officer_route(services, Method::get, "/api/v1/deadlines", "self", list));
}

}  // namespace khien::api
