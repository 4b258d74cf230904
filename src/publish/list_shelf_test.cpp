#include "publish/list_shelf.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>

#include "exchange/signed_list.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

using exchange::ListOutput;

class ListShelfTest : public testing::Test {
 protected:
  void SetUp() override { open({}); }
  void open(const ListShelfLimits& limits, bool share_feeds = false) {
    shelf_.reset();
    auto opened = ListShelf::open({.folder = folder(),
                                   .public_url = "https://khien.example",
                                   .share_feeds = share_feeds,
                                   .limits = limits},
                                  *zones_, key_, clock_, metrics_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    shelf_ = std::move(*opened);
  }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path() / "lists"; }
  void block(std::string_view name, std::string_view zone = "orders-phishing",
             Scope scope = Scope::host) {
    const Change change{.zone = zone, .name = name, .source = "order:1", .scope = scope};
    ASSERT_TRUE(zones_->apply({&change, 1}).has_value());
  }
  static std::string text_of(const OpenEdition& open) {
    std::string text(open.edition.size + 1, '\0');  // one more: it must end there
    const auto got = ::pread(open.file.get(), text.data(), text.size(), 0);
    text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return text;
  }
  OpenEdition take(std::string_view list = "orders-phishing",
                   ListOutput output = ListOutput::domains) {
    auto open = shelf_->newest(*find_list(list), output);
    EXPECT_TRUE(open.has_value()) << open.error().message;
    return open ? std::move(*open) : OpenEdition{};
  }
  std::size_t file_count() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{folder()})
      ++count;
    return count;
  }
  /// What the edition's own signature states, if it is good.
  std::optional<exchange::ListStatement> statement_of(const OpenEdition& open) {
    const auto digest = crypto::Blake2b{}.update(text_of(open)).finish();
    const auto comment =
        exchange::verify_minisign(shelf_->public_key(), digest, open.edition.signature);
    if (!comment) return std::nullopt;
    auto statement = exchange::read_trusted_comment(*comment);
    if (!statement) return std::nullopt;
    return std::move(*statement);
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  SystemRng rng_;
  crypto::Ed25519Key key_ = crypto::Ed25519Key::generate(rng_);
  std::unique_ptr<ZoneSet> zones_ = open_zones(folder_.path() / "zones", clock_);
  std::unique_ptr<ListShelf> shelf_;
};

TEST(ListCatalogue, HasNothingThatIsNotForEverybody) {
  for (const auto& list : all_lists()) {
    ASSERT_FALSE(list.zones.empty()) << list.id;
    for (const auto* zone : list.zones) {
      EXPECT_FALSE(zone->keys_only) << list.id << " " << zone->id;
      EXPECT_EQ(zone->action, dns::RpzAction::nxdomain) << list.id;
      EXPECT_FALSE(zone->id.starts_with("choice-")) << list.id;
      EXPECT_EQ(zone->id.find("child-abuse"), std::string::npos) << list.id;
    }
    EXPECT_LT(list.renewed_ms, list.life_ms) << list.id;
  }
  for (const std::string_view id : {"orders", "feeds", "emergency", "orders-fraud"}) {
    EXPECT_NE(find_list(id), nullptr) << id;
  }
  for (const std::string_view id :
       {"", "pass", "orders-child-abuse", "feeds-child-abuse", "choice-ads", "orders-"}) {
    EXPECT_EQ(find_list(id), nullptr) << id;
  }
}

