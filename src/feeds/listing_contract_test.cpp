// A name on a list: who holds it, the objection, and what its decision does to the zones. On both
// engines, with real zones.
#include "feeds/listing.h"

#include <gtest/gtest.h>

#include "cases/settings.h"
#include "feeds/feed_contract_test.h"
#include "feeds/set_publisher.h"

namespace khien::feeds {
namespace {

using cases::ListingObjectionState;
using identity::Actor;
using identity::Role;

class Listed : public FeedContractTest {
 protected:
  void SetUp() override {
    FeedContractTest::SetUp();
    if (IsSkipped()) return;
    zones_ =
        std::move(publish::ZoneSet::open({.folder = folder() / "zones"}, clock_, rng_).value());
    sets_ = std::make_unique<SetPublisher>(db(), *zones_, clock_);
    ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                      return cases::install_demo_configuration(tx, cases_);
                    })
                    .has_value());
  }
  void TearDown() override {
    sets_.reset();
    zones_.reset();
    FeedContractTest::TearDown();
  }

  Feed in_force(const std::string& file, const std::string& text,
                Category category = Category::phishing) {
    std::ofstream{folder() / file, std::ios::binary} << text;
    auto wanted = draft(file);
    wanted.category = category;
    wanted.valid_until_ms = clock_.now_ms() + 366 * ms_per_day;
    const auto feed = active(wanted);
    EXPECT_EQ(run(feed)->state, RunState::applied);
    publish();
    return now(feed);
  }
  void publish() {
    const auto published = sets_->publish();
    ASSERT_TRUE(published.has_value()) << published.error().message;
  }
  bool shows(std::string_view name, Category category = Category::phishing) {
    const auto& zone = *publish::zone_for(basis_of(category), category);
    return zones_->shown(zone, dns::Name::from_text(name).value()).name;
  }
  std::vector<Listing> listings(std::string_view name) {
    auto found = db().read([&](store::Executor& executor) {
      return listings_of(executor, zones_->holdings(name), clock_.now_ms());
    });
    EXPECT_TRUE(found.has_value());
    return std::move(found).value_or(std::vector<Listing>{});
  }
  Result<cases::ListingObjectionReceipt> object(const std::string& name,
                                                std::vector<std::string> lists = {}) {
    return db().transact([&](store::Transaction& tx) {
      return cases::lodge_listing_objection(tx, cases_,
                                            {.name = name,
                                             .text = "Đây là cửa hàng của tôi",
                                             .contact = "chu@cua-hang.example",
                                             .lists = std::move(lists)});
    });
  }
  Result<cases::ListingObjection> uphold(const cases::ListingObjectionReceipt& receipt,
                                         const Actor& actor, std::int64_t version = 1) {
    return db().transact([&](store::Transaction& tx) {
      return uphold_objection(tx, cases_, actor,
                              {.id = receipt.id, .version = version, .reason = "danh sách nhầm"});
    });
  }
  Result<cases::ListingObjection> deny(const cases::ListingObjectionReceipt& receipt,
                                       const Actor& actor, std::string reason = "đúng là lừa đảo") {
    return db().transact([&](store::Transaction& tx) {
      return deny_objection(tx, cases_, actor,
                            {.id = receipt.id, .version = 1, .reason = std::move(reason)});
    });
  }
  static Actor officer(std::string id, Role role) {
    return {.account_id = {std::move(id)}, .roles = {role}, .unit = "u"};
  }

  std::unique_ptr<publish::ZoneSet> zones_;
  std::unique_ptr<SetPublisher> sets_;
  text::PublicSuffixList suffixes_ = *text::PublicSuffixList::built_in();
  crypto::SealKey key_ = crypto::SealKey::generate(rng_);
  cases::Context cases_{.clock = clock_, .rng = rng_, .suffixes = suffixes_, .contact_key = key_};
  Actor duty_ = officer("duty", Role::duty_operator);
  Actor appeals_ = officer("appeals", Role::appeals_officer);
};
INSTANTIATE_TEST_SUITE_P(Engines, Listed, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(Listed, TellsTheListsOfANameAndOfWhatCoversIt) {
  const auto phishing = in_force("a.txt", "xau.example\n");
  const auto choice = in_force("b.txt", "xau.example\n", Category::choice_ads);
  const auto found = listings("www.xau.example");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].feed.id, phishing.id);
  EXPECT_EQ(found[0].name, "xau.example");
  EXPECT_EQ(found[0].scope, cases::Scope::domain);
  EXPECT_EQ(found[1].feed.id, choice.id) << "a network's own choice comes last";
  EXPECT_TRUE(listings("tot.example").empty());
  // What a person has taken out of force is no listing, even before the zones have followed.
  ASSERT_TRUE(move(suspend_feed, phishing, "duty").has_value());
  EXPECT_EQ(listings("xau.example").size(), 1U);
}

