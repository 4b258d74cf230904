// Tasks of providers, for officers: a dispute is settled by who may suspend an order.
#include "api/handler.h"
#include "api/input.h"
#include "api/routes_probes.h"
#include "api/services.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;

std::optional<providers::Settlement> parse_settlement(std::string_view word) noexcept {
  if (word == "accepted") return providers::Settlement::accepted;
  if (word == "rejected") return providers::Settlement::rejected;
  return std::nullopt;
}

Result<Response> settle(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const providers::Settling settling{
      .id = in.id<providers::TaskId>("task_id"),
      .version = in.integer("version"),
      .settlement = in.one_of(in.text("outcome"), parse_settlement, "bad_field"),
      .words = in.text("words")};
  if (!in.ok()) return in.error();
  auto task = services.database.transact([&](store::Transaction& tx) {
    return providers::settle_dispute(tx, providers_context(services), actor_of(request), settling);
  });
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  return json(200, task_json(*task));
}

}  // namespace

Json task_json(const providers::Task& task) {
  auto out = Json::object({{"id", task.id.value},
                           {"version", task.version},
                           {"state", to_string(task.state)},
                           {"opened_at_ms", task.opened_at_ms},
                           {"due_at_ms", task.due_at_ms},
                           {"items", task.items},
                           {"items_open", task.items_open}});
  if (task.answered_at_ms) out.set("answered_at_ms", *task.answered_at_ms);
  if (!task.answer.empty()) out.set("answer", task.answer);
  if (!task.officer_answer.empty()) out.set("officer_answer", task.officer_answer);
  return out;
}

void add_provider_task_routes(Routes& routes, const Services& services) {
  const auto add = officer_routes_into(routes, services);
  add(Method::post, "provider-tasks/{task_id}/settle", "order.suspend", settle);
}

}  // namespace khien::api