TEST_F(ListShelfTest, GivesASignedListOfWhatTheZoneHolds) {
  block("xau.example");
  block("rong.example", "orders-phishing", Scope::domain);
  block("khac.example", "orders-fraud");
  const auto open = take();
  EXPECT_EQ(open.edition.count, 2U);
  EXPECT_EQ(open.edition.serial, zones_->serial(test_zone()).value());
  const auto text = text_of(open);
  EXPECT_EQ(text.size(), open.edition.size);
  EXPECT_NE(text.find("\nxau.example\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n*.rong.example\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("khac.example"), std::string::npos) << text;
  const auto statement = statement_of(open);
  ASSERT_TRUE(statement.has_value());
  EXPECT_EQ(statement->file, "orders-phishing.domains");
  EXPECT_EQ(statement->serial, open.edition.serial);
  EXPECT_EQ(statement->version, open.edition.version);
  EXPECT_EQ(statement->expires_at_ms, open.edition.expires_at_ms);
  EXPECT_EQ(statement->expires_at_ms, open.edition.made_at_ms + 7 * ms_per_day);
}

TEST_F(ListShelfTest, OtherPeoplesListsAreGivenOnlyWhereTheOperatorSaysSo) {
  const auto ids = [this] {
    std::set<std::string> all;
    for (const ListFacts* list : shelf_->offered()) all.insert(list->id);
    return all;
  };
  EXPECT_FALSE(ids().contains("feeds"));
  EXPECT_EQ(shelf_->find("feeds-phishing"), nullptr);
  EXPECT_NE(shelf_->find("orders-phishing"), nullptr);
  const auto without = ids().size();
  open({}, true);
  EXPECT_TRUE(ids().contains("feeds"));
  EXPECT_EQ(shelf_->find("feeds-phishing"), find_list("feeds-phishing"));
  EXPECT_EQ(shelf_->find("feeds-child-abuse"), nullptr);
  EXPECT_EQ(ids().size(), all_lists().size());
  EXPECT_LT(without, all_lists().size());
}

TEST_F(ListShelfTest, ABasisIsAllItsZones) {
  block("mot.example");
  block("hai.example", "orders-fraud");
  block("ba.example", "orders-child-abuse");
  block("bon.example", "feeds-phishing");
  const auto text = text_of(take("orders", ListOutput::csv));
  EXPECT_NE(text.find("\nmot.example,host,orders-phishing\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nhai.example,host,orders-fraud\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("ba.example"), std::string::npos) << text;
  EXPECT_EQ(text.find("bon.example"), std::string::npos) << text;
  const auto before = shelf_->contents(*find_list("orders")).serial;
  block("nam.example", "orders-spam");
  EXPECT_EQ(shelf_->contents(*find_list("orders")).serial, before + 1) << "it strictly rises";
}

TEST_F(ListShelfTest, AnEditionIsMadeOnceASerialAndThenAgainBeforeItEnds) {
  block("xau.example");
  const auto first = take().edition.version;
  clock_.advance(23 * ms_per_hour);
  EXPECT_EQ(take().edition.version, first) << "nothing changed";
  clock_.advance(ms_per_hour);
  const auto renewed = take();
  EXPECT_NE(renewed.edition.version, first) << "a day old: its end moves on";
  EXPECT_TRUE(statement_of(renewed).has_value());
  EXPECT_EQ(take("emergency").edition.expires_at_ms - take("emergency").edition.made_at_ms,
            4 * ms_per_hour);
}

TEST_F(ListShelfTest, AChangeCountsAtOnceOrAfterSomeSeconds) {
  block("xau.example");
  const auto first = take().edition;
  block("hai.example");
  EXPECT_EQ(take().edition.version, first.version) << "made a moment ago";
  clock_.advance(10'000);
  const auto second = take();
  EXPECT_EQ(second.edition.count, 2U);
  EXPECT_GT(second.edition.serial, first.serial);
}

TEST_F(ListShelfTest, ListAndSignatureMatchThroughChanges) {
  block("xau.example");
  const auto first = take();
  for (int i = 0; i < 2; ++i) {
    block("them" + std::to_string(i) + ".example");
    clock_.advance(10'000);
    EXPECT_TRUE(statement_of(take()).has_value());
  }
  // Who has read the first signature still gets the list that it is of.
  auto again =
      shelf_->version(*find_list("orders-phishing"), ListOutput::domains, first.edition.version);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(text_of(*again), text_of(first));
  EXPECT_TRUE(statement_of(*again).has_value());
  block("cuoi.example");
  clock_.advance(10'000);
  const auto newest = take();
  again =
      shelf_->version(*find_list("orders-phishing"), ListOutput::domains, first.edition.version);
  ASSERT_FALSE(again.has_value()) << "three are kept";
  EXPECT_EQ(again.error().reason, "no_such_version");
  EXPECT_EQ(file_count(), 3U);
  EXPECT_EQ(text_of(first).size(), first.edition.size) << "what is open stays readable";
}

TEST_F(ListShelfTest, AnEditionThatIsOverIsNotGivenOut) {
  block("xau.example");
  const auto version = take().edition.version;
  clock_.advance(7 * ms_per_day);
  const auto old = shelf_->version(*find_list("orders-phishing"), ListOutput::domains, version);
  ASSERT_FALSE(old.has_value());
  EXPECT_EQ(old.error().reason, "no_such_version");
}

TEST_F(ListShelfTest, AListTooLargeIsRefusedAndTheLastOneGoesOn) {
  open({.list_size_max = 2'000});
  block("xau.example");
  const auto first = take().edition;
  for (int i = 0; i < 200; ++i) block("them" + std::to_string(i) + ".example");
  clock_.advance(10'000);
  EXPECT_EQ(take().edition.version, first.version) << "the last good one, until its end";
  clock_.advance(7 * ms_per_day);
  const auto refused = shelf_->newest(*find_list("orders-phishing"), ListOutput::domains);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "list_too_large");
  EXPECT_EQ(file_count(), 1U) << "nothing half made is left";
}

TEST_F(ListShelfTest, AllTogetherHaveALargestSize) {
  open({.shelf_size_max = 1});
  block("xau.example");
  for (const auto output : {ListOutput::domains, ListOutput::hosts, ListOutput::csv}) {
    (void)take("orders-phishing", output);
    clock_.advance(1'000);
    EXPECT_EQ(file_count(), 1U) << "the older one went";
  }
}

TEST_F(ListShelfTest, WhatWasThereBeforeAStartIsForgotten) {
  block("xau.example");
  (void)take();
  ASSERT_EQ(file_count(), 1U);
  open({});
  EXPECT_EQ(file_count(), 0U);
}

TEST_F(ListShelfTest, AFileThatIsGoneIsMadeAgain) {
  block("xau.example");
  const auto first = take().edition;
  std::filesystem::remove(folder() / ("orders-phishing.domains." + first.version));
  EXPECT_FALSE(shelf_->newest(*find_list("orders-phishing"), ListOutput::domains).has_value());
  EXPECT_TRUE(statement_of(take()).has_value());
}

TEST_F(ListShelfTest, NamesThatNoFormatCarriesAreCounted) {
  block("xau.example");
  block(R"(a\032b.example)");
  EXPECT_EQ(take().edition.count, 1U);
  EXPECT_NE(metrics_.exposition().find("khien_lists_left_out_total 1\n"), std::string::npos);
}

// Many ask while the zone changes: each gets a list that its signature is of.
TEST_F(ListShelfTest, ManyMayAskAtOnce) {
  open({.renewed_min_ms = 0, .waiting_max = 64, .wait_ms = 60'000});
  block("xau.example");
  std::atomic<int> good{0};
  std::atomic<int> bad{0};
  {
    std::vector<std::jthread> askers;
    for (int i = 0; i < 4; ++i) {
      askers.emplace_back([&, i] {
        for (int round = 0; round < 20; ++round) {
          auto open = shelf_->newest(*find_list("orders-phishing"),
                                     i % 2 == 0 ? ListOutput::hosts : ListOutput::json);
          (open && statement_of(*open) ? good : bad) += 1;
        }
      });
    }
    for (int i = 0; i < 50; ++i) block("doi" + std::to_string(i) + ".example");
  }
  EXPECT_EQ(good, 80);
  EXPECT_EQ(bad, 0);
}

TEST_F(ListShelfTest, WhoWaitsIsBounded) {
  open({.waiting_max = 0});
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) names.push_back("n" + std::to_string(i) + ".example");
  ASSERT_TRUE(zones_->replace(
      {.zone = "orders-phishing", .source = "feed:1", .names = names, .scope = Scope::host}));
  std::atomic<int> busy{0};
  std::atomic<int> given{0};
  // Until two met; each finds either a list or that others are being made.
  for (int round = 0; round < 500 && busy == 0; ++round) {
    clock_.advance(2 * ms_per_day);
    std::vector<std::jthread> askers;
    for (const auto output : {ListOutput::csv, ListOutput::json, ListOutput::hosts}) {
      askers.emplace_back([&, output] {
        const auto open = shelf_->newest(*find_list("orders-phishing"), output);
        const auto reason = open ? std::string{} : open.error().reason;
        EXPECT_TRUE(reason.empty() || reason == "list_busy") << reason;
        ++(open ? given : busy);
      });
    }
  }
  EXPECT_GT(given, 0);
  EXPECT_GT(busy, 0);
}

}  // namespace
}  // namespace khien::publish
