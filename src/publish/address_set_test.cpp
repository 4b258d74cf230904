// Sets of addresses: kept, guarded and given out as zones are, and never in DNS.
#include <gtest/gtest.h>
#include <unistd.h>

#include "publish/address_names.h"
#include "publish/good_names.h"
#include "publish/list_delta.h"
#include "publish/list_shelf.h"
#include "publish/publication_control.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

using exchange::ListOutput;

constexpr std::string_view the_set = "addresses-phishing";

TEST(AddressNames, GoThereAndBack) {
  const std::pair<const char*, const char*> table[] = {
      {"192.0.2.7", "32.7.2.0.192.rpz-ip"},
      {"192.0.2.0/28", "28.0.2.0.192.rpz-ip"},
      {"2001:db8::7", "128.7.0.0.0.0.0.db8.2001.rpz-ip"},
      {"2001:db8:5::/48", "48.0.0.0.0.0.5.db8.2001.rpz-ip"}};
  for (const auto& [text, name] : table) {
    EXPECT_EQ(address_name(text), name);
    EXPECT_EQ(address_text(name), text);
    EXPECT_EQ(address_text(std::string{name} + "."), text);
  }
  for (const auto* text : {"", "a.example", "192.0.2.7/28", "192.0.2.0/33"}) {
    EXPECT_EQ(address_name(text), std::nullopt) << text;
  }
  for (const auto* name : {"", "rpz-ip", "a.example", "32.7.2.0.192", "33.7.2.0.192.rpz-ip",
                           "28.7.2.0.192.rpz-ip", "32.7.2.0.192.rpz-client-ip"}) {
    EXPECT_EQ(address_text(name), std::nullopt) << name;
  }
}

TEST(AddressSets, AreNoZones) {
  EXPECT_EQ(all_sets().size(), all_zones().size() + 10 + 11);
  EXPECT_EQ(find_zone(the_set), nullptr);
  EXPECT_EQ(find_zone("addresses-phishing.rpz.khien."), nullptr);
  ASSERT_NE(find_set(the_set), nullptr);
  EXPECT_EQ(set_for(SetOf::addresses, Basis::orders, Category::phishing), find_set(the_set));
  EXPECT_EQ(set_for(SetOf::addresses, Basis::emergency, Category::phishing), nullptr);
  EXPECT_EQ(set_for(SetOf::addresses, Basis::orders, Category::choice_ads), nullptr);
  EXPECT_TRUE(address_set_for(Category::child_abuse)->keys_only);
  for (const ZoneFacts& zone : all_zones()) EXPECT_EQ(find_zone(zone.id), find_set(zone.id));
}

class AddressSetTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    shelf_.reset();
    control_.reset();
    zones_.reset();
    gate_.reset();
    auto gate = Gate::open({.folder = folder_.path() / "zones",
                            .canary_addresses = {*net::Prefix::parse("203.0.113.53"),
                                                 *net::Prefix::parse("2001:db8:53::/48")},
                            .good_name = good_names_of(impact_)},
                           clock_);
    ASSERT_TRUE(gate.has_value()) << gate.error().message;
    gate_ = std::move(*gate);
    SystemRng rng;
    auto zones =
        ZoneSet::open({.folder = folder_.path() / "zones", .gate = gate_.get()}, clock_, rng);
    ASSERT_TRUE(zones.has_value()) << zones.error().message;
    zones_ = std::move(*zones);
    control_.emplace(*zones_, *gate_, clock_);
    auto shelf =
        ListShelf::open({.folder = folder_.path() / "lists", .public_url = "https://khien.example"},
                        *zones_, key_, clock_, metrics_);
    ASSERT_TRUE(shelf.has_value());
    shelf_ = std::move(*shelf);
  }
  Applied apply(ChangeKind kind, std::string_view text, std::string_view source = "order:1",
                InstantMs until_ms = 0) {
    const auto name = address_name(text).value_or(std::string{text});
    const Change change{.kind = kind,
                        .zone = the_set,
                        .name = name,
                        .source = source,
                        .until_ms = until_ms,
                        .warrant = Warrant::two_signers};
    auto applied = zones_->apply({&change, 1});
    KHIEN_ASSERT(applied.has_value());
    return std::move(*applied);
  }
  bool holds(std::string_view text) {
    return zones_->held(test_zone(the_set), test_name(*address_name(text))).name;
  }
  std::string list(std::string_view id, ListOutput output) {
    clock_.advance(60'000);  // a list that changes is made again no sooner than ten seconds after
    auto open = shelf_->newest(*find_list(id), output);
    EXPECT_TRUE(open.has_value()) << open.error().message;
    if (!open) return {};
    std::string text(open->edition.size, '\0');
    EXPECT_EQ(::pread(open->file.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    return text;
  }
  /// The lines of a list that are no comment.
  std::string entries(std::string_view id) {
    std::string out;
    std::string_view text;
    const auto whole = list(id, ListOutput::prefixes);
    text = whole;
    while (!text.empty()) {
      const auto line = text.substr(0, text.find('\n') + 1);
      text.remove_prefix(line.size());
      if (!line.starts_with('#')) out += line;
    }
    return out;
  }

  TemporaryFolder folder_;
  ManualClock clock_{1'795'800'000'000};
  Metrics metrics_;
  SystemRng rng_;
  crypto::Ed25519Key key_ = crypto::Ed25519Key::generate(rng_);
  Snapshot<cases::ImpactData> impact_{[] {
    const std::filesystem::path shipped{KHIEN_SOURCE_DIR "/data"};
    return std::make_shared<const cases::ImpactData>(
        *cases::ImpactData::load(std::span{&shipped, 1}, {"khien.example"}));
  }()};
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublicationControl> control_;
  std::unique_ptr<ListShelf> shelf_;
};

TEST_F(AddressSetTest, TakesAddressesAloneAndZonesNone) {
  EXPECT_TRUE(apply(ChangeKind::add, "192.0.2.7").refused.empty());
  EXPECT_TRUE(holds("192.0.2.7"));
  EXPECT_EQ(apply(ChangeKind::add, "xau.example").refused.at(0).reason, "bad_name");
  const Change smuggled{
      .zone = "orders-phishing", .name = "32.7.2.0.192.rpz-ip", .source = "order:1"};
  EXPECT_EQ(zones_->apply({&smuggled, 1})->refused.at(0).reason, "bad_name");
}

TEST_F(AddressSetTest, SurvivesARestartAndLapsesOnTimeByItself) {
  apply(ChangeKind::add, "192.0.2.7", "order:1", clock_.now_ms() + 1'000);
  apply(ChangeKind::add, "2001:db8::/64", "order:2");
  const auto serial = *zones_->serial(test_zone(the_set));
  open();
  EXPECT_EQ(*zones_->serial(test_zone(the_set)), serial);
  EXPECT_TRUE(holds("192.0.2.7"));
  ASSERT_TRUE(zones_->compact().has_value());
  open();
  EXPECT_TRUE(holds("2001:db8::/64"));
  clock_.advance(1'000);
  ASSERT_TRUE(zones_->lapse().has_value());
  EXPECT_FALSE(holds("192.0.2.7"));
  EXPECT_TRUE(holds("2001:db8::/64"));
}

TEST_F(AddressSetTest, IsGivenOutAsSignedListsOfItsOwnFormats) {
  apply(ChangeKind::add, "192.0.2.7");
  apply(ChangeKind::add, "2001:db8:5::/48", "order:2");
  EXPECT_EQ(entries(the_set), "192.0.2.7\n2001:db8:5::/48\n");
  EXPECT_EQ(entries("addresses"), entries(the_set));
  const auto csv = list(the_set, ListOutput::csv);
  EXPECT_NE(csv.find("192.0.2.7,address,addresses-phishing\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("2001:db8:5::/48,prefix,addresses-phishing\n"), std::string::npos);
  const auto json = list(the_set, ListOutput::json);
  EXPECT_NE(json.find(R"({"name":"192.0.2.7","scope":"address","zone":"addresses-phishing"})"),
            std::string::npos)
      << json;
  apply(ChangeKind::remove, "192.0.2.7");
  EXPECT_EQ(entries(the_set), "2001:db8:5::/48\n");
  EXPECT_EQ(find_list("addresses-child-abuse"), nullptr);
  EXPECT_EQ(find_list(the_set)->life_ms, ms_per_day);
  for (const auto& one : all_lists()) {
    const bool has =
        std::ranges::find(outputs_of(one), ListOutput::prefixes) != outputs_of(one).end();
    EXPECT_EQ(has, one.of == SetOf::addresses) << one.id;
  }
}

TEST_F(AddressSetTest, ADeltaNamesAddressesAsPeopleWriteThem) {
  const auto from = *zones_->serial(test_zone(the_set));
  apply(ChangeKind::add, "192.0.2.7");
  apply(ChangeKind::add, "192.0.2.0/28", "order:2");
  const auto middle = *zones_->serial(test_zone(the_set));
  apply(ChangeKind::remove, "192.0.2.7");
  const auto text = [&](std::uint32_t since, std::optional<std::uint32_t> to) {
    return delta_text(test_zone(the_set), *read_delta(*zones_, test_zone(the_set), since, to));
  };
  EXPECT_NE(text(from, middle).find(R"({"name":"192.0.2.7","scope":"address"})"), std::string::npos)
      << text(from, middle);
  EXPECT_NE(text(from, middle).find(R"({"name":"192.0.2.0/28","scope":"prefix"})"),
            std::string::npos);
  EXPECT_NE(text(middle, {})
                .find(R"("remove":[)"
                      "\n"
                      R"("192.0.2.7")"),
            std::string::npos)
      << text(middle, {});
}

TEST_F(AddressSetTest, ABurstWaitsForAPerson) {
  std::size_t held = 0;
  for (int i = 0; i <= 20; ++i) {
    held += apply(ChangeKind::add, "192.0.2." + std::to_string(i), "order:" + std::to_string(i))
                .held.size();
  }
  EXPECT_EQ(held, 1U);
  ASSERT_EQ(gate_->held().size(), 1U);
  EXPECT_EQ(gate_->held()[0].reason, HoldReason::too_many);
  // Zones have their own window.
  const Change name{.zone = "orders-phishing", .name = "xau.example", .source = "order:n"};
  EXPECT_TRUE(zones_->apply({&name, 1})->held.empty());
  clock_.advance(11 * ms_per_minute);
  EXPECT_TRUE(apply(ChangeKind::add, "198.51.100.1", "order:x").held.empty());
  auto released = control_->release({.id = gate_->held()[0].id, .name = "192.0.2.20"},
                                    {.place = Hand::Place::account, .who = "person"});
  ASSERT_TRUE(released.has_value()) << released.error().message;
  EXPECT_TRUE(holds("192.0.2.20"));
}

TEST_F(AddressSetTest, CanaryAndNeverBlockAddressesAreHeldWhoeverSigned) {
  for (const auto* text :
       {"203.0.113.53", "203.0.113.48/28", "2001:db8:53::1", "8.8.8.8", "104.16.0.0/24"}) {
    EXPECT_EQ(apply(ChangeKind::add, text, std::string{"order:"} + text).held.size(), 1U) << text;
    EXPECT_FALSE(holds(text)) << text;
  }
  EXPECT_TRUE(apply(ChangeKind::add, "203.0.113.54", "order:y").held.empty());
  // A lift takes what waits away, and is held up by nothing.
  apply(ChangeKind::remove, "8.8.8.8", "order:8.8.8.8");
  EXPECT_FALSE(gate_->holds(the_set, "order:8.8.8.8", *address_name("8.8.8.8")));
}

TEST_F(AddressSetTest, IsRolledBackLikeAZone) {
  apply(ChangeKind::add, "192.0.2.7");
  const auto good = *zones_->serial(test_zone(the_set));
  apply(ChangeKind::add, "192.0.2.8", "order:2");
  const auto done = control_->roll_back(
      {.zone = std::string{the_set}, .serial = good, .reason = "nhầm"}, {.who = "uid 0"});
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_TRUE(holds("192.0.2.7"));
  EXPECT_FALSE(holds("192.0.2.8"));
}

}  // namespace
}  // namespace khien::publish
