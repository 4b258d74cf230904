// What the tests of this module share.
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "base/testing/temporary_folder.h"
#include "publish/zone_set.h"

namespace khien::publish {

inline dns::Name test_name(std::string_view text) {
  auto name = dns::Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

inline const ZoneFacts& test_zone(std::string_view id = "orders-phishing") {
  const ZoneFacts* zone = find_set(id);
  KHIEN_ASSERT(zone != nullptr);
  return *zone;
}

inline std::unique_ptr<ZoneSet> open_zones(const std::filesystem::path& folder,
                                           const Clock& clock) {
  SystemRng rng;
  auto zones = ZoneSet::open({.folder = folder}, clock, rng);
  KHIEN_ASSERT(zones.has_value());
  return std::move(*zones);
}

}  // namespace khien::publish
