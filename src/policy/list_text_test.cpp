#include "policy/list_text.h"

#include "policy/test_names.h"

namespace khien::policy {
namespace {

const Source fraud = source_named("feeds-fraud");

TEST(AddList, TakesDomainsAndCountsTheRest) {
  NameTable table{{.a = 1, .b = 3}};
  const auto counts = add_list(table,
                               "# a list\n"
                               "Scam.example\r\n"
                               "\n"
                               "  shop.test\tfraud\n"
                               "scam.EXAMPLE.  # again\n"
                               "192.0.2.1\n"
                               "a..example\n"
                               "com\n"
                               ".\n"
                               "last.example",
                               fraud);
  ASSERT_TRUE(counts.has_value());
  EXPECT_EQ(counts->accepted, 3U);
  EXPECT_EQ(counts->duplicate, 1U);
  EXPECT_EQ(counts->bad_name, 3U);  // an address, an empty label, the root
  EXPECT_EQ(counts->too_wide, 1U);
  EXPECT_EQ(table.size(), 3U);
  const auto* found = table.find(NameKey{wire_of("scam.example"), table.key()});
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->exact, mask_of(fraud));
  EXPECT_EQ(found->below, mask_of(fraud));
}

TEST(HostToWire, KnowsItsLimits) {
  std::array<std::uint8_t, key_name_size_max> out;
  const std::string label(63, 'a');
  EXPECT_TRUE(host_to_wire(label + ".example", out).has_value());
  EXPECT_FALSE(host_to_wire(label + "a.example", out).has_value());
  const std::string longest =
      label + "." + label + "." + label + "." + std::string(61, 'b');  // 253 characters
  EXPECT_EQ(host_to_wire(longest, out), 255U);
  EXPECT_FALSE(host_to_wire(longest + "b", out).has_value());
  for (const auto text : {"", ".", "a b.example", "ng\xc3\xa2n.example", ".a.example"}) {
    EXPECT_FALSE(host_to_wire(text, out).has_value()) << text;
  }
}

}  // namespace
}  // namespace khien::policy
