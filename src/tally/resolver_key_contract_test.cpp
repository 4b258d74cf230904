// Keys of resolvers on both engines: shown once, kept as a hash, known in the log by an id alone.
#include "tally/resolver_key.h"

#include <gtest/gtest.h>

#include "tally/contract_test.h"

namespace khien::tally {
namespace {

class ResolverKeys : public TallyDesk {
 protected:
  Result<void> revoked(std::string_view name) {
    return run([&](store::Transaction& tx) { return revoke_resolver(tx, tally, name, act); });
  }
  std::string reason_of(std::string_view name, const KeyAct& given) {
    auto made = run([&](store::Transaction& tx) { return add_resolver(tx, tally, name, given); });
    return made ? "" : made.error().reason;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ResolverKeys, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(ResolverKeys, OpenUntilTheyAreRevoked) {
  const auto text = added("dns-a");
  EXPECT_EQ(text.size(), key_text_size);
  EXPECT_TRUE(text.starts_with(key_prefix));
  EXPECT_EQ(resolve_key(db(), text)->name, "dns-a");
  for (const auto& wrong :
       {std::string{}, text.substr(1), text + "A", std::string(key_text_size, 'k'),
        std::string{key_prefix} + std::string(43, 'A')}) {
    EXPECT_EQ(resolve_key(db(), wrong).error().reason, "resolver_key") << wrong;
  }
  ASSERT_TRUE(revoked("dns-a").has_value());
  EXPECT_EQ(resolve_key(db(), text).error().reason, "resolver_key");
  EXPECT_EQ(revoked("dns-a").error().code, ErrorCode::not_found);

  clock.advance(1'000);
  const auto next = added("dns-a");
  EXPECT_NE(next, text);
  EXPECT_EQ(resolve_key(db(), next)->name, "dns-a");
  EXPECT_EQ(resolve_key(db(), text).error().reason, "resolver_key");
  const auto all = look([](store::Executor& db) { return list_resolvers(db); });
  ASSERT_EQ(all->size(), 1U);
  EXPECT_FALSE(all->front().revoked_at_ms.has_value());
  EXPECT_EQ(all->front().added_at_ms, clock.now_ms());
}

TEST_P(ResolverKeys, AreKeptAsAHashAndNamedInTheLogByAnId) {
  const auto text = added("dns-tinh");
  ASSERT_TRUE(revoked("dns-tinh").has_value());
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE type = 'resolver_key.added'"), 1);
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE type = 'resolver_key.revoked'"), 1);
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%dns-tinh%'"), 0);
  const auto row = look([](store::Executor& db) {
    return db.query_one("SELECT key_hash, added_on, revoked_on FROM resolver_key");
  });
  ASSERT_TRUE(row.has_value());
  EXPECT_EQ((*row)->octets(0).size(), 32U);
  EXPECT_EQ((*row)->text(1), "12/QĐ");
  EXPECT_EQ((*row)->text(2), "12/QĐ");
}

TEST_P(ResolverKeys, NeedANameADecisionAndRoom) {
  for (const auto* name : {"", "A", "a b", "-a", "tỉnh", "a_b"}) {
    EXPECT_EQ(reason_of(name, act), "bad_name") << name;
  }
  EXPECT_EQ(reason_of(std::string(33, 'a'), act), "bad_name");
  EXPECT_EQ(reason_of("a", {.basis = "operator", .decision = " "}), "reason_needed");
  added("a");
  EXPECT_EQ(reason_of("a", act), "resolver_exists");
  for (std::size_t i = 1; i < resolvers_max; ++i) added("r" + std::to_string(i));
  EXPECT_EQ(reason_of("one-more", act), "too_many_resolvers");
  ASSERT_TRUE(revoked("a").has_value());
  EXPECT_EQ(reason_of("one-more", act), "");
}

TEST_P(ResolverKeys, SqlCannotPassTheFence) {
  added("dns-a");
  EXPECT_FALSE(sql("DELETE FROM resolver_key"));
  EXPECT_FALSE(sql("UPDATE resolver_key SET resolver = 'dns-b'"));
  EXPECT_FALSE(sql("UPDATE resolver_key SET revoked_at_ms = 1")) << "without a decision";
  ASSERT_TRUE(revoked("dns-a").has_value());
  EXPECT_FALSE(sql("UPDATE resolver_key SET revoked_at_ms = NULL, revoked_on = NULL"));
}

TEST_P(ResolverKeys, WhoReportsIsCounted) {
  added("dns-a");
  added("dns-b");
  const auto reporting = [&] {
    return look([&](store::Executor& db) {
             return count_reporting(db, clock.now_ms() - ms_per_day);
           })
        .value();
  };
  EXPECT_EQ(reporting(), 0);
  told_hits("dns-a", "a.test", 10);
  told_hits("dns-a", "a.test", 10);
  EXPECT_EQ(reporting(), 1);
  const auto all = look([](store::Executor& db) { return list_resolvers(db); });
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->at(0).reports, 2);
  EXPECT_EQ(all->at(0).last_report_ms, clock.now_ms());
  EXPECT_FALSE(all->at(1).last_report_ms.has_value());
  ASSERT_TRUE(revoked("dns-a").has_value());
  EXPECT_EQ(reporting(), 0);
}

}  // namespace
}  // namespace khien::tally
