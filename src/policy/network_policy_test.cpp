#include "policy/network_policy.h"

#include <gtest/gtest.h>

namespace khien::policy {
namespace {

constexpr AddressKey school = AddressKey::v4(0xC000'0205);
constexpr AddressKey stranger = AddressKey::v4(0xC633'6401);
constexpr EntryPoint by_listener = entry_point(EntryKind::listener, "192.0.2.1:53");
constexpr EntryPoint by_name = entry_point(EntryKind::dot_name, "lop-1.example");

NetworkMap example_map() {
  const std::array prefixes{
      PrefixTable::Entry{AddressPrefix{.base = AddressKey::v4(0xC000'0200), .length = 96 + 24}, 1}};
  auto map = NetworkMap::build(
      *PrefixTable::build(prefixes),
      {{.point = by_listener, .policy = 2, .is_listener = true}, {.point = by_name, .policy = 3}});
  KHIEN_ASSERT(map.has_value());
  return std::move(*map);
}

TEST(NetworkMap, ANameThatTheClientChoseGoesBeforeItsAddressAndThatBeforeTheListener) {
  const NetworkMap map = example_map();
  EXPECT_EQ(map.find(school, by_name), 3U);
  EXPECT_EQ(map.find(school, by_listener), 1U);
  EXPECT_EQ(map.find(school, no_entry_point), 1U);
  EXPECT_EQ(map.find(stranger, by_listener), 2U);
  EXPECT_EQ(map.find(stranger, no_entry_point), 0U);
  EXPECT_EQ(map.find(stranger, entry_point(EntryKind::dot_name, "lop-2.example")), 0U);
}

TEST(NetworkMap, FindsEachOfManyEntryPoints) {
  std::vector<NetworkMap::Entry> entries;
  for (std::uint32_t i = 1; i <= 1'000; ++i) {
    const std::string path = "/dns-query/" + std::to_string(i);
    entries.push_back({.point = entry_point(EntryKind::doh_path, path), .policy = i});
  }
  const auto map = NetworkMap::build({}, entries);
  ASSERT_TRUE(map.has_value());
  for (const auto& entry : entries) EXPECT_EQ(map->find(school, entry.point), entry.policy);
  EXPECT_EQ(map->find(school, entry_point(EntryKind::doh_path, "/dns-query/0")), 0U);
}

TEST(NetworkMap, RefusesAnEntryPointThatComesTwice) {
  const auto map = NetworkMap::build({}, {{.point = by_name, .policy = 1}, {.point = by_name}});
  ASSERT_FALSE(map.has_value());
  EXPECT_EQ(map.error().code, ErrorCode::conflict);
}

TEST(EntryPoint, TellsKindsAndTextsApart) {
  EXPECT_EQ(entry_point(EntryKind::dot_name, "Lop-1.Example"), by_name);
  EXPECT_NE(entry_point(EntryKind::doh_path, "/A"), entry_point(EntryKind::doh_path, "/a"));
  EXPECT_NE(entry_point(EntryKind::doh_path, "x"), entry_point(EntryKind::listener, "x"));
}

}  // namespace
}  // namespace khien::policy
