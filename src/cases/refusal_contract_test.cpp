// What is refused, by the functions and by the schema, on both engines.
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

using testing::evidence_of_nobody;

class CasesRefusal : public testing::Desk {
 protected:
  std::string reason_of(const Result<Order>& order) {
    return order ? std::string{"(done)"} : order.error().reason;
  }
  /// Why the order cannot be proposed.
  std::string refusal(const OrderDraft& content) {
    auto order = draft(content);
    if (!order) return order.error().reason;
    auto done = check(*order);
    if (!done) return done.error().reason;
    return reason_of(signed_move(analyst, *done, SignedMove::propose));
  }
  /// True if the statement is refused by the database as a conflict.
  bool schema_refuses(std::string_view sql, std::initializer_list<store::Value> values) {
    const std::vector<store::Value> kept{values};
    auto done = run([&](store::Transaction& tx) { return tx.execute(sql, kept); });
    return !done && done.error().code == ErrorCode::conflict && done.error().reason == "constraint";
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, CasesRefusal, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CasesRefusal, AProposalNeedsEverything) {
  const auto id = *reported("https://a.example").case_id;
  const auto good = draft_for(id, "a.example");
  const auto with = [&](auto change) {
    auto content = good;
    change(content);
    return refusal(content);
  };
  EXPECT_EQ(with([](OrderDraft& d) { d.category = ""; }), "no_category");
  EXPECT_EQ(with([](OrderDraft& d) { d.category = "opinion"; }), "no_category");
  EXPECT_EQ(with([](OrderDraft& d) { d.category = "choice-ads"; }), "choice_category");
  EXPECT_EQ(with([](OrderDraft& d) { d.ground = {}; }), "no_legal_ground");
  EXPECT_EQ(with([](OrderDraft& d) { d.ground = InstrumentId{evidence_of_nobody}; }),
            "no_legal_ground");
  EXPECT_EQ(with([](OrderDraft& d) { d.evidence_ids = {}; }), "no_evidence");
  EXPECT_EQ(with([](OrderDraft& d) { d.evidence_ids = {evidence_of_nobody}; }), "unknown_evidence");
  EXPECT_EQ(with([](OrderDraft& d) { d.ends_at_ms = std::nullopt; }), "no_end_date");
  EXPECT_EQ(with([&](OrderDraft& d) { d.ends_at_ms = clock.now_ms(); }), "end_date_past");
  EXPECT_EQ(with([&](OrderDraft& d) { d.ends_at_ms = clock.now_ms() + 91 * ms_per_day; }),
            "end_date_too_late");
  EXPECT_EQ(with([](OrderDraft& d) { d.reason = ""; }), "reason_needed");
  EXPECT_EQ(with([](OrderDraft& d) { d.name = "http://192.0.2.7/x"; }), "ip_address");
  EXPECT_EQ(with([](OrderDraft&) {}), "(done)");
}

TEST_P(CasesRefusal, TheImpactDecidesAndAges) {
  const auto id = *reported("https://a.example").case_id;
  const auto bare = draft(draft_for(id, "a.example"));
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(reason_of(signed_move(analyst, *bare, SignedMove::propose)), "impact_missing");
  const auto refused = check(*bare, Severity::refuse);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(reason_of(signed_move(analyst, *refused, SignedMove::propose)), "impact_refused");
  const auto fresh = check(*refused);
  ASSERT_TRUE(fresh.has_value());
  clock.advance(impact_life_ms + 1);
  EXPECT_EQ(reason_of(signed_move(analyst, *fresh, SignedMove::propose)), "impact_stale");
  const auto again = check(*fresh);
  ASSERT_TRUE(again.has_value());
  const auto proposed = signed_move(analyst, *again, SignedMove::propose);
  ASSERT_TRUE(proposed.has_value());
  clock.advance(impact_life_ms + 1);
  EXPECT_EQ(reason_of(signed_move(approver, *proposed, SignedMove::approve)), "impact_stale");
}

TEST_P(CasesRefusal, NobodyApprovesAnOwnOrderWhateverTheRoles) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = proposed(id, "a.example");
  EXPECT_EQ(reason_of(signed_move(both, order, SignedMove::approve)), "own_order");
  EXPECT_EQ(reason_of(signed_move(analyst, order, SignedMove::approve)), "not_your_role");
  EXPECT_EQ(reason_of(signed_move(duty, order, SignedMove::approve)), "not_your_role");
}

