// The main job on both engines: from a report to a proven block to a proven lift.
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class CasesStory : public testing::Desk {};
INSTANTIATE_TEST_SUITE_P(Engines, CasesStory, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CasesStory, ACaseIsCalledByItsHostWholeOrByWhatBegins) {
  const std::string host =
      "khuyen-mai-tri-an-khach-hang-than-thiet-nhan-qua-mien-phi-2026.dich-vu-cham-soc-vip.example";
  EXPECT_EQ(case_of(*reported("https://" + host + "/qua").case_id).title, host);
  EXPECT_EQ(case_of(*reported("Họ gọi tới số 0912 345 678").case_id).title, "+84912345678");
  const std::string url = "http://192.0.2.7/" + std::string(100, 'a');
  EXPECT_EQ(case_of(*reported(url).case_id).title, url.substr(0, 80) + "…");
}

TEST_P(CasesStory, FromReportToProvenLift) {
  follow({"khien-dnsd", "unbound"});
  const auto first = reported("Trang https://dang-nhap.ngan-hang.example/vn giả ngân hàng");
  ASSERT_TRUE(first.case_id.has_value());
  EXPECT_EQ(first.case_number.substr(0, 6), "NB-26-");
  const auto second = reported("dang-nhap.ngan-hang.example lừa tôi");
  EXPECT_EQ(second.case_id, first.case_id);
  const auto id = *first.case_id;
  EXPECT_EQ(case_of(id).reports_waiting, 2);

  auto version = case_of(id).version;
  auto count = run([&](store::Transaction& tx) {
    return accept_case_reports(tx, context, analyst, id, version);
  });
  ASSERT_TRUE(count.has_value()) << count.error().message;
  EXPECT_EQ(*count, 2);
  EXPECT_EQ(case_of(id).state, CaseState::triaged);
  // One more of the same needs no second look.
  const auto third = reported("lại dang-nhap.ngan-hang.example");
  EXPECT_EQ(case_of(id).reports_waiting, 0);

  auto order = approved(id, "dang-nhap.ngan-hang.example");
  EXPECT_EQ(order.state, OrderState::approved);
  EXPECT_EQ(case_of(id).state, CaseState::monitoring);
  EXPECT_EQ(order_of(order.id).evidence_ids.size(), 1U);
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::published);
  probe(order.id, "khien-dnsd", ProbeVerdict::enforced);
  EXPECT_EQ(order_of(order.id).state, OrderState::published);
  probe(order.id, "unbound", ProbeVerdict::enforced);
  EXPECT_EQ(order_of(order.id).state, OrderState::verified);

  auto view = look([&](store::Executor& executor) { return report_status(executor, third.code); });
  ASSERT_TRUE(view.has_value()) << view.error().message;
  ASSERT_EQ(view->steps.size(), 3U);
  EXPECT_EQ(view->steps.back().kind, ReporterStepKind::blocked);
  auto known = look([&](store::Executor& executor) {
    return look_up(executor, suffixes, "https://dang-nhap.ngan-hang.example/x");
  });
  ASSERT_TRUE(known.has_value());
  ASSERT_EQ(known->blocking.size(), 1U);
  EXPECT_EQ(known->blocking[0].number, order.number);

  clock.advance(ms_per_hour);
  version = order_of(order.id).version;
  auto lifted = run([&](store::Transaction& tx) {
    return lift_order(tx, context, duty,
                      {.id = order.id, .version = version, .reason = "đã gỡ nội dung"});
  });
  ASSERT_TRUE(lifted.has_value()) << lifted.error().message;
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::lift_published);
  probe(order.id, "khien-dnsd", ProbeVerdict::not_enforced);
  probe(order.id, "unbound", ProbeVerdict::not_enforced);
  EXPECT_EQ(order_of(order.id).state, OrderState::lift_verified);

  version = case_of(id).version;
  auto closed = run([&](store::Transaction& tx) {
    return close_case(
        tx, context, analyst,
        {.id = id, .version = version, .outcome = CaseOutcome::gone, .reason = "xong việc"});
  });
  ASSERT_TRUE(closed.has_value()) << closed.error().message;
  view = look([&](store::Executor& executor) { return report_status(executor, first.code); });
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->state, ReportState::answered);
  EXPECT_EQ(view->steps.back().kind, ReporterStepKind::closed);
  auto entry =
      look([&](store::Executor& executor) { return load_register_entry(executor, order.id); });
  ASSERT_TRUE(entry.has_value()) << entry.error().message;
  EXPECT_FALSE(entry->in_force);
  EXPECT_EQ(entry->signatures.size(), 2U);
  EXPECT_EQ(entry->body, "Cơ quan diễn tập Khiên");

  // Every event that is no comment has one leaf, and there is no other leaf but the evidence's.
  EXPECT_EQ(number_from("SELECT count(*) FROM case_event WHERE leaf_id IS NOT NULL"),
            number_from("SELECT count(*) FROM ledger_leaf WHERE type NOT LIKE 'evidence.%'"));
  EXPECT_EQ(number_from("SELECT count(*) FROM deadline WHERE done_at_ms IS NULL"), 0);
}

