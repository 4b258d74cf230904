#include "publish/follower_progress.h"

#include <algorithm>

#include "dns/serial.h"
#include "publish/catalog.h"

namespace khien::publish {
namespace {

FollowerZoneRecord* find_zone_in(FollowerRecord& follower, const ZoneFacts* zone) {
  const auto at = std::ranges::find(follower.zones, zone, &FollowerZoneRecord::zone);
  return at == follower.zones.end() ? nullptr : &*at;
}

FollowerRecord* find_follower(std::vector<FollowerRecord>& followers, std::string_view name) {
  const auto at = std::ranges::find(followers, name, &FollowerRecord::name);
  return at == followers.end() ? nullptr : &*at;
}

bool is_behind(const ServerRecord& server, std::uint32_t served) {
  return server.serial && dns::serial_before(*server.serial, served);
}

}  // namespace

void FollowerProgress::set_followers(const Access& access) {
  auto state = state_.lock();
  std::vector<FollowerRecord> followers;
  for (const AccessRule& rule : access.rules) {
    FollowerRecord* known = find_follower(state->followers, rule.name);
    FollowerRecord record{.name = rule.name, .ring = rule.ring};
    auto zones = members_of(rule);
    if (rule.catalog_serial != 0) zones.push_back(&catalog_zone());
    for (const ZoneFacts* zone : zones) {
      FollowerZoneRecord* before = known == nullptr ? nullptr : find_zone_in(*known, zone);
      record.zones.push_back(before == nullptr ? FollowerZoneRecord{.zone = zone}
                                               : std::move(*before));
      Course& course = state->course_of(rule.name, *zone);
      if (zone == &catalog_zone()) advance(course, &record.zones.back(), rule.catalog_serial);
      record.zones.back().served_serial = course.serial;
    }
    followers.push_back(std::move(record));
  }
  std::erase_if(state->catalogs,
                [&](const auto& one) { return find_follower(followers, one.first) == nullptr; });
  state->followers = std::move(followers);
  ++generation_;
}

void FollowerProgress::restore(const FollowersRecord& record) {
  auto state = state_.lock();
  for (const ServedZone& served : record.zones) {
    const auto course = state->courses.find(served.zone);
    if (course == state->courses.end() || course->second.serial != served.serial) continue;
    course->second.changed_ms = served.changed_ms;
    if (course->second.steps.size() == 1) course->second.steps[0].at_ms = served.changed_ms;
  }
  for (const FollowerRecord& kept : record.followers) {
    FollowerRecord* follower = find_follower(state->followers, kept.name);
    if (follower == nullptr) continue;
    for (const FollowerZoneRecord& old : kept.zones) {
      FollowerZoneRecord* zone = find_zone_in(*follower, old.zone);
      if (zone == nullptr || !zone->servers.empty()) continue;
      const std::uint32_t served = zone->served_serial;
      *zone = old;
      zone->served_serial = served;
      for (ServerRecord& server : zone->servers) {
        if (server.serial) settle(server, *server.serial, state->course_of(kept.name, *zone->zone));
      }
    }
  }
  ++generation_;
}

void FollowerProgress::zone_served(const ZoneFacts& zone, std::uint32_t serial) {
  auto state = state_.lock();
  serve(*state, zone, serial);
}

FollowerProgress::Course& FollowerProgress::State::course_of(std::string_view follower,
                                                             const ZoneFacts& zone) {
  return &zone == &catalog_zone() ? catalogs[std::string{follower}] : courses[&zone];
}

/// Serials only rise here: one that is not later is news that another thread was quicker to bring.
bool FollowerProgress::advance(Course& course, FollowerZoneRecord* record,
                               std::uint32_t serial) const {
  const bool is_later = course.steps.empty() || dns::serial_before(course.serial, serial);
  if (is_later) {
    course.serial = serial;
    course.changed_ms = clock_.now_ms();
    course.steps.push_back({.serial = serial, .at_ms = course.changed_ms});
    if (course.steps.size() > steps_max) course.steps.erase(course.steps.begin());
  }
  if (record == nullptr) return is_later;
  record->served_serial = course.serial;
  for (ServerRecord& server : record->servers) {
    const bool is_new = server.behind_since_ms == 0 && is_behind(server, course.serial);
    if (is_new) server.behind_since_ms = course.changed_ms;
  }
  return is_later;
}

void FollowerProgress::serve(State& state, const ZoneFacts& zone, std::uint32_t serial) {
  Course& course = state.courses[&zone];
  if (!advance(course, nullptr, serial)) return;
  for (FollowerRecord& follower : state.followers) {
    FollowerZoneRecord* record = find_zone_in(follower, &zone);
    if (record != nullptr) advance(course, record, serial);
  }
  ++generation_;
}

FollowerZoneRecord* FollowerProgress::find(State& state, std::string_view follower,
                                           const ZoneFacts& zone) {
  FollowerRecord* record = find_follower(state.followers, follower);
  return record == nullptr ? nullptr : find_zone_in(*record, &zone);
}

/// The server's entry, made if need be; makes room by those that have been silent.
ServerRecord& FollowerProgress::server_of(FollowerZoneRecord& record, const net::IpAddress& address,
                                          InstantMs now_ms) {
  auto& servers = record.servers;
  std::erase_if(servers, [&](const ServerRecord& server) {
    return server.address != address && now_ms - server.heard_ms > server_forgotten_ms;
  });
  const auto known = std::ranges::find(servers, address, &ServerRecord::address);
  if (known != servers.end()) return *known;
  if (servers.size() == follower_servers_max) {
    servers.erase(std::ranges::min_element(servers, {}, &ServerRecord::heard_ms));
  }
  return servers.emplace_back(ServerRecord{.address = address});
}

/// The server has `serial`. Where it is behind, since when: the first step that it does not have,
/// unless it has long been behind that as well.
void FollowerProgress::settle(ServerRecord& server, std::uint32_t serial, const Course& course) {
  const bool same = server.serial == serial;
  server.serial = serial;
  if (!is_behind(server, course.serial)) {
    server.behind_since_ms = 0;
    return;
  }
  if (same && server.behind_since_ms != 0) return;
  const auto missing = std::ranges::find_if(
      course.steps, [&](const Step& step) { return dns::serial_before(serial, step.serial); });
  if (missing == course.steps.end()) return;  // not served yet
  const bool is_known = missing != course.steps.begin();
  if (!is_known && server.behind_since_ms != 0) return;
  server.behind_since_ms = missing->at_ms;
}

void FollowerProgress::seen(const SerialSeen& seen) {
  if (seen.zone == nullptr) return;
  const InstantMs now_ms = clock_.now_ms();
  auto state = state_.lock();
  // What we told or sent we serve, though our own listener may not have said so yet.
  const bool is_catalog = seen.zone == &catalog_zone();  // whose serial set_followers() knows
  if (seen.how != Learnt::claimed && !is_catalog) serve(*state, *seen.zone, seen.serial);
  FollowerZoneRecord* record = find(*state, seen.follower, *seen.zone);
  if (record == nullptr) return;
  ServerRecord& server = server_of(*record, seen.peer.unmapped(), now_ms);
  const bool is_new = server.heard_ms == 0;
  server.heard_ms = now_ms;
  const auto before = server.serial;
  if (seen.how != Learnt::told) {
    settle(server, seen.serial, state->course_of(seen.follower, *seen.zone));
    const bool took = seen.how == Learnt::whole || seen.how == Learnt::changes;
    if (took) server.took_ms = now_ms;
    if (took || server.serial != before) server.how = seen.how;
  }
  if (is_new || server.serial != before) ++generation_;
}

void FollowerProgress::transfer_failed(std::string_view follower, const ZoneFacts& zone) {
  auto state = state_.lock();
  FollowerZoneRecord* record = find(*state, follower, zone);
  if (record == nullptr) return;
  ++record->failed_count;
  record->failed_ms = clock_.now_ms();
  ++generation_;
}

void FollowerProgress::notify_acknowledged(std::string_view follower, const ZoneFacts& zone) {
  auto state = state_.lock();
  FollowerZoneRecord* record = find(*state, follower, zone);
  if (record != nullptr) record->acknowledged_ms = clock_.now_ms();
}

void FollowerProgress::notify_given_up(std::string_view follower, const ZoneFacts& zone) {
  auto state = state_.lock();
  FollowerZoneRecord* record = find(*state, follower, zone);
  if (record == nullptr) return;
  record->given_up_ms = clock_.now_ms();
  ++generation_;
}

FollowersRecord FollowerProgress::record() {
  FollowersRecord out{.at_ms = clock_.now_ms()};
  auto state = state_.lock();
  for (const ZoneFacts& zone : all_zones()) {
    const auto course = state->courses.find(&zone);
    if (course == state->courses.end()) continue;
    out.zones.push_back(
        {.zone = &zone, .serial = course->second.serial, .changed_ms = course->second.changed_ms});
  }
  out.followers = state->followers;
  return out;
}

}  // namespace khien::publish