TEST_P(Listed, AnUpheldObjectionFreesTheNameAndLaterRunsKeepToIt) {
  const auto feed = in_force("a.txt", "xau.example\ncua-hang.example\n");
  const auto other = in_force("b.txt", "cua-hang.example\n", Category::malware);
  const auto receipt = object("https://Shop.cua-hang.example/gio-hang", {feed.id.value});
  ASSERT_TRUE(receipt.has_value()) << receipt.error().message;
  EXPECT_EQ(receipt->name, "shop.cua-hang.example");
  const auto decided = uphold(*receipt, duty_);
  ASSERT_TRUE(decided.has_value()) << decided.error().message;
  EXPECT_EQ(decided->until_ms, clock_.now_ms() + cases::exception_life_ms);
  publish();
  EXPECT_FALSE(shows("cua-hang.example"));
  EXPECT_FALSE(shows("cua-hang.example", Category::malware));
  EXPECT_TRUE(shows("xau.example"));
  // The list goes on naming it, and grows; a process that starts anew knows no more than its
  // database.
  write("");
  std::ofstream{folder() / "a.txt", std::ios::binary}
      << "xau.example\ncua-hang.example\nmoi.example\n";
  ASSERT_EQ(run(feed)->state, RunState::applied);
  sets_ = std::make_unique<SetPublisher>(db(), *zones_, clock_);
  publish();
  EXPECT_TRUE(shows("moi.example"));
  EXPECT_FALSE(shows("cua-hang.example"));
  // It ends, and then the list counts again.
  for (auto left_ms = cases::exception_life_ms; left_ms > 0; left_ms -= 5 * ms_per_day) {
    clock_.advance(5 * ms_per_day);
    ASSERT_TRUE(run(feed).has_value());
    ASSERT_TRUE(run(other).has_value());
  }
  publish();
  EXPECT_TRUE(shows("cua-hang.example"));
  EXPECT_TRUE(shows("cua-hang.example", Category::malware));
  EXPECT_EQ(leaves("objection.lodged"), 1);
  EXPECT_EQ(leaves("objection.upheld"), 1);
}

TEST_P(Listed, AnEntryOfOneHostFreesThatHostAlone) {
  auto wanted = draft();
  wanted.scope = cases::Scope::host;
  write("a.xau.example\nb.xau.example\nxau.example\n");
  const auto feed = active(wanted);
  ASSERT_EQ(run(feed)->state, RunState::applied);
  publish();
  ASSERT_TRUE(uphold(*object("a.xau.example"), appeals_).has_value());
  publish();
  EXPECT_FALSE(shows("a.xau.example"));
  EXPECT_TRUE(shows("b.xau.example"));
  EXPECT_TRUE(shows("xau.example"));
}

TEST_P(Listed, ANetworksOwnChoiceAndAnOrderStay) {
  in_force("a.txt", "xau.example\n", Category::choice_ads);
  ASSERT_TRUE(zones_
                  ->apply(std::vector<publish::Change>{
                      {.zone = "orders-phishing", .name = "xau.example", .source = "order:1"}})
                  .has_value());
  ASSERT_TRUE(uphold(*object("xau.example"), duty_).has_value());
  publish();
  EXPECT_TRUE(shows("xau.example", Category::choice_ads));
  EXPECT_TRUE(zones_
                  ->shown(*publish::find_zone("orders-phishing"),
                          dns::Name::from_text("xau.example").value())
                  .name);
}

TEST_P(Listed, RefusesWhomAndWhatItMust) {
  const auto feed = in_force("a.txt", "xau.example\n");
  const auto receipt = object("xau.example", {feed.id.value});
  ASSERT_TRUE(receipt.has_value());
  EXPECT_EQ(object("not a name").error().code, ErrorCode::malformed);
  EXPECT_EQ(uphold(*receipt, officer("x", Role::analyst)).error().reason, "not_your_role");
  EXPECT_EQ(uphold(*receipt, duty_, 7).error().reason, "stale_version");
  EXPECT_EQ(deny(*receipt, duty_).error().reason, "not_your_role");
  EXPECT_EQ(deny(*receipt, appeals_, "").error().reason, "reason_needed");
  // Who proposed ("analyst") or approved ("leader") the list does not judge the objection to it.
  for (const auto* subscriber : {"analyst", "leader"}) {
    EXPECT_EQ(deny(*receipt, officer(subscriber, Role::appeals_officer)).error().reason,
              "touched_order");
  }
  publish();
  EXPECT_TRUE(shows("xau.example"));
  const auto denied = deny(*receipt, appeals_);
  ASSERT_TRUE(denied.has_value()) << denied.error().message;
  EXPECT_EQ(denied->state, ListingObjectionState::denied);
  publish();
  EXPECT_TRUE(shows("xau.example"));
  EXPECT_EQ(uphold(*receipt, duty_, denied->version).error().reason, "wrong_state");
  // An exception that stands needs no second objection.
  ASSERT_TRUE(uphold(*object("xau.example"), duty_).has_value());
  EXPECT_EQ(object("xau.example").error().reason, "already_excepted");
}

// A lift that could not be read must not be undone: without the exceptions nothing is carried.
TEST_P(Listed, WithoutTheExceptionsNothingIsCarried) {
  in_force("a.txt", "xau.example\n");
  ASSERT_TRUE(uphold(*object("xau.example"), duty_).has_value());
  publish();
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                    return tx.execute("ALTER TABLE listing_objection RENAME TO away");
                  })
                  .has_value());
  sets_ = std::make_unique<SetPublisher>(db(), *zones_, clock_);
  EXPECT_FALSE(sets_->publish().has_value());
  EXPECT_FALSE(shows("xau.example"));
}

}  // namespace
}  // namespace khien::feeds