TEST_P(CasesRefusal, ASeriousImpactNeedsAnotherUnit) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = proposed(id, "a.example", Severity::serious);
  EXPECT_TRUE(order.class_a);
  EXPECT_EQ(reason_of(signed_move(near_approver, order, SignedMove::approve)), "other_unit_needed");
  const auto waits_for = [&](const identity::Actor& actor) {
    return look([&](store::Executor& executor) { return list_waiting(executor, actor); })->size();
  };
  EXPECT_EQ(waits_for(near_approver), 0U);
  EXPECT_EQ(waits_for(approver), 1U);
  EXPECT_EQ(reason_of(signed_move(approver, order, SignedMove::approve)), "(done)");
}

TEST_P(CasesRefusal, ASignatureFitsOneDocumentOnePersonAndFiveMinutes) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = checked(id, "a.example");
  const auto document = look([&](store::Executor& executor) {
    return signing_document(executor, context, analyst, order.id, order.version,
                            SignedMove::propose);
  });
  ASSERT_TRUE(document.has_value());
  const auto good = signature(analyst, order, SignedMove::propose, document->digest);
  const auto with = [&](auto change) {
    auto wrong = good;
    change(wrong);
    return reason_of(run([&](store::Transaction& tx) {
      return propose_order(tx, context, analyst,
                           {.id = order.id, .version = order.version, .signature = wrong});
    }));
  };
  using Record = identity::SignatureRecord;
  EXPECT_EQ(with([](Record& r) { r.digest[0] = r.digest[0] == '0' ? '1' : '0'; }), "bad_signature");
  EXPECT_EQ(with([&](Record& r) { r.account_id = approver.account_id; }), "bad_signature");
  EXPECT_EQ(with([](Record& r) { r.purpose = "order.approve"; }), "bad_signature");
  EXPECT_EQ(with([](Record& r) { r.record_id = evidence_of_nobody; }), "bad_signature");
  EXPECT_EQ(with([&](Record& r) { r.signed_at_ms -= identity::challenge_life_ms + 1; }),
            "bad_signature");
  EXPECT_EQ(with([](Record& r) { r.id = {}; }), "bad_signature");
  EXPECT_EQ(with([](Record&) {}), "(done)");
}

TEST_P(CasesRefusal, AnOldVersionAndAWrongStateAreRefused) {
  const auto id = *reported("https://a.example").case_id;
  auto order = proposed(id, "a.example");
  EXPECT_EQ(reason_of(signed_move(analyst, order, SignedMove::propose)), "wrong_state");
  EXPECT_EQ(reason_of(signed_move(approver, order, SignedMove::ratify)), "wrong_state");
  --order.version;
  EXPECT_EQ(reason_of(signed_move(approver, order, SignedMove::approve)), "stale_version");
  const auto lifted = run([&](store::Transaction& tx) {
    return lift_order(tx, context, duty,
                      {.id = order.id, .version = order.version + 1, .reason = "thử xem"});
  });
  EXPECT_EQ(reason_of(lifted), "wrong_state");
}

TEST_P(CasesRefusal, OneOrderStandsForAName) {
  const auto id = *reported("https://a.example").case_id;
  approved(id, "a.example");
  EXPECT_EQ(refusal(draft_for(id, "a.example")), "already_ordered");
}

TEST_P(CasesRefusal, ACaseWithOpenWorkStaysOpen) {
  const auto id = *reported("https://a.example").case_id;
  const auto close = [&] {
    const auto version = case_of(id).version;
    return run([&](store::Transaction& tx) {
      return close_case(tx, context, analyst,
                        {.id = id,
                         .version = version,
                         .outcome = CaseOutcome::no_abuse,
                         .reason = "không có gì"});
    });
  };
  EXPECT_EQ(close().error().reason, "open_work");  // a report waits
  const auto version = case_of(id).version;
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return accept_case_reports(tx, context, analyst, id, version);
              }).has_value());
  const auto task = run([&](store::Transaction& tx) {
    return add_task(tx, context, analyst, {.case_id = id, .title = "Gọi nhà cung cấp"});
  });
  ASSERT_TRUE(task.has_value());
  EXPECT_EQ(close().error().reason, "open_work");  // a task is open
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return finish_task(tx, context, analyst, task->id);
              }).has_value());
  EXPECT_TRUE(close().has_value());
}

