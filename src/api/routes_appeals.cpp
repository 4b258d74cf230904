// Objections: lodged and followed by code without an account, decided by officers who took no part.
#include "api/handler.h"
#include "api/input.h"
#include "api/json_orders.h"
#include "api/routes.h"
#include "api/services.h"
#include "identity/rights.h"

namespace khien::api {
namespace {

using cases::AppealId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;

Result<Response> lodge(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const cases::AppealDraft draft{.order = in.text("order"),
                                 .text = in.text("text"),
                                 .contact = in.optional_text("contact").value_or(""),
                                 .language = in.optional_text("language").value_or("vi")};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto receipt = cases::lodge_appeal(tx, services.cases, draft);
    if (!receipt) return tl::unexpected<Error>{std::move(receipt).error()};
    return json(201, Json::object({{"code", receipt->code},
                                   {"number", receipt->number},
                                   {"lodged_at_ms", receipt->lodged_at_ms},
                                   {"answer_due_ms", receipt->answer_due_ms}}));
  });
}

Result<Response> status(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto code = in.text("code");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto appeal = cases::appeal_status(db, code);
    if (!appeal) return tl::unexpected<Error>{std::move(appeal).error()};
    auto entry = cases::load_register_entry(db, appeal->order);
    if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
    auto out = Json::object({{"state", cases::to_string(appeal->state)},
                             {"lodged_at_ms", appeal->lodged_at_ms},
                             {"order", register_entry(*entry)}});
    if (appeal->answer_due_ms) out.set("answer_due_ms", *appeal->answer_due_ms);
    if (appeal->decided_at_ms) out.set("decided_at_ms", *appeal->decided_at_ms);
    if (appeal->outcome) out.set("outcome", cases::to_string(*appeal->outcome));
    if (!appeal->reason.empty()) out.set("reason", appeal->reason);
    return json(200, out);
  });
}

/// The objector's contact is for those who may answer, and for nobody else.
Result<Json> whole(store::Executor& db, const Services& services, const Request& request,
                   const cases::Appeal& appeal) {
  const auto& actor = actor_of(request);
  std::optional<std::string> contact;
  if (appeal.has_contact && identity::may(actor, identity::Action::appeal_decide)) {
    auto opened = cases::open_appeal_contact(db, services.cases, appeal.id);
    if (!opened) return propagate(std::move(opened).error(), "open the contact");
    contact = *opened;
  }
  return appeal_json(db, actor, appeal, contact);
}

Result<Response> list(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  const auto state = in.optional_one_of(in.query("state"), cases::parse_appeal_state, "bad_state");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_appeals(db, state, page);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array items;
    for (const auto& appeal : found->items) {
      auto item = appeal_json(db, actor_of(request), appeal, std::nullopt);
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json_page(std::move(items), found->next);
  });
}

Result<Response> get(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<AppealId>("appeal_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto appeal = cases::load_appeal(db, id);
    if (!appeal) return tl::unexpected<Error>{std::move(appeal).error()};
    auto out = whole(db, services, request, *appeal);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

template <typename Move>
Result<Response> move_and_answer(const Services& services, const Request& request, Move move) {
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    Result<cases::Appeal> done = move(tx, actor_of(request));
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    auto out = whole(tx, services, request, *done);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

cases::AppealMove move_of(Input& in) {
  return {.id = in.id<AppealId>("appeal_id"),
          .version = in.integer("version"),
          .reason = in.text("reason")};
}

Result<Response> admit(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto move = move_of(in);
  const auto suspend = in.boolean("suspend_order");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, [&](auto& tx, const auto& actor) {
    return cases::admit_appeal(tx, services.cases, actor, move, suspend);
  });
}

Result<Response> reject(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto move = move_of(in);
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, [&](auto& tx, const auto& actor) {
    return cases::refuse_appeal(tx, services.cases, actor, move);
  });
}

Result<Response> decide(const Services& services, const Request& request) {
  Input in{request, Body::json};
  auto move = move_of(in);
  const auto outcome = in.one_of(in.text("outcome"), cases::parse_appeal_outcome, "bad_outcome");
  if (!in.ok()) return in.error();
  return move_and_answer(
      services, request, [&](auto& tx, const auto& actor) -> Result<cases::Appeal> {
        auto appeal = cases::load_appeal(tx, move.id);
        if (!appeal) return appeal;
        auto now = move;
        if (appeal->state == cases::AppealState::admitted) {
          // Whoever decides an appeal that nobody holds takes it in the same move.
          auto taken = cases::assign_appeal(tx, services.cases, actor, now, actor.account_id);
          if (!taken) return taken;
          now.version = taken->version;
        }
        return cases::decide_appeal(tx, services.cases, actor, now, outcome);
      });
}

}  // namespace

void add_appeal_routes(Routes& routes, const Services& services) {
  routes.push_back(public_route(services, Method::post, "/api/v1/appeals", "appeal", lodge));
  routes.push_back(public_route(services, Method::post, "/api/v1/appeals/status", "code", status));
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "appeals", "appeal.read", list);
  add(Method::get, "appeals/{appeal_id}", "appeal.read", get);
  add(Method::post, "appeals/{appeal_id}/admit", "appeal.decide", admit);
  add(Method::post, "appeals/{appeal_id}/reject", "appeal.decide", reject);
  add(Method::post, "appeals/{appeal_id}/decide", "appeal.decide", decide);
}

}  // namespace khien::api
