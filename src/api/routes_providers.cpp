// How providers do what orders say: figures of each, what is not as ordered, and every change.
#include "api/handler.h"
#include "api/input.h"
#include "api/routes.h"
#include "api/routes_probes.h"
#include "api/services.h"
#include "cases/order.h"
#include "providers/summary.h"
#include "text/host.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;

Json times_json(const providers::Percentiles& times) {
  auto json = Json::object({{"count", times.count}});
  if (times.count == 0) return json;
  json.set("p50_s", times.p50_s).set("p95_s", times.p95_s).set("p99_s", times.p99_s);
  return json;
}

Json probe_json(const providers::ProbeFacts& probe, InstantMs now_ms) {
  const bool quiet = !probe.heard_at_ms || now_ms - *probe.heard_at_ms > providers::probe_quiet_ms;
  auto json = Json::object({{"name", probe.name},
                            {"enrolled_at_ms", probe.enrolled_at_ms},
                            {"quiet", quiet},
                            {"program", probe.program}});
  if (probe.heard_at_ms) json.set("heard_at_ms", *probe.heard_at_ms);
  if (probe.line) json.set("line", to_string(*probe.line));
  return json;
}

Json summary_json(const providers::Summary& summary, InstantMs now_ms) {
  const auto& provider = summary.provider;
  Json::Array probes;
  for (const auto& probe : summary.probes) probes.push_back(probe_json(probe, now_ms));
  Json::Array blocks;
  for (const auto& one : summary.blocks) {
    blocks.push_back(Json::object({{"verdict", one.verdict}, {"count", one.count}}));
  }
  auto json = Json::object({{"id", provider.id.value},
                            {"name", provider.name},
                            {"title", provider.title},
                            {"kind", to_string(provider.kind)},
                            {"due_minutes", provider.due_minutes},
                            {"lift_due_minutes", provider.lift_due_ms() / ms_per_minute},
                            {"blocks", Json{std::move(blocks)}},
                            {"blocks_enforced", summary.blocks_enforced},
                            {"blocks_judged", summary.blocks_judged},
                            {"lifts_pending", summary.lifts_pending},
                            {"block_times", times_json(summary.block_times)},
                            {"lift_times", times_json(summary.lift_times)},
                            {"canaries_blocked", summary.canaries_blocked},
                            {"probes", Json{std::move(probes)}}});
  if (const auto share = summary.share_enforced()) json.set("share_enforced", *share);
  return json;
}

/// With the task that is not closed, where there is one.
Result<Json> with_task(store::Executor& db, const providers::ProviderId& id, Json json) {
  auto task = providers::open_task_of(db, id);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  if (*task) json.set("task", task_json(**task));
  return json;
}

Json check_json(const providers::CheckRow& check) {
  return Json::object({{"order_id", check.order.value},
                       {"order_number", check.order_number},
                       {"name", check.name},
                       {"display", text::host_for_display(check.name)},
                       {"category", to_string(check.category)},
                       {"expected", to_string(check.expected)},
                       {"verdict", check.verdict},
                       {"changed_at_ms", check.at_ms}});
}

Json now_json(const providers::CheckRow& check) {
  auto json = check_json(check);
  json.set("since_ms", check.since_ms).set("seen_at_ms", check.seen_at_ms);
  if (check.proven_at_ms) json.set("proven_at_ms", *check.proven_at_ms);
  return json;
}

Result<Response> list_providers(const Services& services, const Request&) {
  const auto now_ms = services.clock.now_ms();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto summaries = providers::summarise(db, now_ms);
    if (!summaries) return tl::unexpected<Error>{std::move(summaries).error()};
    Json::Array items;
    for (const auto& summary : *summaries) {
      auto item = with_task(db, summary.provider.id, summary_json(summary, now_ms));
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

Result<Response> get_provider(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<providers::ProviderId>("provider_id");
  if (!in.ok()) return in.error();
  const auto now_ms = services.clock.now_ms();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto summary = providers::summarise_one(db, id, now_ms);
    if (!summary) return tl::unexpected<Error>{std::move(summary).error()};
    auto problems = providers::list_problems(db, id);
    if (!problems) return tl::unexpected<Error>{std::move(problems).error()};
    Json::Array rows;
    for (const auto& problem : *problems) rows.push_back(now_json(problem));
    Json::Array resolvers;
    for (const auto& one : summary->provider.resolvers) {
      resolvers.emplace_back(to_string(one.address));
    }
    auto made = with_task(db, id, summary_json(*summary, now_ms));
    if (!made) return tl::unexpected<Error>{std::move(made).error()};
    Json& out = *made;
    out.set("resolvers", Json{std::move(resolvers)});
    out.set("problems", Json{std::move(rows)});
    if (summary->provider.ended_at_ms) out.set("ended_at_ms", *summary->provider.ended_at_ms);
    return json(200, out);
  });
}

Result<Response> list_changes(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<providers::ProviderId>("provider_id");
  const auto page = in.page();
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    if (auto provider = providers::load_provider(db, id); !provider) {
      return tl::unexpected<Error>{std::move(provider).error()};
    }
    auto changes = providers::list_changes(db, id, page);
    if (!changes) return tl::unexpected<Error>{std::move(changes).error()};
    Json::Array items;
    for (const auto& change : changes->items) {
      auto item = check_json(change);
      item.set("has_statement", change.has_statement);
      items.push_back(std::move(item));
    }
    return json_page(std::move(items), changes->next);
  });
}

Result<Response> get_order_at_providers(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<cases::OrderId>("order_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    if (auto order = cases::load_order(db, id); !order) {
      return tl::unexpected<Error>{std::move(order).error()};
    }
    auto rows = providers::list_at_providers(db, id);
    if (!rows) return tl::unexpected<Error>{std::move(rows).error()};
    Json::Array items;
    for (const auto& row : *rows) {
      auto item = now_json(row.check);
      item.set("provider_id", row.id.value).set("provider", row.provider);
      items.push_back(std::move(item));
    }
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

}  // namespace

void add_provider_routes(Routes& routes, const Services& services) {
  add_probe_routes(routes, services);
  add_provider_task_routes(routes, services);
  add_provider_pages(routes, services);
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "providers", "provider.read", list_providers);
  add(Method::get, "providers/{provider_id}", "provider.read", get_provider);
  add(Method::get, "providers/{provider_id}/changes", "provider.read", list_changes);
  add(Method::get, "orders/{order_id}/providers", "provider.read", get_order_at_providers);
}

}  // namespace khien::api
