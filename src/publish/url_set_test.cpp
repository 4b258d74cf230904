// Sets of web addresses: kept, guarded and given out as zones are, and never in DNS.
#include <gtest/gtest.h>
#include <unistd.h>

#include "cases/url_target.h"
#include "exchange/url_list.h"
#include "publish/address_names.h"
#include "publish/good_names.h"
#include "publish/list_delta.h"
#include "publish/list_shelf.h"
#include "publish/publication_control.h"
#include "publish/set_names.h"
#include "publish/testing.h"
#include "publish/url_names.h"

namespace khien::publish {
namespace {

using exchange::ListOutput;

constexpr std::string_view url_set = "urls-phishing";

TEST(UrlNames, GoThereAndBack) {
  const std::pair<const char*, const char*> table[] = {
      {"sites.example/scam", "f5zwgyln._.sites.example.url"},
      {"sites.example:8443/scam", "hi4dinbtf5zwgyln._.sites.example.url"},
      {"203.0.113.9/scam", "f5zwgyln._.203.0.113.9.url"},
      {"[2001:db8::9]/scam", "f5zwgyln._.2001-db8--9.url"},
      {"[2001:db8::9]:8443/scam", "hi4dinbtf5zwgyln._.2001-db8--9.url"}};
  for (const auto& [text, name] : table) {
    EXPECT_EQ(url_name(text), name) << text;
    EXPECT_EQ(url_text(name), text) << name;
    EXPECT_EQ(url_text(std::string{name} + "."), text);
    EXPECT_EQ(readable_name(name), text);
    EXPECT_TRUE(is_name_for(SetOf::urls, name));
    EXPECT_FALSE(is_name_for(SetOf::names, name));
    EXPECT_FALSE(is_name_for(SetOf::addresses, name));
  }
  for (const auto* text : {"", "sites.example", "sites.example/", "https://sites.example/scam",
                           "Sites.example/scam", "sites.example/scam/", "sites.example/a?b"}) {
    EXPECT_EQ(url_name(text), std::nullopt) << text;
  }
  // "/scam" differently written, no path, no host, and names of other kinds.
  for (const auto* name :
       {"", "url", "._.url", "f5zwgyln._.sites.example", "F5ZWGYLN._.sites.example.url",
        "f5zw.gyln._.sites.example.url", "ae._.sites.example.url", "f5zwgylnf5._.sites.example.url",
        "f5zwgylnf4._.sites.example.url", "f5zwgylo._..url", "f5zwgyln._.localhost.url",
        "f5zwgyl1._.sites.example.url", "www.sites.example", "32.7.2.0.192.rpz-ip"}) {
    EXPECT_EQ(url_text(name), std::nullopt) << name;
  }
}

// The case is refused before it is drafted, or it can be published: there is nothing between.
TEST(UrlNames, WhateverCanBeOrderedFitsIntoEverySet) {
  for (std::size_t host_size = 9; host_size <= 200; host_size += 7) {
    std::string host;
    while (host.size() + 9 < host_size) host += host.size() % 40 == 39 ? '.' : 'a';
    if (host.ends_with('.')) host.back() = 'a';
    host += ".example";
    std::string longest;
    for (std::size_t size = 1; size < 400; ++size) {
      const auto text = host + "/" + std::string(size, 'b');
      if (!cases::read_url_target(text)) break;
      longest = text;
    }
    if (longest.empty()) continue;
    const auto name = url_name(longest);
    ASSERT_TRUE(name.has_value()) << longest;
    EXPECT_EQ(url_text(*name), longest);
    for (const auto& set : all_sets()) {
      if (set.of != SetOf::urls) continue;
      EXPECT_TRUE(dns::make_rpz_owner(test_name(*name), true, set.name).has_value())
          << set.id << " " << *name;
    }
  }
}

TEST(UrlSets, AreNoZones) {
  EXPECT_EQ(find_zone(url_set), nullptr);
  EXPECT_EQ(find_zone("urls-emergency.rpz.khien."), nullptr);
  ASSERT_NE(find_set(url_set), nullptr);
  EXPECT_EQ(set_for(SetOf::urls, Basis::orders, Category::phishing), find_set(url_set));
  EXPECT_EQ(set_for(SetOf::urls, Basis::emergency, Category::phishing), find_set("urls-emergency"));
  EXPECT_EQ(set_for(SetOf::urls, Basis::emergency, Category::child_abuse),
            find_set("urls-child-abuse"));
  EXPECT_EQ(set_for(SetOf::urls, Basis::feeds, Category::phishing), nullptr);
  EXPECT_EQ(set_for(SetOf::urls, Basis::choice, Category::choice_ads), nullptr);
  EXPECT_TRUE(find_set("urls-child-abuse")->keys_only);
  EXPECT_EQ(find_set("urls-emergency")->expire_s, emergency_expire_s);
}

class UrlSetTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    shelf_.reset();
    control_.reset();
    zones_.reset();
    gate_.reset();
    auto gate = Gate::open({.folder = folder_.path() / "zones",
                            .canaries = {"ngan-hang.example"},
                            .canary_hosts = {"canary.example"},
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
                std::string_view set = url_set, InstantMs until_ms = 0) {
    const auto name = held_name(SetOf::urls, text);
    const Change change{
        .kind = kind, .zone = set, .name = name, .source = source, .until_ms = until_ms};
    auto applied = zones_->apply({&change, 1});
    KHIEN_ASSERT(applied.has_value());
    return std::move(*applied);
  }
  bool holds(std::string_view text, std::string_view set = url_set) {
    return zones_->held(test_zone(set), test_name(*url_name(text))).name;
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

TEST_F(UrlSetTest, TakesWebAddressesAloneAndZonesNone) {
  EXPECT_TRUE(apply(ChangeKind::add, "sites.example/scam").refused.empty());
  EXPECT_TRUE(holds("sites.example/scam"));
  for (const auto* other : {"xau.example", "sites.example/", "32.7.2.0.192.rpz-ip"}) {
    EXPECT_EQ(apply(ChangeKind::add, other).refused.at(0).reason, "bad_name") << other;
  }
  const auto name = *url_name("sites.example/scam");
  for (const auto* zone : {"orders-phishing", "emergency", "addresses-phishing"}) {
    const Change smuggled{.zone = zone, .name = name, .source = "order:1"};
    EXPECT_EQ(zones_->apply({&smuggled, 1})->refused.at(0).reason, "bad_name") << zone;
  }
}

TEST_F(UrlSetTest, SurvivesARestartAndLapsesOnTimeByItself) {
  apply(ChangeKind::add, "sites.example/scam", "order:1", "urls-emergency",
        clock_.now_ms() + 1'000);
  apply(ChangeKind::add, "sites.example/Scam", "order:2");
  open();
  EXPECT_TRUE(holds("sites.example/scam", "urls-emergency"));
  EXPECT_TRUE(holds("sites.example/Scam"));
  EXPECT_FALSE(holds("sites.example/scam")) << "paths have two cases, and so have their names";
  clock_.advance(1'000);
  ASSERT_TRUE(zones_->lapse().has_value());
  EXPECT_FALSE(holds("sites.example/scam", "urls-emergency"));
  EXPECT_TRUE(holds("sites.example/Scam"));
}

TEST_F(UrlSetTest, IsGivenOutAsSignedListsThatAProxyReads) {
  apply(ChangeKind::add, "sites.example/scam");
  apply(ChangeKind::add, "sites.example/a,b", "order:2");
  apply(ChangeKind::add, "[2001:db8::9]:8443/scam", "order:3");
  apply(ChangeKind::add, "sites.example/be", "order:4", "urls-child-abuse");
  apply(ChangeKind::add, "sites.example/gap", "order:5", "urls-emergency");
  for (const auto* id : {"urls-phishing", "urls"}) {
    const auto text = list(id, ListOutput::urls);
    const auto rules = exchange::UrlRules::parse(text);
    ASSERT_TRUE(rules.has_value()) << rules.error().message;
    EXPECT_EQ(rules->size(), 3U) << text;
    const auto covered = [&](std::string_view url) {
      return rules->covering(*text::read_web_target(url)).has_value();
    };
    EXPECT_TRUE(covered("https://sites.example/scam/trang?x=1"));
    EXPECT_TRUE(covered("http://[2001:db8::9]:8443/scam"));
    EXPECT_FALSE(covered("https://sites.example/scammer"));
    EXPECT_FALSE(covered("https://sites.example/be")) << "nobody gets those without a key";
    EXPECT_NE(text.find("# Objections: https://khien.example/object\n"), std::string::npos);
  }
  const auto csv = list(url_set, ListOutput::csv);
  EXPECT_NE(csv.find("sites.example/scam,url,urls-phishing\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("\"sites.example/a,b\",url,urls-phishing\n"), std::string::npos) << csv;
  const auto json = list(url_set, ListOutput::json);
  EXPECT_NE(json.find(R"({"name":"sites.example/scam","scope":"url","zone":"urls-phishing"})"),
            std::string::npos)
      << json;
  EXPECT_NE(list("urls-emergency", ListOutput::urls).find("sites.example/gap\n"),
            std::string::npos);
  EXPECT_EQ(list("emergency", ListOutput::domains).find("gap"), std::string::npos);
  apply(ChangeKind::remove, "sites.example/scam");
  EXPECT_EQ(list(url_set, ListOutput::urls).find("\nsites.example/scam\n"), std::string::npos);
  EXPECT_EQ(find_list("urls-child-abuse"), nullptr);
  EXPECT_EQ(find_list("urls-emergency")->life_ms, 4 * ms_per_hour);
  for (const auto& one : all_lists()) {
    const auto outputs = outputs_of(one);
    EXPECT_EQ(std::ranges::find(outputs, ListOutput::urls) != outputs.end(), one.of == SetOf::urls)
        << one.id;
    for (const auto* zone : one.zones) EXPECT_EQ(zone->of, one.of) << one.id;
  }
}

TEST_F(UrlSetTest, ADeltaNamesPagesAsPeopleWriteThem) {
  const auto from = *zones_->serial(test_zone(url_set));
  apply(ChangeKind::add, "sites.example/scam");
  const auto middle = *zones_->serial(test_zone(url_set));
  apply(ChangeKind::remove, "sites.example/scam");
  const auto text = [&](std::uint32_t since, std::optional<std::uint32_t> to) {
    return delta_text(test_zone(url_set), *read_delta(*zones_, test_zone(url_set), since, to));
  };
  EXPECT_NE(text(from, middle).find(R"({"name":"sites.example/scam","scope":"url"})"),
            std::string::npos)
      << text(from, middle);
  EXPECT_NE(text(middle, {}).find("\n\"sites.example/scam\""), std::string::npos)
      << text(middle, {});
}

TEST_F(UrlSetTest, PagesWhereOneObjectsAreHeldAndPagesOfKnownSitesAreNot) {
  for (const auto* text : {"canary.example/object", "canary.example:8443/l/a",
                           "khien.example/object", "www.google.com/search", "afp.com/tin/bai"}) {
    EXPECT_EQ(apply(ChangeKind::add, text, std::string{"order:"} + text).held.size(), 1U) << text;
    EXPECT_FALSE(holds(text)) << text;
  }
  for (int i = 0; i < 8; ++i) {
    const auto text = "www.facebook.com/lua-dao-" + std::to_string(i);
    EXPECT_TRUE(apply(ChangeKind::add, text, "order:" + std::to_string(i)).held.empty()) << text;
  }
  EXPECT_TRUE(apply(ChangeKind::add, "ngan-hang.example/hacked", "order:n").held.empty());
  // A lift takes what waits away, and is held up by nothing.
  apply(ChangeKind::remove, "khien.example/object", "order:khien.example/object");
  EXPECT_FALSE(
      gate_->holds(url_set, "order:khien.example/object", *url_name("khien.example/object")));
}

TEST_F(UrlSetTest, ABurstWaitsAndIsReleasedByTheAddressThatPeopleRead) {
  std::vector<std::string> names;
  std::vector<Change> changes;
  for (int i = 0; i < 101; ++i) names.push_back(*url_name("sites.example/" + std::to_string(i)));
  for (const auto& name : names) {
    changes.push_back({.zone = url_set, .name = name, .source = "order:1"});
  }
  EXPECT_EQ(zones_->apply(changes)->held.size(), 1U);
  ASSERT_EQ(gate_->held().size(), 1U);
  EXPECT_EQ(gate_->held()[0].reason, HoldReason::too_many);
  auto released = control_->release({.id = gate_->held()[0].id, .name = "sites.example/100"},
                                    {.place = Hand::Place::account, .who = "person"});
  ASSERT_TRUE(released.has_value()) << released.error().message;
  EXPECT_TRUE(holds("sites.example/100"));
}

TEST_F(UrlSetTest, IsRolledBackLikeAZone) {
  apply(ChangeKind::add, "sites.example/a");
  const auto good = *zones_->serial(test_zone(url_set));
  apply(ChangeKind::add, "sites.example/b", "order:2");
  const auto done = control_->roll_back(
      {.zone = std::string{url_set}, .serial = good, .reason = "nhầm"}, {.who = "uid 0"});
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_TRUE(holds("sites.example/a"));
  EXPECT_FALSE(holds("sites.example/b"));
}

}  // namespace
}  // namespace khien::publish
