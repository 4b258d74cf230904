// Objections to lists as records: code, deadline, timeline, leaf, and what the schema refuses.
#include "cases/listing_objection.h"

#include <gtest/gtest.h>

#include "cases/testing/desk.h"
#include "ledger/leaf.h"

namespace khien::cases {
namespace {

class ListingObjections : public testing::Desk {
 protected:
  Result<ListingObjectionReceipt> lodge(ListingObjectionDraft draft) {
    return run([&](store::Transaction& tx) { return lodge_listing_objection(tx, context, draft); });
  }
  Result<ListingObjectionReceipt> about(std::string name) {
    return lodge({.name = std::move(name),
                  .text = "Trang của trường chúng tôi",
                  .contact = "thay@truong.example"});
  }
  Result<ListingObjection> uphold(const ListingObjectionId& id) {
    return run([&](store::Transaction& tx) {
      return uphold_listing_objection(tx, context, duty,
                                      {.id = id, .version = 1, .reason = "liệt kê nhầm"});
    });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, ListingObjections, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(ListingObjections, HasACodeADeadlineAndATimeline) {
  const auto receipt = about("https://truong.example/thong-bao");
  ASSERT_TRUE(receipt.has_value()) << receipt.error().message;
  const auto by_code = [&](std::string_view code) {
    return look([&](store::Executor& db) { return listing_objection_status(db, code); });
  };
  auto found = by_code(receipt->code);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "truong.example");
  EXPECT_EQ(found->state, ListingObjectionState::lodged);
  EXPECT_EQ(found->answer_due_ms, receipt->answer_due_ms);
  EXPECT_EQ(by_code("AAAA-AAAA-AAAA-AAAA").error().code, ErrorCode::not_found);
  const auto contact =
      look([&](store::Executor& db) { return open_objection_contact(db, context, receipt->id); });
  EXPECT_EQ(contact->value(), "thay@truong.example");
  EXPECT_EQ(*look([&](store::Executor& db) { return count_open_listing_objections(db); }), 1);

  clock.advance(receipt->answer_due_ms + 1 - clock.now_ms());
  EXPECT_EQ(sweep_now().overdue, 1);
  const auto decided = uphold(receipt->id);
  ASSERT_TRUE(decided.has_value()) << decided.error().message;
  EXPECT_FALSE(decided->answer_due_ms.has_value());
  EXPECT_EQ(by_code(receipt->code)->reason, "liệt kê nhầm");
  EXPECT_EQ(*look([&](store::Executor& db) { return count_open_listing_objections(db); }), 0);
  // One event and one leaf a move, and no leaf tells the name.
  EXPECT_EQ(number_from("SELECT count(*) FROM case_event WHERE record = 'objection' AND leaf_id "
                        "IS NOT NULL"),
            2);
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%truong%'"), 0);
  const auto names = look([&](store::Executor& db) { return excepted_names(db, clock.now_ms()); });
  EXPECT_EQ(*names, std::vector<std::string>{"truong.example"});
  const auto later = look(
      [&](store::Executor& db) { return excepted_names(db, clock.now_ms() + exception_life_ms); });
  EXPECT_TRUE(later->empty());
}

TEST_P(ListingObjections, OneFormMakesOneObjection) {
  const ListingObjectionDraft draft{
      .name = "truong.example", .text = "Trang của trường", .submission = "một lần"};
  const auto first = lodge(draft);
  const auto second = lodge(draft);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->id, first->id);
  EXPECT_TRUE(second->code.empty());
  EXPECT_EQ(lodge({.name = "truong.example", .text = " "}).error().reason, "appeal_empty");
  EXPECT_EQ(about(std::string(3'000, 'a')).error().code, ErrorCode::malformed);
  const auto page = look([&](store::Executor& db) {
    return list_listing_objections(db, ListingObjectionState::lodged, {});
  });
  EXPECT_EQ(page->items.size(), 1U);
}

// Whoever reads the public log has the ids in it and the names of public lists: neither must do.
TEST_P(ListingObjections, TheLogDoesNotTellWhoseNameItIs) {
  const auto receipt = about("truong.example");
  ASSERT_TRUE(uphold(receipt->id).has_value());
  const auto leaves_with = [&](const std::string& text) {
    return look([&](store::Executor& db) {
             return db.query_one("SELECT count(*) FROM ledger_leaf WHERE entry LIKE $1",
                                 {"%" + text + "%"});
           })
        ->value()
        .integer(0);
  };
  EXPECT_EQ(leaves_with("objection.upheld"), 1);
  EXPECT_EQ(leaves_with("truong.example"), 0);
  EXPECT_EQ(leaves_with(ledger::commitment(receipt->id.value, "truong.example")), 0);
}

TEST_P(ListingObjections, SqlCannotPassTheFence) {
  const auto receipt = about("truong.example");
  const auto sql = [&](std::string_view text) {
    return run([&](store::Transaction& tx) { return tx.execute(text, {receipt->id}); }).has_value();
  };
  EXPECT_FALSE(sql("UPDATE listing_objection SET state = 'upheld' WHERE id = $1"));
  EXPECT_FALSE(sql("UPDATE listing_objection SET name = 'b.example' WHERE id = $1"));
  EXPECT_FALSE(sql("DELETE FROM listing_objection WHERE id = $1"));
  EXPECT_FALSE(
      sql("UPDATE listing_objection SET state = 'upheld', decided_by = 'x', reason = 'y', "
          "decided_at_ms = 1 WHERE id = $1"))
      << "without an end";
  ASSERT_TRUE(uphold(receipt->id).has_value());
  EXPECT_FALSE(sql("UPDATE listing_objection SET state = 'denied', until_ms = NULL WHERE id = $1"));
}

}  // namespace
}  // namespace khien::cases