TEST_P(CasesStory, ARenewalLeavesNoGap) {
  const auto id = *reported("https://a.example").case_id;
  const auto old = approved(id, "a.example");
  publish_all();
  clock.advance(20 * ms_per_day);
  const auto version = order_of(old.id).version;
  auto next = run([&](store::Transaction& tx) {
    return renew_order(tx, context, analyst,
                       {.id = old.id, .version = version, .reason = "còn lừa"},
                       clock.now_ms() + 30 * ms_per_day);
  });
  ASSERT_TRUE(next.has_value()) << next.error().message;
  auto order = check(*next);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = signed_move(analyst, *order, SignedMove::propose);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = signed_move(approver, *order, SignedMove::approve);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  EXPECT_EQ(order_of(old.id).state, OrderState::renewed);
  auto rows =
      look([&](store::Executor& executor) { return publications_after(executor, published_); });
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].action, PublicationAction::add);
  EXPECT_EQ((*rows)[1].action, PublicationAction::remove);
  EXPECT_EQ((*rows)[1].order, old.id);
}

TEST_P(CasesStory, AnAppealSuspendsAndLifts) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = approved(id, "a.example");
  publish_all();
  auto receipt = run([&](store::Transaction& tx) {
    return lodge_appeal(tx, context,
                        {.order = "a.example",
                         .text = "Đây là cửa hàng của tôi",
                         .contact = "chu@cua-hang.example"});
  });
  ASSERT_TRUE(receipt.has_value()) << receipt.error().message;
  const AppealMove admit{.id = receipt->appeal, .version = 1, .reason = "cần xem lại"};
  auto appeal =
      run([&](store::Transaction& tx) { return admit_appeal(tx, context, appeals, admit, true); });
  ASSERT_TRUE(appeal.has_value()) << appeal.error().message;
  EXPECT_EQ(order_of(order.id).state, OrderState::suspended);
  const auto version = order_of(order.id).version;
  auto resumed = run([&](store::Transaction& tx) {
    return resume_order(tx, context, approver,
                        {.id = order.id, .version = version, .reason = "mở"});
  });
  ASSERT_FALSE(resumed.has_value());
  EXPECT_EQ(resumed.error().reason, "waits_for_appeal");
  // Whoever signed is no judge of it, whatever the roles.
  auto partial = appeals;
  partial.account_id = approver.account_id;
  auto wrong = run([&](store::Transaction& tx) {
    return assign_appeal(tx, context, appeals,
                         {.id = appeal->id, .version = appeal->version, .reason = "giao việc"},
                         partial.account_id);
  });
  ASSERT_FALSE(wrong.has_value());
  EXPECT_EQ(wrong.error().reason, "touched_order");
  appeal = run([&](store::Transaction& tx) {
    return assign_appeal(tx, context, appeals,
                         {.id = appeal->id, .version = appeal->version, .reason = "giao việc"},
                         appeals.account_id);
  });
  ASSERT_TRUE(appeal.has_value()) << appeal.error().message;
  appeal = run([&](store::Transaction& tx) {
    return decide_appeal(tx, context, appeals,
                         {.id = appeal->id, .version = appeal->version, .reason = "chặn nhầm"},
                         AppealOutcome::upheld);
  });
  ASSERT_TRUE(appeal.has_value()) << appeal.error().message;
  EXPECT_EQ(appeal->state, AppealState::executed);
  EXPECT_EQ(order_of(order.id).state, OrderState::lifted);
  auto status =
      look([&](store::Executor& executor) { return appeal_status(executor, receipt->code); });
  ASSERT_TRUE(status.has_value());
  EXPECT_EQ(status->outcome, AppealOutcome::upheld);
}

