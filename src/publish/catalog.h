// Catalog zones (RFC 9432): a follower's list of the zones that it may take, itself a zone, so that
// a secondary sets the zones up by itself and takes them down again. All catalogs have one name,
// catalog.khien, and each follower gets its own under it: what it may not take is not listed.
//
// A catalog says which zones there are, not what a resolver does with them: RPZ consumers must
// still name their policy zones (docs/publish/fan-out.md).
#pragma once

#include <filesystem>
#include <span>

#include "publish/access.h"

namespace khien::publish {

/// The catalog's facts; not one of all_zones().
[[nodiscard]] const ZoneFacts& catalog_zone();
/// By id or name, as find_zone(), and the catalog.
[[nodiscard]] const ZoneFacts* find_served_zone(std::string_view name);

/// The zones that the rule's follower may take, in the order of all_zones().
[[nodiscard]] std::vector<const ZoneFacts*> members_of(const AccessRule& rule);

struct CatalogRecord {
  dns::Name owner;
  std::uint16_t type = 0;
  Octets rdata;
};
/// All records but the SOA: NS "invalid.", version "2", and a PTR for each member, whose label is
/// the zone's id, for ever (another label would be another incarnation of the zone).
[[nodiscard]] std::vector<CatalogRecord> catalog_records(std::span<const ZoneFacts* const> members);

[[nodiscard]] std::filesystem::path catalogs_path(const std::filesystem::path& state);

/// Gives each rule the serial of its catalog: the one that it had, kept in `path`, if its members
/// are the same, otherwise a later one (the time in seconds, or one more than before). Writes the
/// file before it returns, so that a serial never stands for two lists. A file that is damaged or
/// lost is begun anew: the time is later than what it held. unavailable if the disk refuses.
[[nodiscard]] Result<void> assign_catalog_serials(Access& access, const std::filesystem::path& path,
                                                  std::int64_t now_s);

}  // namespace khien::publish
