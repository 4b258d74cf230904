#include "api/routes_feeds.h"

#include "api/handler.h"
#include "api/input.h"
#include "api/json_cases.h"
#include "api/people.h"
#include "api/services.h"
#include "exchange/list_reader.h"
#include "feeds/subscriptions.h"

namespace khien::api {
namespace {

using codec::Json;
using feeds::FeedId;
using http::Method;
using http::Request;
using http::Response;
using identity::Action;

constexpr double permyriad_per_percent = 100.0;

Json counts_json(const feeds::FeedCounts& counts) {
  Json reasons = Json::object();
  for (const auto& [reason, count] : counts.refused_reasons) {
    reasons.set(reason, static_cast<std::int64_t>(count));
  }
  const auto number = [](std::uint64_t count) { return static_cast<std::int64_t>(count); };
  return Json::object({{"read", number(counts.read)},
                       {"added", number(counts.added)},
                       {"removed", number(counts.removed)},
                       {"duplicate", number(counts.duplicate)},
                       {"redundant", number(counts.redundant)},
                       {"refused", number(counts.refused)},
                       {"refused_reasons", std::move(reasons)}});
}

Json run_json(const feeds::FeedRun& run) {
  Json out = Json::object({{"id", std::to_string(run.id)},
                           {"state", feeds::to_string(run.state)},
                           {"started_at_ms", run.started_at_ms},
                           {"counts", counts_json(run.counts)}});
  out.set("names", run.set_size);
  if (run.ended_at_ms) out.set("ended_at_ms", *run.ended_at_ms);
  if (!run.set_hash.empty()) out.set("set_hash", run.set_hash);
  if (!run.problem_code.empty()) {
    out.set("problem", Json::object({{"code", run.problem_code},
                                     {"reason", run.problem_reason},
                                     {"message", run.problem_message}}));
  }
  return out;
}

Json feed_actions(const feeds::Feed& feed, const identity::Actor& actor) {
  using feeds::FeedState;
  const identity::AccountId proposer{feed.proposed_by};
  const bool held = feed.state == FeedState::suspended || feed.state == FeedState::stopped;
  const bool may_decide = feed.state == FeedState::proposed || held;
  const bool may_end = feed.state != FeedState::lapsed;
  return Actions{actor}
      .add(Action::feed_approve, may_decide, {.proposer = proposer})
      .add(Action::feed_run, feed.state == FeedState::active)
      .add(Action::feed_suspend, may_end)
      .take();
}

Result<Json> feed_json(store::Executor& db, const feeds::Feed& feed, const identity::Actor& actor,
                       People& people) {
  const auto& draft = feed.draft;
  auto run = feeds::last_run(db, feed.id);
  if (!run) return propagate(std::move(run).error(), "load the last run");
  Json out = Json::object({{"id", feed.id.value},
                           {"version", feed.version},
                           {"state", feeds::to_string(feed.state)},
                           {"name", draft.name},
                           {"source", draft.source},
                           {"format", exchange::to_string(draft.format)},
                           {"category", khien::to_string(draft.category)},
                           {"scope", cases::to_string(draft.scope)},
                           {"column", draft.csv_column},
                           {"licence", draft.licence},
                           {"reason", draft.reason},
                           {"entries", feed.entries},
                           {"next_run_at_ms", feed.next_run_at_ms},
                           {"entries_max", draft.entries_max},
                           {"change_max_percent", static_cast<double>(draft.change_max_permyriad) /
                                                      permyriad_per_percent},
                           {"interval_s", draft.interval_s},
                           {"proposed_by", people.json(identity::AccountId{feed.proposed_by})},
                           {"approved_by", people.json(identity::AccountId{feed.approved_by})},
                           {"valid_until_ms", draft.valid_until_ms},
                           {"actions", feed_actions(feed, actor)}});
  if (*run) out.set("last_run", run_json(**run));
  return out;
}

feeds::Context context_of(const Services& services) {
  return {.clock = services.clock, .rng = services.rng};
}

Result<Response> feed_response(store::Executor& db, const Request& request, int status,
                               const feeds::Feed& feed) {
  People people{db};
  auto out = feed_json(db, feed, actor_of(request), people);
  if (!out) return tl::unexpected<Error>{std::move(out).error()};
  return json(status, *out);
}

Result<Response> list(const Services& services, const Request& request) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto all = feeds::list_feeds(db);
    if (!all) return tl::unexpected<Error>{std::move(all).error()};
    People people{db};
    Json::Array items;
    for (const auto& feed : *all) {
      auto item = feed_json(db, feed, actor_of(request), people);
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

Result<Response> get(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<FeedId>("feed_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto feed = feeds::find_feed(db, id);
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    return feed_response(db, request, 200, *feed);
  });
}

Result<Response> propose(const Services& services, const Request& request) {
  Input in{request, Body::json};
  feeds::FeedDraft draft;
  draft.name = in.text("name");
  draft.source = in.text("source");
  draft.format = in.one_of(in.text("format"), exchange::parse_list_format, "bad_format");
  draft.category = in.one_of(in.text("category"), parse_category, "no_category");
  draft.scope = in.optional_one_of(in.optional_text("scope"), cases::parse_name_scope, "bad_scope")
                    .value_or(draft.scope);
  if (auto column = in.optional_text("column")) draft.csv_column = std::move(*column);
  draft.licence = in.optional_text("licence").value_or("");
  draft.entries_max = in.integer("entries_max");
  draft.interval_s = in.optional_integer("interval_s").value_or(feeds::interval_default_s);
  draft.valid_until_ms = in.integer("valid_until_ms");
  draft.reason = in.text("reason");
  if (const auto* percent = in.body().find("change_max_percent")) {
    const auto value = percent->real();
    if (!value || *value < 0 || *value > 100) {
      in.refuse({ErrorCode::invalid_argument, "a percentage is 0 to 100", "feed_change_max"});
    } else {
      draft.change_max_permyriad = static_cast<std::int64_t>(*value * permyriad_per_percent);
    }
  }
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto feed =
        feeds::propose_feed(tx, context_of(services), draft, actor_of(request).account_id.value);
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    return feed_response(tx, request, 201, *feed);
  });
}

