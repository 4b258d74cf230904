// Leaves and the sequencer, on every engine.
#include <gtest/gtest.h>

#include "ledger/leaf.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::ledger {
namespace {

class LeafContract : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{.module = "ledger", .migrations = migrations()}};
  }
  [[nodiscard]] Result<LeafId> add(const LeafDraft& draft) {
    return db().transact([&](store::Transaction& tx) { return append(tx, clock_, rng_, draft); });
  }
  [[nodiscard]] Result<std::int64_t> write(std::string_view sql) {
    return db().transact([&](store::Transaction& tx) { return tx.execute(sql); });
  }
  ManualClock clock_;
  SeededRng rng_{1};
};
INSTANTIATE_TEST_SUITE_P(Engines, LeafContract, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(LeafContract, ALeafIsWrittenWithItsDecisionOrNotAtAll) {
  ASSERT_TRUE(add({.type = "order.lifted", .fields = {{"order", "O1"}}}));
  auto refused = db().transact([&](store::Transaction& tx) -> Result<LeafId> {
    auto id = append(tx, clock_, rng_, {.type = "order.lifted"});
    if (!id) return id;
    return fail(ErrorCode::denied, "no");
  });
  EXPECT_EQ(refused.error().code, ErrorCode::denied);
  EXPECT_EQ(add({.type = "a", .fields = {{"phone", "1"}}}).error().reason, "leaf_key");
  auto count = db().read([](store::Executor& executor) {
    return executor.query_one("SELECT count(*), count(seq) FROM ledger_leaf");
  });
  ASSERT_TRUE(count);
  EXPECT_EQ((*count)->integer(0), 1);
  EXPECT_EQ((*count)->integer(1), 0);
}

TEST_P(LeafContract, ALeafNeverChangesAndItsPlaceIsGivenOnce) {
  ASSERT_TRUE(add({.type = "a"}));
  for (const auto* sql : {"UPDATE ledger_leaf SET entry = 'x'", "UPDATE ledger_leaf SET at_ms = 1",
                          "DELETE FROM ledger_leaf", "UPDATE ledger_leaf SET seq = -1"}) {
    EXPECT_EQ(write(sql).error().reason, "constraint") << sql;
  }
  EXPECT_TRUE(write("UPDATE ledger_leaf SET seq = 0"));
  EXPECT_EQ(write("UPDATE ledger_leaf SET seq = 1").error().reason, "constraint");
  EXPECT_EQ(write("UPDATE ledger_leaf SET seq = NULL").error().reason, "constraint");
}

}  // namespace
}  // namespace khien::ledger
