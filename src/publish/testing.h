// What the tests of this module share.
#pragma once

#include <filesystem>
#include <string>

#include "base/random.h"
#include "publish/zone_set.h"

namespace khien::publish {

/// A folder of its own under the system's temporary one, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    SystemRng rng;
    path_ = std::filesystem::temp_directory_path() /
            ("khien-publish-" + std::to_string(rng.next_u64()));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

inline dns::Name test_name(std::string_view text) {
  auto name = dns::Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

inline const ZoneFacts& test_zone(std::string_view id = "orders-phishing") {
  const ZoneFacts* zone = find_zone(id);
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
