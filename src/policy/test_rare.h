// Records of third parties' zones for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "dns/rdata.h"
#include "policy/rare_rules.h"
#include "policy/test_names.h"

namespace khien::policy {

struct TestRecord {
  dns::RpzTriggerKind kind = dns::RpzTriggerKind::qname;
  bool below = false;
  Octets key;
  std::uint16_t type = 0;
  Octets rdata;

  [[nodiscard]] RareRecord view() const {
    return {.kind = kind, .below = below, .key = key, .type = type, .ttl = 60, .rdata = rdata};
  }
};

inline Octets rdata_of(std::string_view type, std::string_view data) {
  const std::vector<std::string_view> tokens{data};
  auto rdata = dns::rdata_from_text(*dns::type_from_text(type), tokens, dns::Name{});
  KHIEN_ASSERT(rdata.has_value());
  return std::move(*rdata);
}

/// `name` may begin with `*.`.
inline TestRecord rare_name(std::string_view name, std::string_view type, std::string_view data,
                            dns::RpzTriggerKind kind = dns::RpzTriggerKind::qname) {
  const bool below = name.starts_with("*.");
  const auto parsed = dns::Name::from_text(below ? name.substr(2) : name);
  KHIEN_ASSERT(parsed.has_value());
  return {.kind = kind,
          .below = below,
          .key = to_octets(parsed->wire()),
          .type = *dns::type_from_text(type),
          .rdata = rdata_of(type, data)};
}

/// `labels` as they stand in front of rpz-ip.
inline TestRecord rare_address(dns::RpzTriggerKind kind, std::string_view labels,
                               std::string_view cname) {
  const auto prefix = dns::parse_rpz_prefix(*dns::Name::from_text(labels));
  KHIEN_ASSERT(prefix.has_value());
  const PrefixKey key = prefix_key(*prefix);
  return {.kind = kind,
          .key = {key.begin(), key.end()},
          .type = dns::type_cname,
          .rdata = rdata_of("CNAME", cname)};
}

inline std::shared_ptr<const RareZone> rare_zone_of(const std::vector<TestRecord>& records) {
  RareZoneEditor editor{nullptr};
  for (const TestRecord& record : records) {
    EXPECT_EQ(editor.add(record.view()), RareEdit::done);
  }
  return editor.build();
}

}  // namespace khien::policy
