#include <gtest/gtest.h>

#include <fstream>

#include "evidence/item.h"
#include "evidence/schema.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::evidence {
namespace {

using store::testing::EngineTest;

constexpr std::string_view png = "\x89PNG\r\n\x1a\n and the rest of it";
const std::string case_id(26, '0');

class EvidenceTest : public EngineTest {
 protected:
  std::vector<store::ModuleMigrations> modules() const override {
    return {{"ledger", ledger::migrations()}, {"evidence", migrations()}};
  }
  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    contents_ = ContentStore::open(folder() / "evidence").value();
  }
  Content put(std::string_view octets) {
    auto writer = contents_->begin();
    EXPECT_TRUE(writer->write(as_bytes(octets)));
    return writer->finish().value();
  }
  Result<Item> add(const ItemDraft& draft, const Content& content) {
    return db().transact(
        [&](store::Transaction& tx) { return add_item(tx, context_, draft, content); });
  }
  std::vector<CustodyEvent> custody(const ItemId& id) {
    return db().read([&](store::Executor& executor) { return custody_of(executor, id); }).value();
  }
  std::int64_t leaf_count() {
    return db()
        .read([](store::Executor& executor) -> Result<std::int64_t> {
          return executor.query_one("SELECT count(*) FROM ledger_leaf").value()->integer(0);
        })
        .value();
  }

  ManualClock clock_;
  SeededRng rng_{7};
  Context context_{clock_, rng_};
  std::unique_ptr<ContentStore> contents_;
};
INSTANTIATE_TEST_SUITE_P(Engines, EvidenceTest, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(EvidenceTest, KeepsTheOctetsTheirHashAndWhoBroughtThem) {
  const auto item =
      add({.case_id = case_id, .kind = ItemKind::screenshot, .file_name = "ảnh.png"}, put(png));
  ASSERT_TRUE(item.has_value()) << item.error().message;
  EXPECT_EQ(item->media_type, "image/png");
  EXPECT_EQ(item->size, static_cast<std::int64_t>(png.size()));
  const auto listed =
      db().read([](store::Executor& executor) { return list_items(executor, case_id); });
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().file_name, "ảnh.png");
  EXPECT_EQ(leaf_count(), 1);

  const auto octets = open_item(db(), context_, *contents_, item->id, "somebody");
  ASSERT_TRUE(octets.has_value());
  EXPECT_EQ(as_text(*octets), png);
  const auto events = custody(item->id);
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, CustodyKind::received);
  EXPECT_EQ(events[1].kind, CustodyKind::opened);
  EXPECT_EQ(events[1].actor, "somebody");
}

TEST_P(EvidenceTest, FindsOneFlippedBitAndWritesItDown) {
  const auto item = add({.case_id = case_id}, put("the words of the scam"));
  ASSERT_TRUE(item.has_value());
  const auto path = contents_->path_of(item->sha256);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  {
    std::fstream file{path};
    file.put('T');
  }
  const auto opened = open_item(db(), context_, *contents_, item->id, "somebody");
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_EQ(custody(item->id).back().kind, CustodyKind::damaged);
}

TEST_P(EvidenceTest, RefusesAScreenshotThatIsNoPictureAndAnEmptyFile) {
  const auto refused = add({.case_id = case_id, .kind = ItemKind::screenshot}, put("<html>"));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "bad_picture");
  auto writer = contents_->begin();
  EXPECT_EQ(writer->finish().error().reason, "file_empty");
  EXPECT_EQ(leaf_count(), 0);
}

TEST_P(EvidenceTest, TheSchemaLetsNobodyChangeOrDeleteItemsAndCustody) {
  ASSERT_TRUE(add({.case_id = case_id}, put("text")).has_value());
  for (const char* sql :
       {"DELETE FROM evidence_item", "UPDATE evidence_item SET note = 'x'",
        "DELETE FROM evidence_custody", "UPDATE evidence_custody SET actor = 'x'"}) {
    const auto done = db().transact([&](store::Transaction& tx) { return tx.execute(sql); });
    EXPECT_FALSE(done.has_value()) << sql;
  }
}

TEST_P(EvidenceTest, ReachesTheLimitsOfItemAndCase) {
  auto writer = contents_->begin();
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(writer->write(as_bytes(block)));
  EXPECT_EQ(writer->write(as_bytes("x")).error().reason, "file_too_large");

  const auto content = put("text");
  for (std::int64_t i = 0; i < items_per_case_max; ++i) {
    ASSERT_TRUE(add({.case_id = case_id}, content).has_value());
  }
  EXPECT_EQ(add({.case_id = case_id}, content).error().reason, "too_many_items");
}

TEST_P(EvidenceTest, AHoldNeedsAReason) {
  const auto item = add({.case_id = case_id}, put("text"));
  const auto hold = [&](std::string_view reason) {
    return db().transact([&](store::Transaction& tx) {
      return note_custody(tx, context_, item->id, CustodyKind::held, "somebody", reason);
    });
  };
  EXPECT_EQ(hold("").error().reason, "reason_needed");
  EXPECT_TRUE(hold("Điều tra đang mở"));
  EXPECT_EQ(custody(item->id).back().reason, "Điều tra đang mở");
}

}  // namespace
}  // namespace khien::evidence