TEST_P(CasesStory, ADeniedAppealResumesWhatItSuspended) {
  const auto id = *reported("https://a.example").case_id;
  const auto order = approved(id, "a.example");
  publish_all();
  auto receipt = run([&](store::Transaction& tx) {
    return lodge_appeal(tx, context, {.order = order.number, .text = "Tôi không đồng ý"});
  });
  ASSERT_TRUE(receipt.has_value()) << receipt.error().message;
  std::int64_t version = 1;
  const auto move = [&] {
    return AppealMove{.id = receipt->appeal, .version = version++, .reason = "có lý do"};
  };
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return admit_appeal(tx, context, appeals, move(), true);
              }).has_value());
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return assign_appeal(tx, context, appeals, move(), appeals.account_id);
              }).has_value());
  auto decided = run([&](store::Transaction& tx) {
    return decide_appeal(tx, context, appeals, move(), AppealOutcome::denied);
  });
  ASSERT_TRUE(decided.has_value()) << decided.error().message;
  EXPECT_EQ(order_of(order.id).state, OrderState::approved);
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::published);
}

// Serials go round (RFC 1982): one behind the end of the circle is later than one before it.
TEST_P(CasesStory, WhatAResolverHasAppliedIsToldByItsSerialAcrossTheEndOfTheCircle) {
  follow({"unbound"});
  std::vector<OrderId> orders;
  const std::vector<std::int64_t> serials{4'294'967'290, 4'294'967'295, 1, 7};
  for (std::size_t i = 0; i < serials.size(); ++i) {
    const std::string host = "vong-" + std::to_string(i) + ".example";
    const auto id = *reported("Trang https://" + host + "/ lừa đảo").case_id;
    orders.push_back(approved(id, host).id);
    publish_all(serials[i]);
  }
  const auto serial_known = look([](store::Executor& executor) { return last_serials(executor); });
  ASSERT_TRUE(serial_known.has_value());
  EXPECT_EQ(*serial_known, std::vector<std::uint32_t>{7});
  const auto applied = [&](std::int64_t serial) {
    auto count = run([&](store::Transaction& tx) {
      return record_applied(tx, context, "unbound", "orders-phishing.rpz.khien.", serial);
    });
    EXPECT_TRUE(count.has_value());
    return count.value_or(-1);
  };
  EXPECT_EQ(applied(4'294'967'289), 0);
  EXPECT_EQ(applied(4'294'967'294), 1);
  EXPECT_EQ(applied(2), 2);
  EXPECT_EQ(order_of(orders[2]).state, OrderState::enforced);
  EXPECT_EQ(order_of(orders[3]).state, OrderState::published);
  EXPECT_EQ(applied(4'294'967'295), 0);  // an old answer takes nothing along that comes later
  EXPECT_EQ(applied(7), 1);
}

}  // namespace
}  // namespace khien::cases