// Whoever can write SQL still cannot make what must not be.
TEST_P(CasesRefusal, TheSchemaHoldsTheFence) {
  const auto id = *reported("https://a.example").case_id;
  const auto draft_only = draft(draft_for(id, "b.example"));
  ASSERT_TRUE(draft_only.has_value());
  const auto waiting = proposed(id, "a.example");
  const auto standing = approved(id, "c.example");
  const auto bare = draft({.case_id = id,
                           .name = "d.example",
                           .scope = Scope::host,
                           .category = {},
                           .ground = {},
                           .evidence_ids = {},
                           .ends_at_ms = {},
                           .reason = {}});
  ASSERT_TRUE(bare.has_value()) << bare.error().message;

  EXPECT_TRUE(schema_refuses("UPDATE block_order SET state = 'approved' WHERE id = $1",
                             {draft_only->id.value}));
  EXPECT_TRUE(schema_refuses("UPDATE block_order SET state = 'published' WHERE id = $1",
                             {waiting.id.value}));
  EXPECT_TRUE(
      schema_refuses("UPDATE block_order SET state = 'proposed' WHERE id = $1", {bare->id.value}));
  EXPECT_TRUE(schema_refuses(
      "UPDATE block_order SET state = 'approved', approver = proposer, approver_unit = 'x' "
      "WHERE id = $1",
      {waiting.id.value}));
  EXPECT_TRUE(schema_refuses(
      "UPDATE block_order SET state = 'approved', approver = 'somebody', approver_unit = 'x' "
      "WHERE id = $1",
      {waiting.id.value}));  // without a second signature
  EXPECT_TRUE(schema_refuses("UPDATE block_order SET name = 'good.example' WHERE id = $1",
                             {standing.id.value}));
  EXPECT_TRUE(
      schema_refuses("UPDATE block_order SET scope = 'domain' WHERE id = $1", {standing.id.value}));
  EXPECT_TRUE(schema_refuses("UPDATE block_order SET ends_at_ms = ends_at_ms + 1 WHERE id = $1",
                             {standing.id.value}));
  EXPECT_TRUE(
      schema_refuses("DELETE FROM order_evidence WHERE order_id = $1", {standing.id.value}));
  EXPECT_TRUE(
      schema_refuses("DELETE FROM order_signature WHERE order_id = $1", {standing.id.value}));
  EXPECT_TRUE(schema_refuses("UPDATE case_event SET body = 'x' WHERE id = $1", {1}));
  EXPECT_TRUE(schema_refuses("DELETE FROM case_event WHERE id = $1", {1}));
  EXPECT_TRUE(schema_refuses("DELETE FROM publication WHERE order_id = $1", {standing.id.value}));
  EXPECT_TRUE(schema_refuses("UPDATE case_file SET state = 'closed' WHERE id = $1",
                             {id.value}));  // without an outcome
}

TEST_P(CasesRefusal, ReportsOfBadShape) {
  const auto reason = [&](ReportDraft content) {
    auto receipt =
        run([&](store::Transaction& tx) { return receive_report(tx, context, content); });
    return receipt ? std::string{"(done)"} : receipt.error().reason;
  };
  EXPECT_EQ(reason({.text = ""}), "report_empty");
  EXPECT_EQ(reason({.text = " \n\t "}), "report_empty");
  EXPECT_EQ(reason({.text = std::string(report_text_size_max + 1, 'a')}), "report_too_long");
  EXPECT_EQ(reason({.text = "quảng cáo", .category = Category::choice_ads}), "choice_category");
  EXPECT_EQ(reason({.text = "\xff\xfe bad"}), "bad_utf8");
  const auto code = look([&](store::Executor& executor) {
    return report_status(executor, "7KQ2-M4XN-09TD-HV3E-A8R5");
  });
  ASSERT_FALSE(code.has_value());
  EXPECT_EQ(code.error().reason, "unknown_code");
}

}  // namespace
}  // namespace khien::cases
