#include "policy/rare_zone.h"

#include <gtest/gtest.h>

#include "policy/test_rare.h"

namespace khien::policy {
namespace {

using dns::RpzTriggerKind;

TEST(RareZone, FindsNamesAndTheLongestPrefix) {
  const auto zone = rare_zone_of({rare_name("xau.example", "CNAME", "rpz-passthru."),
                                  rare_name("*.xau.example", "CNAME", "rpz-drop."),
                                  rare_address(RpzTriggerKind::ip, "24.0.2.0.192", "."),
                                  rare_address(RpzTriggerKind::ip, "32.7.2.0.192", "*."),
                                  rare_address(RpzTriggerKind::ip, "32.zz.db8.2001", ".")});
  const auto name = wire_of("xau.example");
  const auto exact = zone->find(RpzTriggerKind::qname, false, name);
  const auto below = zone->find(RpzTriggerKind::qname, true, name);
  ASSERT_TRUE(exact && below);
  EXPECT_EQ(zone->rule(*exact).action, Action::passthru);
  EXPECT_EQ(zone->rule(*below).action, Action::drop);
  EXPECT_FALSE(zone->find(RpzTriggerKind::nsdname, false, name).has_value());

  const auto action_at = [&](std::initializer_list<std::uint8_t> address) {
    const Octets octets{address};
    const auto rule = zone->find_address(RpzTriggerKind::ip, octets);
    return rule ? zone->rule(*rule).action : Action::none;
  };
  EXPECT_EQ(action_at({192, 0, 2, 7}), Action::nodata);
  EXPECT_EQ(action_at({192, 0, 2, 8}), Action::nxdomain);
  EXPECT_EQ(action_at({192, 0, 3, 7}), Action::none);
  EXPECT_EQ(action_at({0x20, 1, 0x0d, 0xb8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}), Action::nxdomain);
  EXPECT_EQ(action_at({0x20, 1, 0x0d, 0xb9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}), Action::none);
}

TEST(RareZone, RecordsAreRefusedOneByOne) {
  RareZoneEditor editor{nullptr};
  const TestRecord a = rare_name("xau.example", "A", "192.0.2.1");
  const TestRecord b = rare_name("xau.example", "A", "192.0.2.2");
  const TestRecord alias = rare_name("xau.example", "CNAME", "vuon.example.");
  EXPECT_EQ(editor.add(a.view()), RareEdit::done);
  EXPECT_EQ(editor.add(a.view()), RareEdit::duplicate);
  EXPECT_EQ(editor.add(b.view()), RareEdit::done);
  EXPECT_EQ(editor.add(alias.view()), RareEdit::conflicting);
  EXPECT_EQ(editor.remove(alias.view()), RareEdit::missing);
  EXPECT_EQ(editor.remove(a.view()), RareEdit::done);
  EXPECT_EQ(editor.remove(b.view()), RareEdit::done);
  EXPECT_EQ(editor.add(alias.view()), RareEdit::done);
  EXPECT_EQ(editor.build()->size(), 1U);
}

TEST(RareZone, OneTriggerHasSoManyRecordsAndNoMore) {
  RareZoneEditor editor{nullptr};
  for (std::size_t i = 0; i < rare_records_max; ++i) {
    const auto record = rare_name("xau.example", "A", "192.0.2." + std::to_string(i));
    ASSERT_EQ(editor.add(record.view()), RareEdit::done);
  }
  EXPECT_EQ(editor.add(rare_name("xau.example", "A", "192.0.2.99").view()), RareEdit::over_limit);
}

TEST(RareZone, AZoneHasSoManyTriggersAndNoMore) {
  RareZoneEditor editor{nullptr};
  for (std::size_t i = 0; i < rare_rules_max; ++i) {
    const auto labels = "32." + std::to_string(i & 255) + "." + std::to_string(i >> 8) + ".51.198";
    ASSERT_EQ(editor.add(rare_address(RpzTriggerKind::ip, labels, ".").view()), RareEdit::done);
  }
  EXPECT_TRUE(editor.full());
  const auto more = rare_name("xau.example", "CNAME", "rpz-drop.");
  EXPECT_EQ(editor.add(more.view()), RareEdit::over_limit);
  const auto zone = editor.build();
  EXPECT_EQ(zone->size(), rare_rules_max);
  EXPECT_TRUE(zone->find_address(RpzTriggerKind::ip, Octets{198, 51, 255, 254}).has_value());
}

TEST(RareZone, WrittenRecordsReadBackAndEveryCutIsRefused) {
  for (const TestRecord& record :
       {rare_name("*.xau.example", "CNAME", "*.vuon.example."),
        rare_name("ns.xau.example", "CNAME", ".", RpzTriggerKind::nsdname),
        rare_address(RpzTriggerKind::client_ip, "48.zz.7.db8.2001", "rpz-tcp-only.")}) {
    Octets octets;
    append_record(octets, record.view());
    Bytes rest = octets;
    const auto read = take_record(rest);
    ASSERT_TRUE(read.has_value());
    EXPECT_TRUE(rest.empty());
    Octets again;
    append_record(again, *read);
    EXPECT_EQ(again, octets);
    for (std::size_t size = 0; size < octets.size(); ++size) {
      Bytes cut = Bytes{octets}.first(size);
      EXPECT_FALSE(take_record(cut).has_value()) << size;
    }
  }
}

TEST(RareZone, RecordsThatNoZoneMayHaveAreRefused) {
  const auto is_read = [](const TestRecord& record) {
    Octets octets;
    append_record(octets, record.view());
    Bytes rest = octets;
    return take_record(rest).has_value();
  };
  EXPECT_FALSE(is_read(rare_name("example", "CNAME", "rpz-drop.")));           // a top-level domain
  EXPECT_FALSE(is_read(rare_name("xau.example", "CNAME", "rpz-something.")));  // unknown action
  TestRecord capitals = rare_name("xau.example", "CNAME", "rpz-drop.");
  capitals.key[1] = 'X';
  EXPECT_FALSE(is_read(capitals));
  TestRecord beyond = rare_address(RpzTriggerKind::ip, "24.0.2.0.192", ".");
  beyond.key[5] = 1;
  EXPECT_FALSE(is_read(beyond));
}

}  // namespace
}  // namespace khien::policy
