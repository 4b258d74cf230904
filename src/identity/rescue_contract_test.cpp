// Break-glass, on every engine: it opens an administrator's account for an hour and nobody else's,
// and it never goes unseen.
#include <gtest/gtest.h>

#include "identity/account_change.h"
#include "identity/rescue.h"
#include "identity/session.h"
#include "identity/sign_in.h"
#include "identity/testing/identity_test.h"

namespace khien::identity {
namespace {

class RescueOnEngine : public testing::IdentityTest {
 protected:
  void SetUp() override {
    IdentityTest::SetUp();
    if (!IsSkipped()) make_people();
  }
  Result<Rescue> rescue(std::string_view login, std::string_view reason = "Mất điện thoại") {
    const auto id = id_of(login);
    return db().transact(
        [&](store::Transaction& tx) { return rescue_administrator(tx, context_, id, reason); });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, RescueOnEngine, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(RescueOnEngine, OpensALockedAdministratorWithoutFactors) {
  const auto before = person("quang");
  ASSERT_TRUE(db().transact([&](store::Transaction& tx) {
                    return tx.execute("UPDATE account SET locked = 1 WHERE login = 'quang'");
                  })
                  .has_value());
  const auto rescued = rescue("quang");
  ASSERT_TRUE(rescued.has_value()) << rescued.error().message;
  EXPECT_EQ(leaves("account.rescued"), 1);
  EXPECT_EQ(db().read(count_rescues).value_or(-1), 1);

  const auto step =
      sign_in(db(), context_,
              {.login = "quang", .password = rescued->one_time_password, .client_prefix = ""});
  ASSERT_TRUE(step.has_value()) << step.error().message;
  EXPECT_TRUE(step->factors.empty()) << "the lost factor opens nothing any more";
  EXPECT_EQ(count("SELECT count(*) FROM session s JOIN account a ON a.id = s.account_id WHERE "
                  "a.login = 'quang' AND s.ended_at_ms IS NULL AND s.stage = 'complete'"),
            0);
}

TEST_P(RescueOnEngine, LastsAnHour) {
  const auto rescued = rescue("quang");
  ASSERT_TRUE(rescued.has_value());
  clock_.advance(rescue_life_ms);
  const auto late =
      sign_in(db(), context_,
              {.login = "quang", .password = rescued->one_time_password, .client_prefix = ""});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().reason, "password_expired");
}

TEST_P(RescueOnEngine, HelpsNobodyElseAndNeedsAReason) {
  EXPECT_EQ(rescue("lan").error().reason, "not_administrator");
  EXPECT_EQ(rescue("quang", " ").error().reason, "reason_needed");
  EXPECT_EQ(leaves("account.rescued"), 0);
  // What was open stays open after a refusal.
  EXPECT_FALSE(code("lan").empty());
}

TEST_P(RescueOnEngine, StaysWritten) {
  ASSERT_TRUE(rescue("quang").has_value());
  const auto removed = db().transact(
      [&](store::Transaction& tx) { return tx.execute("DELETE FROM account_rescue"); });
  ASSERT_FALSE(removed.has_value());
  EXPECT_EQ(removed.error().reason, "constraint");
}

}  // namespace
}  // namespace khien::identity
