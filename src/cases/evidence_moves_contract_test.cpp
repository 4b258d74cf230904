// Holding and destroying evidence, on every engine: who may, what stands in the way, and that it
// takes two.
#include <gtest/gtest.h>

#include "cases/evidence_moves.h"
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class EvidenceMovesOnEngine : public testing::Desk {
 protected:
  void SetUp() override {
    Desk::SetUp();
    if (IsSkipped()) return;
    case_id = reported("https://lua-dao.example/ giả ngân hàng").case_id.value();
    item = evidence::ItemId{evidence_for(case_id)};
  }
  Result<void> hold(const identity::Actor& actor, std::string_view reason = "Đang điều tra") {
    return run(
        [&](store::Transaction& tx) { return hold_evidence(tx, context, actor, item, reason); });
  }
  Result<void> release(const identity::Actor& actor) {
    return run([&](store::Transaction& tx) {
      return release_evidence(tx, context, actor, item, "Xong việc");
    });
  }
  Result<void> ask(const identity::Actor& actor, std::string_view reason = "Hết thời hạn lưu") {
    return run(
        [&](store::Transaction& tx) { return ask_destruction(tx, context, actor, item, reason); });
  }
  std::optional<evidence::DestructionRequest> pending() {
    auto found = look([&](store::Executor& ex) { return evidence::pending_destruction(ex, item); });
    EXPECT_TRUE(found.has_value());
    return found.value_or(std::nullopt);
  }
  Result<void> confirm(const identity::Actor& actor, const evidence::DestructionId& id) {
    return run([&](store::Transaction& tx) { return confirm_destruction(tx, context, actor, id); });
  }
  Result<void> refuse(const identity::Actor& actor, const evidence::DestructionId& id) {
    return run([&](store::Transaction& tx) { return refuse_destruction(tx, context, actor, id); });
  }
  bool destroyed() {
    auto record = look([&](store::Executor& ex) { return evidence::load_item(ex, item); });
    return record && record->destroyed;
  }

  identity::Actor custodian = officer('F', {identity::Role::evidence_custodian}, "u5");
  identity::Actor other_custodian = officer('G', {identity::Role::evidence_custodian}, "u5");
  CaseId case_id;
  evidence::ItemId item;
};
INSTANTIATE_TEST_SUITE_P(Engines, EvidenceMovesOnEngine, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(EvidenceMovesOnEngine, TwoPeopleDestroyAndTheRecordStays) {
  ASSERT_TRUE(ask(custodian).has_value());
  EXPECT_FALSE(destroyed()) << "one person only asks";
  const auto request = pending();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(ask(other_custodian).error().reason, "already_asked");
  EXPECT_EQ(confirm(custodian, request->id).error().reason, "own_destruction");
  EXPECT_EQ(confirm(analyst, request->id).error().reason, "not_your_role");
  EXPECT_FALSE(destroyed());

  ASSERT_TRUE(confirm(approver, request->id).has_value());
  EXPECT_TRUE(destroyed());
  EXPECT_EQ(confirm(other_custodian, request->id).error().reason, "wrong_state");
  EXPECT_EQ(ask(custodian).error().reason, "destroyed");
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE type = 'evidence.destroyed'"), 1);
  const auto custody = look([&](store::Executor& ex) { return evidence::custody_of(ex, item); });
  ASSERT_TRUE(custody.has_value());
  EXPECT_EQ(custody->back().kind, evidence::CustodyKind::destroyed);
  EXPECT_NE(custody->back().reason.find("Hết thời hạn lưu"), std::string::npos);
}

TEST_P(EvidenceMovesOnEngine, ARequestCanBeRefusedOrTakenBack) {
  ASSERT_TRUE(ask(custodian).has_value());
  EXPECT_EQ(refuse(analyst, pending()->id).error().reason, "not_your_role");
  ASSERT_TRUE(refuse(other_custodian, pending()->id).has_value());
  EXPECT_FALSE(pending().has_value());
  ASSERT_TRUE(ask(custodian).has_value()) << "it can be asked for again";
  ASSERT_TRUE(refuse(custodian, pending()->id).has_value()) << "and taken back";
  EXPECT_FALSE(destroyed());
}

TEST_P(EvidenceMovesOnEngine, AHoldStandsInTheWayAlsoOfWhatWasAskedBefore) {
  ASSERT_TRUE(ask(custodian).has_value());
  ASSERT_TRUE(hold(other_custodian).has_value());
  EXPECT_EQ(confirm(approver, pending()->id).error().reason, "held");
  EXPECT_FALSE(destroyed());
  EXPECT_TRUE(pending().has_value()) << "a refused confirmation decides nothing";
  ASSERT_TRUE(release(other_custodian).has_value());
  EXPECT_EQ(release(other_custodian).error().reason, "not_held");
  EXPECT_TRUE(confirm(approver, pending()->id).has_value());
}

TEST_P(EvidenceMovesOnEngine, WhatAnOrderRestsOnStays) {
  auto content = draft_for(case_id, "lua-dao.example");
  content.evidence_ids = {item.value};
  const auto drafted = draft(content);
  ASSERT_TRUE(drafted.has_value()) << drafted.error().message;
  EXPECT_EQ(ask(custodian).error().reason, "order_rests_on_it");
  const auto order = signed_move(analyst, check(*drafted).value(), SignedMove::propose);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  const auto refused = run([&](store::Transaction& tx) {
    return refuse_order(tx, context, approver,
                        {.id = order->id, .version = order->version, .reason = "Không đủ"});
  });
  ASSERT_TRUE(refused.has_value()) << refused.error().message;
  EXPECT_TRUE(ask(custodian).has_value());
}

TEST_P(EvidenceMovesOnEngine, NothingRestsOnWhatIsGone) {
  ASSERT_TRUE(ask(custodian).has_value());
  ASSERT_TRUE(confirm(approver, pending()->id).has_value());
  auto content = draft_for(case_id, "lua-dao.example");
  content.evidence_ids = {item.value};
  const auto drafted = draft(content);
  const auto refused =
      drafted ? signed_move(analyst, check(*drafted).value(), SignedMove::propose) : drafted;
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, "destroyed");
}

TEST_P(EvidenceMovesOnEngine, OnlyACustodianHoldsAndNobodyWithoutAReason) {
  for (const auto& actor : {analyst, approver, duty, appeals}) {
    EXPECT_EQ(hold(actor).error().reason, "not_your_role");
    EXPECT_EQ(release(actor).error().reason, "not_your_role");
    EXPECT_EQ(ask(actor).error().reason, "not_your_role");
  }
  EXPECT_EQ(hold(custodian, " ").error().reason, "reason_needed");
  EXPECT_EQ(ask(custodian, "").error().reason, "reason_needed");
}

}  // namespace
}  // namespace khien::cases
