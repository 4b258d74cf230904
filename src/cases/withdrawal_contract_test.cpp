// What the publisher took out by a rollback, or what a person refused at its gate, becomes a
// suspended order, so that the register says what the zones do.
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class CasesWithdrawal : public testing::Desk {
 protected:
  void withdraw(const WithdrawnNote& note) {
    auto done = run([&](store::Transaction& tx) { return record_withdrawn(tx, context, note); });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  std::string last_event(const CaseId& id) {
    const auto row = look([&](store::Executor& executor) {
      return executor.query_one(
          "SELECT body FROM case_event WHERE case_id = $1 ORDER BY id DESC LIMIT 1", {id});
    });
    EXPECT_TRUE(row.has_value());
    return (*row)->text(0);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, CasesWithdrawal, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CasesWithdrawal, ARollbackSuspendsAndAPersonResumes) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = approved(id, "a.example");
  publish_all();
  const WithdrawnNote note{
      .order = order.id, .zone = "orders-phishing", .serial = 17, .reason = "nhầm"};
  withdraw(note);
  EXPECT_EQ(order_of(order.id).state, OrderState::suspended);
  EXPECT_EQ(last_event(id), "withdrawn by the rollback of zone orders-phishing to serial 17: nhầm");
  const auto version = order_of(order.id).version;
  withdraw(note);  // told twice
  EXPECT_EQ(order_of(order.id).version, version);
  const auto leaf = look([&](store::Executor& executor) {
    return executor.query_one("SELECT count(*) FROM ledger_leaf WHERE type = 'order.withdrawn'");
  });
  EXPECT_EQ((*leaf)->integer(0), 1);

  const auto entry =
      look([&](store::Executor& executor) { return load_register_entry(executor, order.id); });
  EXPECT_TRUE(entry->withdrawn);
  EXPECT_FALSE(entry->in_force);

  // Its publication ends, and only a person brings it back.
  const auto rows =
      look([&](store::Executor& executor) { return publications_after(executor, published_); });
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().action, PublicationAction::remove);
  auto resumed = run([&](store::Transaction& tx) {
    return resume_order(tx, context, approver,
                        {.id = order.id, .version = version, .reason = "đúng là lừa"});
  });
  ASSERT_TRUE(resumed.has_value()) << resumed.error().message;
  EXPECT_EQ(resumed->state, OrderState::approved);
}

TEST_P(CasesWithdrawal, ARejectionSuspendsAndOtherOrdersStayAsTheyAre) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = approved(id, "a.example");
  const auto draft = checked(id, "b.example");
  withdraw({.order = order.id, .zone = "orders-phishing"});
  EXPECT_EQ(order_of(order.id).state, OrderState::suspended);
  EXPECT_EQ(last_event(id), "rejected at the gate of zone orders-phishing");
  withdraw({.order = draft.id, .zone = "orders-phishing", .serial = 1});
  EXPECT_EQ(order_of(draft.id).state, OrderState::impact_checked);
  withdraw({.order = OrderId{"01KHNNTHERE00000000000000A"}, .zone = "orders-phishing"});
}

TEST_P(CasesWithdrawal, APublicationSaysWhetherTwoSignersSawExactlyThis) {
  const auto id = *reported("https://a.example").case_id;
  const auto plain = approved(id, "a.example");
  auto serious =
      signed_move(approver, proposed(id, "b.example", Severity::serious), SignedMove::approve);
  ASSERT_TRUE(serious.has_value()) << serious.error().message;
  const auto rows = [&] {
    return look([&](store::Executor& executor) { return publications_after(executor, 0); }).value();
  };
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_FALSE(rows()[0].two_signers);
  EXPECT_TRUE(rows()[1].two_signers);
  // A row that says another name, or reaches further, than what was signed proves nothing.
  for (const auto* change : {"name = 'c.example'", "scope = 'domain'"}) {
    const auto sql =
        "INSERT INTO publication (sequence, order_id, action, basis, category, name, "
        "scope, at_ms, serve_until_ms, removed_by) SELECT 1 + (SELECT max(sequence) "
        "FROM publication), order_id, action, basis, category, " +
        std::string{change[0] == 'n' ? "'c.example', scope" : "name, 'domain'"} +
        ", at_ms, serve_until_ms, 0 FROM publication WHERE sequence = 2";
    const auto made = run([&](store::Transaction& tx) { return tx.execute(sql); });
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_FALSE(rows().back().two_signers) << change;
  }
}

}  // namespace
}  // namespace khien::cases
