#include "publish/follower_file.h"

#include "base/file.h"
#include "codec/json.h"
#include "publish/access.h"
#include "publish/follower_standing.h"

namespace khien::publish {
namespace {

using codec::Json;

constexpr std::int64_t format_version = 1;

tl::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::malformed, "followers.state: " + std::string{what}, "bad_file");
}

Json server_json(const ServerRecord& server) {
  auto out = Json::object({{"address", to_string(server.address)},
                           {"heard_ms", server.heard_ms},
                           {"took_ms", server.took_ms},
                           {"behind_since_ms", server.behind_since_ms}});
  if (server.serial) {
    out.set("serial", std::int64_t{*server.serial});
    out.set("how", to_string(server.how));
  }
  return out;
}

Json zone_json(const FollowerZoneRecord& record) {
  Json::Array servers;
  for (const ServerRecord& server : record.servers) servers.push_back(server_json(server));
  return Json::object({{"zone", record.zone->id},
                       {"served", std::int64_t{record.served_serial}},
                       {"failed", record.failed_count},
                       {"failed_ms", record.failed_ms},
                       {"acknowledged_ms", record.acknowledged_ms},
                       {"given_up_ms", record.given_up_ms},
                       {"servers", Json{std::move(servers)}}});
}

/// Reads members one after another; the first that is wrong is kept.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  std::int64_t number(std::string_view key, std::int64_t max = INT64_MAX) {
    auto value = json_.integer_at(key);
    if (!value || *value < 0 || *value > max) {
      good_ = false;
      return 0;
    }
    return *value;
  }
  std::uint32_t serial(std::string_view key) {
    return static_cast<std::uint32_t>(number(key, UINT32_MAX));
  }
  std::string text(std::string_view key) {
    auto value = json_.text_at(key);
    good_ = good_ && value.has_value();
    return value.value_or(std::string{});
  }
  Json::Array array(std::string_view key, std::size_t size_max) {
    auto value = json_.array_at(key);
    good_ = good_ && value.has_value() && value->size() <= size_max;
    return good_ ? std::move(*value) : Json::Array{};
  }
  void refuse() { good_ = false; }
  [[nodiscard]] bool good() const noexcept { return good_; }

 private:
  const Json& json_;
  bool good_ = true;
};

Result<ServerRecord> server_of(const Json& json) {
  Reader in{json};
  ServerRecord out;
  const auto address = net::IpAddress::parse(in.text("address"));
  if (!address) return malformed("an address");
  out.address = *address;
  out.heard_ms = in.number("heard_ms");
  out.took_ms = in.number("took_ms");
  out.behind_since_ms = in.number("behind_since_ms");
  if (json.find("serial") != nullptr) {
    out.serial = in.serial("serial");
    const auto how = in.text("how");
    bool known = false;
    for (const Learnt one : {Learnt::claimed, Learnt::whole, Learnt::changes}) {
      if (to_string(one) != how) continue;
      out.how = one;
      known = true;
    }
    if (!known) in.refuse();
  }
  if (!in.good()) return malformed("a server");
  return out;
}

/// Without a zone if there is no such zone any more.
Result<FollowerZoneRecord> zone_of(const Json& json) {
  Reader in{json};
  FollowerZoneRecord out;
  out.zone = find_zone(in.text("zone"));
  out.served_serial = in.serial("served");
  out.failed_count = in.number("failed");
  out.failed_ms = in.number("failed_ms");
  out.acknowledged_ms = in.number("acknowledged_ms");
  out.given_up_ms = in.number("given_up_ms");
  for (const Json& item : in.array("servers", follower_servers_max)) {
    auto server = server_of(item);
    if (!server) return tl::unexpected<Error>{std::move(server).error()};
    out.servers.push_back(*server);
  }
  if (!in.good()) return malformed("a follower's zone");
  return out;
}

constexpr std::size_t zones_max = 256;

Result<FollowerRecord> follower_of(const Json& json) {
  Reader in{json};
  FollowerRecord out{.name = in.text("name")};
  for (const Json& item : in.array("zones", zones_max)) {
    auto zone = zone_of(item);
    if (!zone) return tl::unexpected<Error>{std::move(zone).error()};
    if (zone->zone != nullptr) out.zones.push_back(std::move(*zone));
  }
  if (!in.good()) return malformed("a follower");
  return out;
}

}  // namespace

std::filesystem::path progress_path(const std::filesystem::path& state) {
  return state / "zones" / "followers.state";
}

Result<void> write_progress(const std::filesystem::path& path, const FollowersRecord& record) {
  Json::Array zones;
  for (const ServedZone& zone : record.zones) {
    zones.push_back(Json::object({{"zone", zone.zone->id},
                                  {"serial", std::int64_t{zone.serial}},
                                  {"changed_ms", zone.changed_ms}}));
  }
  Json::Array followers;
  for (const FollowerRecord& follower : record.followers) {
    Json::Array own;
    for (const FollowerZoneRecord& zone : follower.zones) own.push_back(zone_json(zone));
    followers.push_back(Json::object({{"name", follower.name}, {"zones", Json{std::move(own)}}}));
  }
  const auto text = Json::object({{"version", format_version},
                                  {"at_ms", record.at_ms},
                                  {"zones", Json{std::move(zones)}},
                                  {"followers", Json{std::move(followers)}}})
                        .dump();
  if (text.size() > progress_file_size_max) {
    return fail(ErrorCode::limit_exceeded, "followers.state would be larger than allowed");
  }
  return write_file_atomically(path, as_bytes(text), FileAccess::owner);
}

Result<FollowersRecord> read_progress(const std::filesystem::path& path) {
  auto content = read_file(path, progress_file_size_max);
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  auto json = Json::parse(*content, {.size_max = progress_file_size_max, .depth_max = 8});
  if (!json) return propagate(std::move(json).error(), "read followers.state");
  Reader in{*json};
  if (in.number("version") != format_version) return malformed("of another version");
  FollowersRecord out{.at_ms = in.number("at_ms")};
  for (const Json& item : in.array("zones", zones_max)) {
    Reader zone{item};
    const ServedZone served{.zone = find_zone(zone.text("zone")),
                            .serial = zone.serial("serial"),
                            .changed_ms = zone.number("changed_ms")};
    if (!zone.good()) return malformed("a zone");
    if (served.zone != nullptr) out.zones.push_back(served);
  }
  for (const Json& item : in.array("followers", access_rules_max)) {
    auto follower = follower_of(item);
    if (!follower) return tl::unexpected<Error>{std::move(follower).error()};
    out.followers.push_back(std::move(*follower));
  }
  if (!in.good()) return malformed("not whole");
  return out;
}

}  // namespace khien::publish
