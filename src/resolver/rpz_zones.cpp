#include "resolver/rpz_zones.h"

#include <algorithm>

#include "base/file.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "resolver/transfer_key.h"

namespace khien::resolver {
namespace {

using codec::Json;

constexpr std::size_t json_depth = 8;
constexpr std::size_t pins_max = 8;
constexpr std::uint16_t port_tcp = 53;
constexpr std::uint16_t port_tls = 853;  // RFC 9103 section 7

Result<std::vector<crypto::Sha256Digest>> read_pins(const Json& tls) {
  std::vector<crypto::Sha256Digest> pins;
  if (tls.find("pins") == nullptr) return pins;
  const auto texts = tls.texts_at("pins");
  if (!texts) return tl::unexpected(texts.error());
  if (texts->size() > pins_max) return fail(ErrorCode::limit_exceeded, "too many pins");
  for (const std::string& text : *texts) {
    const auto octets = codec::parse_base64(text);
    crypto::Sha256Digest pin{};
    if (!octets || octets->size() != pin.size()) {
      return fail(ErrorCode::malformed, "a pin is the base64 of 32 octets");
    }
    std::ranges::copy(*octets, pin.begin());
    pins.push_back(pin);
  }
  return pins;
}

Result<TransferTls> read_tls(const Json& tls) {
  if (auto known = tls.only({"name", "pins", "authorities"}); !known) {
    return tl::unexpected(std::move(known).error());
  }
  const auto name = tls.optional_text_at("name");
  const auto authorities = tls.optional_text_at("authorities");
  auto pins = read_pins(tls);
  if (!name) return tl::unexpected(name.error());
  if (!authorities) return tl::unexpected(authorities.error());
  if (!pins) return tl::unexpected(std::move(pins).error());
  if (!*name && pins->empty()) {
    return fail(ErrorCode::malformed, "tls: give the server's name, or pins of its key");
  }
  auto context = transfer_tls_context(authorities->value_or(""));
  if (!context) return tl::unexpected(std::move(context).error());
  return TransferTls{.context = std::move(*context),
                     .peer = {.name = name->value_or(""), .pins = std::move(*pins)}};
}

Result<ZonePrimary> read_primary(const Json& zone) {
  ZonePrimary primary;
  const Json* tls = zone.find("tls");
  if (tls != nullptr) {
    auto read = read_tls(*tls);
    if (!read) return tl::unexpected(std::move(read).error());
    primary.tls = std::move(*read);
  }
  const auto address = zone.text_at("primary");
  if (!address) return tl::unexpected(address.error());
  const auto parsed = net::SocketAddress::parse(*address, tls == nullptr ? port_tcp : port_tls);
  if (!parsed || parsed->port == 0) {
    return fail(ErrorCode::malformed, "primary: no address with a port: " + *address);
  }
  primary.address = *parsed;
  const auto key = zone.optional_text_at("key");
  if (!key) return tl::unexpected(key.error());
  if (*key) {
    auto read = read_key(**key);
    if (!read) return tl::unexpected(std::move(read).error());
    primary.key = std::move(*read);
    primary.key_file = **key;
  }
  return primary;
}

Result<void> read_override(const Json& json, policy::ThirdPartyZone& zone) {
  const auto wish = json.optional_text_at("override");
  const auto cname = json.optional_text_at("cname");
  if (!wish) return tl::unexpected(wish.error());
  if (!cname) return tl::unexpected(cname.error());
  const auto parsed = policy::parse_override(wish->value_or("given"));
  if (!parsed) return fail(ErrorCode::malformed, "override: there is no " + **wish);
  zone.override_action = *parsed;
  if ((*parsed == policy::Override::cname) != cname->has_value()) {
    return fail(ErrorCode::malformed, "cname: belongs to the override cname, which needs it");
  }
  if (!*cname) return {};
  auto name = dns::Name::from_text(**cname);
  if (!name || name->is_root()) return fail(ErrorCode::malformed, "cname: no name: " + **cname);
  zone.redirect = std::move(*name);
  return {};
}

Result<RpzZone> read_zone(const Json& json) {
  RpzZone zone;
  if (auto known = json.only({"zone", "primary", "category", "key", "tls", "override", "cname"});
      !known) {
    return tl::unexpected(std::move(known).error());
  }
  const auto text = json.text_at("zone");
  const auto category = json.text_at("category");
  if (!text) return tl::unexpected(text.error());
  if (!category) return tl::unexpected(category.error());
  const auto name = dns::Name::from_text(*text);
  if (!name || name->is_root()) return fail(ErrorCode::malformed, "zone: no name");
  zone.zone.name = name->lower().to_text();
  // It stands in metrics and logs.
  if (zone.zone.name.find_first_of("\\\"\n") != std::string::npos) {
    return fail(ErrorCode::malformed, "zone: no plain name");
  }
  const auto known = parse_category(*category);
  if (!known) return fail(ErrorCode::malformed, "category: there is no " + *category);
  zone.zone.category = *known;
  if (auto read = read_override(json, zone.zone); !read) {
    return tl::unexpected(std::move(read).error());
  }
  auto primary = read_primary(json);
  if (!primary) return tl::unexpected(std::move(primary).error());
  zone.primary = std::move(*primary);
  return zone;
}

}  // namespace

Result<std::vector<RpzZone>> parse_rpz_zones(std::string_view json) {
  const auto document = Json::parse(json, {.size_max = rpz_file_size_max, .depth_max = json_depth});
  if (!document) return tl::unexpected(document.error());
  if (auto known = document->only({"zones"}); !known) {
    return tl::unexpected(std::move(known).error());
  }
  const auto items = document->array_at("zones");
  if (!items) return tl::unexpected(items.error());
  std::vector<RpzZone> zones;
  std::vector<policy::ThirdPartyZone> declared;
  for (std::size_t i = 0; i < items->size(); ++i) {
    auto zone = read_zone((*items)[i]);
    if (!zone) return propagate(std::move(zone).error(), "zone " + std::to_string(i + 1));
    declared.push_back(zone->zone);
    zones.push_back(std::move(*zone));
  }
  if (auto sound = policy::ThirdParty::of(std::move(declared)); !sound) {
    return tl::unexpected(std::move(sound).error());
  }
  return zones;
}

Result<std::vector<RpzZone>> read_rpz_zones(const std::filesystem::path& path) {
  const auto text = read_file(path, rpz_file_size_max);
  if (!text) return tl::unexpected(text.error());
  auto zones = parse_rpz_zones(as_text(*text));
  if (!zones) return propagate(std::move(zones).error(), path.string());
  return zones;
}

}  // namespace khien::resolver
