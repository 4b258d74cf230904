#include "publish/catalog.h"

#include <algorithm>
#include <map>

#include "base/file.h"
#include "base/log.h"
#include "codec/json.h"

namespace khien::publish {
namespace {

using codec::Json;

constexpr std::size_t file_size_max = 1U << 20;   // 256 followers of 40 zones with 30 octets each
constexpr std::string_view schema_version = "2";  // RFC 9432 section 4.2.1

dns::Name name_of(std::string_view text) {
  auto name = dns::Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

Octets text_rdata(std::string_view text) {
  Octets rdata{static_cast<std::uint8_t>(text.size())};
  rdata.insert(rdata.end(), text.begin(), text.end());
  return rdata;
}

struct Issued {
  std::uint32_t serial = 0;
  std::vector<std::string> members;
  friend bool operator==(const Issued&, const Issued&) = default;
};
using IssuedCatalogs = std::map<std::string, Issued>;  // by follower

Result<IssuedCatalogs> read_issued(const std::filesystem::path& path) {
  auto content = read_file(path, file_size_max);
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  auto json = Json::parse(*content, {.size_max = file_size_max, .depth_max = 4});
  if (!json) return tl::unexpected<Error>{std::move(json).error()};
  IssuedCatalogs issued;
  for (const Json& item : json->items()) {
    auto follower = item.text_at("follower");
    auto serial = item.integer_at("serial");
    auto members = item.texts_at("members");
    const bool is_good =
        follower && serial && members && *serial > 0 && *serial <= std::int64_t{UINT32_MAX};
    if (!is_good) return fail(ErrorCode::malformed, "catalogs.state: an entry");
    issued[*follower] = {.serial = static_cast<std::uint32_t>(*serial),
                         .members = std::move(*members)};
  }
  return issued;
}

Result<void> write_issued(const std::filesystem::path& path, const IssuedCatalogs& issued) {
  Json::Array items;
  for (const auto& [follower, catalog] : issued) {
    Json::Array members;
    for (const auto& member : catalog.members) members.emplace_back(member);
    items.push_back(Json::object({{"follower", follower},
                                  {"serial", std::int64_t{catalog.serial}},
                                  {"members", Json{std::move(members)}}}));
  }
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  return write_file_atomically(path, as_bytes(Json{std::move(items)}.dump()), FileAccess::owner);
}

}  // namespace

const ZoneFacts& catalog_zone() {
  static const ZoneFacts facts{.id = "catalog", .name = name_of("catalog.khien.")};
  return facts;
}

const ZoneFacts* find_served_zone(std::string_view name) {
  const bool is_catalog = name == "catalog" || name == "catalog.khien" || name == "catalog.khien.";
  return is_catalog ? &catalog_zone() : find_zone(name);
}

std::vector<const ZoneFacts*> members_of(const AccessRule& rule) {
  std::vector<const ZoneFacts*> members;
  for (const ZoneFacts& zone : all_zones()) {
    if (covers(rule, zone)) members.push_back(&zone);
  }
  return members;
}

std::vector<CatalogRecord> catalog_records(std::span<const ZoneFacts* const> members) {
  std::vector<CatalogRecord> records;
  records.push_back({.owner = catalog_zone().name,
                     .type = dns::type_ns,
                     .rdata = to_octets(name_of("invalid.").wire())});
  records.push_back({.owner = name_of("version.catalog.khien."),
                     .type = dns::type_txt,
                     .rdata = text_rdata(schema_version)});
  for (const ZoneFacts* member : members) {
    records.push_back({.owner = name_of(member->id + ".zones.catalog.khien."),
                       .type = dns::type_ptr,
                       .rdata = to_octets(member->name.wire())});
  }
  return records;
}

std::filesystem::path catalogs_path(const std::filesystem::path& state) {
  return state / "zones" / "catalogs.state";
}

Result<void> assign_catalog_serials(Access& access, const std::filesystem::path& path,
                                    std::int64_t now_s) {
  auto read = read_issued(path);
  if (!read && read.error().code != ErrorCode::not_found) {
    KHIEN_LOG(warning, "catalogs_begun_anew", {"message", read.error().message});
  }
  const IssuedCatalogs before = read ? std::move(*read) : IssuedCatalogs{};
  IssuedCatalogs issued;
  for (AccessRule& rule : access.rules) {
    Issued catalog;
    for (const ZoneFacts* member : members_of(rule)) catalog.members.push_back(member->id);
    const auto known = before.find(rule.name);
    const bool is_same = known != before.end() && known->second.members == catalog.members;
    const std::uint32_t last = known == before.end() ? 0 : known->second.serial;
    catalog.serial = is_same ? last : std::max(last + 1, static_cast<std::uint32_t>(now_s));
    rule.catalog_serial = catalog.serial;
    issued[rule.name] = std::move(catalog);
  }
  // Who follows no more may come back, and must not meet a serial that it knows: it is kept.
  for (const auto& [follower, catalog] : before) {
    if (issued.size() < 2 * access_rules_max) issued.try_emplace(follower, catalog);
  }
  if (issued == before) return {};
  if (auto written = write_issued(path, issued); !written) {
    return propagate(std::move(written).error(), "keep the catalogs' serials");
  }
  return {};
}

}  // namespace khien::publish
