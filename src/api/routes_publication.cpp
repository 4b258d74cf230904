// What is published and who has it: zones with their serials, and each follower's in each zone.
#include <algorithm>

#include "api/handler.h"
#include "api/input.h"
#include "api/routes.h"
#include "api/services.h"
#include "publish/follower_standing.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using publish::FollowersRecord;

/// An instant, if there is one.
void set_time(Json& json, std::string_view key, InstantMs at_ms) {
  if (at_ms != 0) json.set(key, at_ms);
}

Json server_json(const publish::ServerRecord& server, const publish::FollowerZoneRecord& zone,
                 InstantMs now_ms) {
  const auto standing = standing_of(server, zone, now_ms);
  auto out = Json::object({{"address", to_string(server.address)},
                           {"state", to_string(standing.state)},
                           {"serials_behind", std::int64_t{standing.serials_behind}},
                           {"behind_ms", standing.behind_ms},
                           {"heard_at_ms", server.heard_ms}});
  if (server.serial) {
    out.set("serial", std::int64_t{*server.serial});
    out.set("how", to_string(server.how));
  }
  set_time(out, "took_at_ms", server.took_ms);
  return out;
}

Json cell_json(const publish::FollowerZoneRecord& zone, InstantMs now_ms) {
  const auto standing = standing_of(zone, now_ms);
  Json::Array servers;
  for (const auto& server : zone.servers) servers.push_back(server_json(server, zone, now_ms));
  auto out = Json::object({{"zone", zone.zone->id},
                           {"state", to_string(standing.state)},
                           {"serials_behind", std::int64_t{standing.serials_behind}},
                           {"behind_ms", standing.behind_ms},
                           {"failed", zone.failed_count},
                           {"servers", Json{std::move(servers)}}});
  set_time(out, "failed_at_ms", zone.failed_ms);
  set_time(out, "acknowledged_at_ms", zone.acknowledged_ms);
  set_time(out, "given_up_at_ms", zone.given_up_ms);
  return out;
}

Json follower_json(const publish::FollowerRecord& follower, InstantMs now_ms) {
  Json::Array zones;
  for (const auto& zone : follower.zones) zones.push_back(cell_json(zone, now_ms));
  return Json::object({{"name", follower.name},
                       {"ring", to_string(follower.ring)},
                       {"zones", Json{std::move(zones)}}});
}

Json zone_json(const publish::ServedZone& served, const std::vector<publish::ZoneStatus>& all) {
  auto name = served.zone->name.to_text();
  name.pop_back();
  auto out = Json::object({{"id", served.zone->id},
                           {"name", std::move(name)},
                           {"serial", std::int64_t{served.serial}},
                           {"changed_at_ms", served.changed_ms},
                           {"expire_ms", std::int64_t{served.zone->expire_s} * ms_per_second},
                           {"keys_only", served.zone->keys_only}});
  const auto status = std::ranges::find(all, served.zone->id, &publish::ZoneStatus::zone);
  const bool known = status != all.end();
  out.set("names", static_cast<std::int64_t>(known ? status->name_count : 0));
  out.set("records", static_cast<std::int64_t>(known ? status->record_count : 0));
  return out;
}

/// What is kept as zones are and never served in DNS: it leaves in signed lists alone.
Json sets_json(const std::vector<publish::ZoneStatus>& all) {
  Json::Array sets;
  for (const auto& one : all) {
    const auto* facts = publish::find_set(one.zone);
    if (facts == nullptr || facts->of == publish::SetOf::names) continue;
    sets.push_back(Json::object({{"id", one.zone},
                                 {"serial", std::int64_t{one.serial}},
                                 {"entries", static_cast<std::int64_t>(one.name_count)}}));
  }
  return Json{std::move(sets)};
}

/// The two publishers that serve the same zones, as this one sees them.
Json pair_json(const publish::PairStatus& pair) {
  Json::Array others;
  for (const auto& other : pair.others) {
    others.push_back(Json::object({{"name", other.name},
                                   {"address", other.address},
                                   {"heard_ago_ms", other.heard_ago_ms},
                                   {"behind", other.behind},
                                   {"stopped", other.stopped},
                                   {"followers_differ", other.followers_differ}}));
  }
  return Json::object({{"name", pair.name},
                       {"role", to_string(pair.role)},
                       {"leader", pair.leader},
                       {"behind", pair.behind},
                       {"others", Json{std::move(others)}}});
}

Result<Response> get_publication(const Services& services, const Request& request) {
  Input in{request, Body::none};
  if (!in.ok()) return in.error();
  const bool is_here = services.publication != nullptr;
  const auto state = is_here ? services.publication() : PublicationState{};
  const InstantMs now_ms = is_here ? state.followers.at_ms : services.clock.now_ms();
  Json::Array zones;
  for (const auto& zone : state.followers.zones) zones.push_back(zone_json(zone, state.zones));
  Json::Array followers;
  for (const auto& one : state.followers.followers) followers.push_back(follower_json(one, now_ms));
  auto out = Json::object({{"here", is_here},
                           {"at_ms", now_ms},
                           {"zones", Json{std::move(zones)}},
                           {"followers", Json{std::move(followers)}}});
  out.set("sets", sets_json(state.zones));
  if (state.pair) out.set("pair", pair_json(*state.pair));
  return json(200, std::move(out));
}

}  // namespace

void add_publication_routes(Routes& routes, const Services& services) {
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "publication", "publication.read", get_publication);
}

}  // namespace khien::api
