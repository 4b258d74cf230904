// Holds, destruction and the rolling check, on every engine.
#include <gtest/gtest.h>

#include "evidence/custody.h"
#include "evidence/schema.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::evidence {
namespace {

const std::string case_id(26, '0');
const Destruction decided{
    .actor = "a", .second_actor = "b", .reason = "retention of 5 years ended"};

class CustodyTest : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{.module = "ledger", .migrations = ledger::migrations()},
            {.module = "evidence", .migrations = migrations()}};
  }
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    contents_ = ContentStore::open(folder() / "evidence").value();
  }
  Item add(std::string_view text) {
    return db()
        .transact([&](store::Transaction& tx) {
          return add_text(tx, context_, *contents_, {.case_id = case_id}, text);
        })
        .value();
  }
  Result<void> note(const ItemId& id, CustodyKind kind, std::string_view reason = "why") {
    return db().transact([&](store::Transaction& tx) {
      return note_custody(tx, context_, id, kind, "somebody", reason);
    });
  }
  Result<void> destroy(const ItemId& id, const Destruction& destruction = decided) {
    return db().transact(
        [&](store::Transaction& tx) { return destroy_item(tx, context_, id, destruction); });
  }
  std::vector<CustodyEvent> custody(const ItemId& id) {
    return db().read([&](store::Executor& executor) { return custody_of(executor, id); }).value();
  }
  std::vector<std::string> leaves() {
    auto rows = db().read([](store::Executor& executor) {
      return executor.query("SELECT type FROM ledger_leaf ORDER BY key");
    });
    std::vector<std::string> types;
    for (const auto& row : rows.value()) types.push_back(row.text(0));
    return types;
  }
  [[nodiscard]] bool there(const Item& item) const {
    return std::filesystem::exists(contents_->path_of(item.sha256));
  }
  // The files were written now; for the removal two hours have passed.
  [[nodiscard]] std::size_t remove_later() {
    ManualClock later{SystemClock{}.now_ms() + 2 * ms_per_hour};
    return remove_destroyed(db(), later, *contents_).value();
  }

  ManualClock clock_;
  SeededRng rng_{7};
  Metric damaged_;
  Context context_{clock_, rng_, &damaged_};
  std::unique_ptr<ContentStore> contents_;
};
INSTANTIATE_TEST_SUITE_P(Engines, CustodyTest, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CustodyTest, AHoldBeatsDestructionUntilEveryHoldIsReleased) {
  const auto item = add("the words of the scam");
  ASSERT_TRUE(note(item.id, CustodyKind::held));
  ASSERT_TRUE(note(item.id, CustodyKind::held));
  EXPECT_EQ(destroy(item.id).error().reason, "held");
  ASSERT_TRUE(note(item.id, CustodyKind::released));
  EXPECT_EQ(destroy(item.id).error().reason, "held");
  ASSERT_TRUE(note(item.id, CustodyKind::released));
  EXPECT_EQ(note(item.id, CustodyKind::released).error().reason, "not_held");
  EXPECT_TRUE(destroy(item.id));
  EXPECT_EQ(leaves(), (std::vector<std::string>{"evidence.added", "evidence.held", "evidence.held",
                                                "evidence.released", "evidence.released",
                                                "evidence.destroyed"}));
}

TEST_P(CustodyTest, DestructionTakesTheOctetsAndLeavesTheRecord) {
  const auto item = add("the words of the scam");
  ASSERT_TRUE(destroy(item.id));
  EXPECT_EQ(remove_destroyed(db(), SystemClock{}, *contents_).value(), 0U);  // too young
  EXPECT_TRUE(there(item));
  EXPECT_EQ(remove_later(), 1U);
  EXPECT_FALSE(there(item));
  EXPECT_EQ(open_item(db(), context_, *contents_, item.id, "c").error().reason, "destroyed");
  EXPECT_EQ(damaged_.value(), 0);
  const auto events = custody(item.id);
  EXPECT_EQ(events.back().kind, CustodyKind::destroyed);
  EXPECT_EQ(events.back().actor, "a");
  EXPECT_NE(events.back().reason.find("agreed by b"), std::string::npos);
  EXPECT_EQ(destroy(item.id).error().reason, "destroyed");
  EXPECT_EQ(note(item.id, CustodyKind::held).error().reason, "destroyed");
}

