#include "publish/followers.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "publish/catalog.h"
#include "publish/key_file.h"
#include "publish/zone_names.h"

namespace khien::publish {
namespace {

using codec::Json;

constexpr std::size_t file_size_max = 1 << 20;
constexpr std::size_t name_size_max = 40;

bool is_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= name_size_max &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

/// Names of other keys' files in STATE/keys.
bool is_taken(std::string_view name) noexcept {
  constexpr std::array taken{"seal", "server", "ledger", "lists", "resolver-report"};
  return std::ranges::find(taken, name) != taken.end();
}

tl::unexpected<Error> malformed(std::string_view name, std::string_view what) {
  return fail(ErrorCode::malformed,
              "followers.json: " + std::string{name} + ": " + std::string{what});
}

/// The texts of an optional array, each through `parse`.
template <typename T, typename Parse>
Result<std::vector<T>> list_at(const Json& item, std::string_view key, Parse parse) {
  std::vector<T> out;
  if (item.find(key) == nullptr) return out;
  auto texts = item.texts_at(key);
  if (!texts) return tl::unexpected<Error>{std::move(texts).error()};
  for (const auto& text : *texts) {
    auto value = parse(text);
    if (!value) return tl::unexpected<Error>{std::move(value).error()};
    out.push_back(std::move(*value));
  }
  return out;
}

Result<Follower> follower_from(const Json& item) {
  auto name = item.text_at("name");
  if (!name || !is_name(*name)) return malformed("an entry", "has no good name");
  if (is_taken(*name)) return malformed(*name, "a key of khiend's own has this name");
  auto key = item.optional_text_at("key");
  if (!key || (*key && **key != *name)) return malformed(*name, "key must be its own name");
  auto addresses = list_at<net::Prefix>(item, "addresses", net::Prefix::parse);
  if (!addresses) return malformed(*name, addresses.error().message);
  auto zones =
      list_at<std::string>(item, "zones", [](const std::string& id) -> Result<std::string> {
        if (find_zone(id) == nullptr) return fail(ErrorCode::malformed, "there is no zone " + id);
        return id;
      });
  if (!zones) return malformed(*name, zones.error().message);
  auto notify = list_at<net::SocketAddress>(
      item, "notify", [](const std::string& text) { return net::SocketAddress::parse(text); });
  if (!notify) return malformed(*name, notify.error().message);
  auto pins = list_at<crypto::Sha256Digest>(item, "pins", parse_pin);
  if (!pins) return malformed(*name, pins.error().message);
  auto ring_word = item.optional_text_at("ring");
  const auto ring = ring_word ? parse_ring(ring_word->value_or("all")) : std::nullopt;
  if (!ring) return malformed(*name, "ring is none of own, partner, all");
  return Follower{.name = std::move(*name),
                  .signs = key->has_value(),
                  .addresses = std::move(*addresses),
                  .pins = std::move(*pins),
                  .zones = std::move(*zones),
                  .notify = std::move(*notify),
                  .ring = *ring};
}

template <typename T>
Json texts_of(const std::vector<T>& values) {
  Json::Array out;
  for (const auto& value : values) out.emplace_back(to_string(value));
  return Json{std::move(out)};
}

}  // namespace

std::filesystem::path followers_path(const std::filesystem::path& state) {
  return state / "followers.json";
}

std::filesystem::path follower_key_path(const std::filesystem::path& state, std::string_view name) {
  return state / "keys" / (std::string{name} + ".key");
}

Result<std::vector<Follower>> read_followers(const std::filesystem::path& state) {
  auto content = read_file(followers_path(state), file_size_max);
  if (!content && content.error().code == ErrorCode::not_found) return std::vector<Follower>{};
  if (!content) return propagate(std::move(content).error(), "read followers");
  auto json = Json::parse(*content, {.size_max = file_size_max, .depth_max = 4});
  if (!json) return propagate(std::move(json).error(), "read followers.json");
  if (!json->is_array()) return fail(ErrorCode::malformed, "followers.json is no array");
  std::vector<Follower> followers;
  for (const auto& item : json->items()) {
    auto follower = follower_from(item);
    if (!follower) return tl::unexpected<Error>{std::move(follower).error()};
    followers.push_back(std::move(*follower));
  }
  return followers;
}

Result<void> write_followers(const std::filesystem::path& state,
                             const std::vector<Follower>& followers) {
  Json::Array items;
  for (const auto& follower : followers) {
    auto item = Json::object({{"name", follower.name}});
    if (follower.signs) item.set("key", follower.name);
    if (!follower.addresses.empty()) item.set("addresses", texts_of(follower.addresses));
    if (!follower.pins.empty()) {
      Json::Array pins;
      for (const auto& pin : follower.pins) pins.emplace_back(codec::base64(pin));
      item.set("pins", std::move(pins));
    }
    if (!follower.zones.empty()) {
      Json::Array zones;
      for (const auto& zone : follower.zones) zones.emplace_back(zone);
      item.set("zones", std::move(zones));
    }
    if (!follower.notify.empty()) item.set("notify", texts_of(follower.notify));
    if (follower.ring != Ring::all) item.set("ring", to_string(follower.ring));
    items.push_back(std::move(item));
  }
  return write_file_atomically(followers_path(state), as_bytes(Json{std::move(items)}.dump()),
                               FileAccess::owner);
}

Result<void> put_follower(const std::filesystem::path& state, const Follower& follower, Rng& rng) {
  if (!is_name(follower.name)) {
    return fail(ErrorCode::invalid_argument, "a follower's name is 1 to 40 of a-z, 0-9 and '-'");
  }
  if (is_taken(follower.name)) {
    return fail(ErrorCode::invalid_argument, "a key of khiend's own is called " + follower.name +
                                                 ": give the follower another name");
  }
  if (!follower.signs && follower.addresses.empty() && follower.pins.empty()) {
    return fail(ErrorCode::invalid_argument, "a follower needs a key, an address or a pin");
  }
  auto followers = read_followers(state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  std::erase_if(*followers, [&](const Follower& one) { return one.name == follower.name; });
  followers->push_back(follower);
  const auto key_path = follower_key_path(state, follower.name);
  if (follower.signs && !std::filesystem::exists(key_path)) {
    std::error_code error;
    std::filesystem::create_directories(key_path.parent_path(), error);
    auto key = make_key(follower.name, rng, follower.algorithm);
    if (!key) return tl::unexpected<Error>{std::move(key).error()};
    if (auto written = write_key_file(key_path, *key); !written) return written;
  }
  return write_followers(state, *followers);
}

Result<void> set_follower_ring(const std::filesystem::path& state, std::string_view name,
                               Ring ring) {
  auto followers = read_followers(state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  const auto known = std::ranges::find(*followers, name, &Follower::name);
  if (known == followers->end()) {
    return fail(ErrorCode::not_found,
                "nobody follows as " + std::string{name} + ": see `khienctl zone follower list`");
  }
  known->ring = ring;
  return write_followers(state, *followers);
}

std::vector<const ZoneFacts*> zones_of(const Follower& follower) {
  AccessRule rule{.name = follower.name,
                  .addresses = follower.addresses,
                  .pins = follower.pins,
                  .zones = follower.zones,
                  .ring = follower.ring};
  if (follower.signs) rule.key = dns::Name{};
  return members_of(rule);
}

Result<Access> load_access(const std::filesystem::path& state, std::int64_t now_s) {
  auto followers = read_followers(state);
  if (!followers) return tl::unexpected<Error>{std::move(followers).error()};
  Access access;
  for (auto& follower : *followers) {
    AccessRule rule{.name = follower.name,
                    .addresses = std::move(follower.addresses),
                    .pins = std::move(follower.pins),
                    .zones = std::move(follower.zones),
                    .ring = follower.ring,
                    .notify = std::move(follower.notify)};
    if (follower.signs) {
      auto key = read_key_file(follower_key_path(state, follower.name));
      if (!key) return propagate(std::move(key).error(), "read the key of " + follower.name);
      rule.key = key->name;
      access.keys.push_back(std::move(*key));
    }
    access.rules.push_back(std::move(rule));
  }
  if (auto checked = check(access); !checked) return tl::unexpected<Error>{checked.error()};
  if (auto kept = assign_catalog_serials(access, catalogs_path(state), now_s); !kept) {
    return tl::unexpected<Error>{std::move(kept).error()};
  }
  return access;
}

Result<crypto::Sha256Digest> parse_pin(std::string_view text) {
  const auto octets = codec::parse_base64(text);
  crypto::Sha256Digest pin{};
  if (!octets || octets->size() != pin.size()) {
    return fail(ErrorCode::malformed, "a pin is the base64 of a SHA-256: " + std::string{text});
  }
  std::ranges::copy(*octets, pin.begin());
  return pin;
}

Result<std::vector<std::string>> zones_of_bases(std::string_view words) {
  std::vector<std::string> out;
  while (!words.empty()) {
    const auto comma = words.find(',');
    const auto word = words.substr(0, comma);
    words.remove_prefix(comma == std::string_view::npos ? words.size() : comma + 1);
    const auto before = out.size();
    for (const auto& zone : all_zones()) {
      const bool of_basis = zone.id.starts_with(std::string{word} + "-");
      if (zone.is_trial()) continue;
      if (zone.id == word || of_basis) out.push_back(zone.id);
    }
    if (out.size() == before) {
      const bool is_trial = word.starts_with("trial");
      return fail(ErrorCode::invalid_argument,
                  is_trial ? "trial zones are not named one by one: give the follower a ring"
                           : "there is no zone or basis " + std::string{word});
    }
  }
  return out;
}

}  // namespace khien::publish