using FeedMove = Result<feeds::Feed> (*)(store::Transaction&, const feeds::Context&,
                                         const feeds::Move&);

/// One move. Whether this person may make it with this record is asked of identity here, because
/// feeds stands beside it and takes account ids only.
Result<Response> move_feed(const Services& services, const Request& request, Action action,
                           FeedMove move, int status, bool with_reason) {
  Input in{request, Body::json};
  const feeds::Move wanted{.id = in.id<FeedId>("feed_id"),
                           .version = in.integer("version"),
                           .actor = actor_of(request).account_id.value,
                           .reason = with_reason ? in.text("reason") : ""};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto before = feeds::find_feed(tx, wanted.id);
    if (!before) return tl::unexpected<Error>{std::move(before).error()};
    const auto verdict = identity::may(actor_of(request), action,
                                       {.proposer = identity::AccountId{before->proposed_by}});
    if (!verdict) return identity::fail(verdict);
    auto feed = move(tx, context_of(services), wanted);
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    return feed_response(tx, request, status, *feed);
  });
}

Result<Response> approve(const Services& services, const Request& request) {
  return move_feed(services, request, Action::feed_approve, feeds::approve_feed, 200, false);
}
Result<Response> run(const Services& services, const Request& request) {
  return move_feed(services, request, Action::feed_run, feeds::request_run, 202, false);
}
Result<Response> suspend(const Services& services, const Request& request) {
  return move_feed(services, request, Action::feed_suspend, feeds::suspend_feed, 200, true);
}
Result<Response> end(const Services& services, const Request& request) {
  return move_feed(services, request, Action::feed_suspend, feeds::end_feed, 200, true);
}
Result<Response> resume(const Services& services, const Request& request) {
  return move_feed(services, request, Action::feed_approve, feeds::resume_feed, 200, true);
}

Result<Response> list_runs(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<FeedId>("feed_id");
  const auto page = in.page();
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto runs = feeds::list_runs(db, id, page.before.value_or(0), page.size + 1);
    if (!runs) return tl::unexpected<Error>{std::move(runs).error()};
    const bool more = runs->size() > static_cast<std::size_t>(page.size);
    if (more) runs->resize(static_cast<std::size_t>(page.size));
    Json::Array items;
    for (const auto& each : *runs) items.push_back(run_json(each));
    return json_page(std::move(items), more ? std::optional{runs->back().id} : std::nullopt);
  });
}

}  // namespace

void add_feed_routes(Routes& routes, const Services& services) {
  const std::string feeds = "/api/v1/feeds";
  const std::string feed = feeds + "/{feed_id}";
  const auto add = [&](Method method, std::string path, std::string permission, Handle handle) {
    routes.push_back(
        officer_route(services, method, std::move(path), std::move(permission), handle));
  };
  add(Method::get, feeds, "feed.read", list);
  add(Method::post, feeds, "feed.propose", propose);
  add(Method::get, feed, "feed.read", get);
  add(Method::post, feed + "/approve", "feed.approve", approve);
  add(Method::post, feed + "/run", "feed.run", run);
  add(Method::post, feed + "/suspend", "feed.suspend", suspend);
  add(Method::post, feed + "/end", "feed.suspend", end);
  add(Method::post, feed + "/resume", "feed.approve", resume);
  add(Method::get, feed + "/runs", "feed.read", list_runs);
}

}  // namespace khien::api