TEST_P(CustodyTest, OctetsThatALiveItemSharesStay) {
  const auto first = add("the same words");
  const auto second = add("the same words");
  ASSERT_TRUE(destroy(first.id));
  (void)remove_later();
  EXPECT_TRUE(there(second));
  EXPECT_TRUE(open_item(db(), context_, *contents_, second.id, "c"));
  ASSERT_TRUE(destroy(second.id));
  (void)remove_later();
  EXPECT_FALSE(there(second));
}

TEST_P(CustodyTest, TwoPersonsDestroyAndTheySayWhy) {
  const auto item = add("text");
  EXPECT_EQ(destroy(item.id, {.actor = "a", .second_actor = "a", .reason = "x"}).error().reason,
            "same_person");
  EXPECT_EQ(destroy(item.id, {.actor = "a", .second_actor = "", .reason = "x"}).error().reason,
            "same_person");
  EXPECT_EQ(destroy(item.id, {.actor = "a", .second_actor = "b", .reason = ""}).error().reason,
            "reason_needed");
  EXPECT_EQ(destroy(ItemId{std::string(26, '1')}).error().code, ErrorCode::not_found);
}

TEST_P(CustodyTest, OnlyHoldsAndExportsAreNotedByHand) {
  const auto item = add("text");
  EXPECT_TRUE(note(item.id, CustodyKind::exported));
  EXPECT_EQ(note(item.id, CustodyKind::exported, "").error().reason, "reason_needed");
  for (const auto kind : {CustodyKind::received, CustodyKind::destroyed, CustodyKind::verified}) {
    EXPECT_EQ(note(item.id, kind).error().reason, "custody_kind");
  }
}

TEST_P(CustodyTest, TheRollingCheckFindsWhatWasChangedOrLost) {
  const auto good = add("good");
  const auto changed = add("changed");
  const auto lost = add("lost");
  const auto path = contents_->path_of(changed.sha256);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::filesystem::resize_file(path, 3);
  std::filesystem::remove(contents_->path_of(lost.sha256));
  clock_.advance(1);
  const auto pass = verify_items(db(), context_, *contents_, clock_.now_ms() - 1);
  ASSERT_TRUE(pass) << pass.error().message;
  EXPECT_EQ(pass->checked, 3U);
  EXPECT_EQ(pass->damaged, 2U);
  EXPECT_EQ(verify_items(db(), context_, *contents_, clock_.now_ms() - 1)->checked, 0U);
  EXPECT_EQ(damaged_.value(), 2);
  EXPECT_EQ(custody(good.id).back().kind, CustodyKind::verified);
  EXPECT_EQ(custody(changed.id).back().kind, CustodyKind::damaged);
  EXPECT_EQ(custody(lost.id).back().kind, CustodyKind::damaged);
  EXPECT_EQ(open_item(db(), context_, *contents_, lost.id, "c").error().reason, "evidence_damaged");
}

TEST_P(CustodyTest, TheRollingCheckGoesOnWhereItStopped) {
  auto filled = db().transact([&](store::Transaction& tx) -> Result<int> {
    for (std::size_t i = 0; i <= verify_batch_max; ++i) {
      auto item = add_text(tx, context_, *contents_, {.case_id = case_id}, "the same words");
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
    }
    return 1;
  });
  ASSERT_TRUE(filled) << filled.error().message;
  clock_.advance(1);
  const auto before = clock_.now_ms() - 1;
  EXPECT_EQ(verify_items(db(), context_, *contents_, before)->checked, verify_batch_max);
  EXPECT_EQ(verify_items(db(), context_, *contents_, before)->checked, 1U);
  EXPECT_EQ(verify_items(db(), context_, *contents_, before)->checked, 0U);
}

TEST_P(CustodyTest, ACaseHasAMaximumOfOctets) {
  Content content{.sha256 = std::string(64, 'a'), .size = item_size_max};
  const auto put = [&] {
    return db().transact([&](store::Transaction& tx) {
      return add_item(tx, context_, {.case_id = case_id}, content);
    });
  };
  for (std::int64_t i = 0; i < case_size_max / static_cast<std::int64_t>(item_size_max); ++i) {
    ASSERT_TRUE(put());
  }
  EXPECT_EQ(put().error().reason, "case_too_large");
}

}  // namespace
}  // namespace khien::evidence
