// Reports, subjects and cases as each other's members; what is found, hidden and sealed.
#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class CasesMembers : public testing::Desk {
 protected:
  std::vector<std::string> subjects_of(const CaseId& id) {
    auto subjects =
        look([&](store::Executor& executor) { return list_case_subjects(executor, id); });
    std::vector<std::string> values;
    for (const auto& subject : subjects.value_or(std::vector<Subject>{})) {
      values.push_back(subject.value);
    }
    return values;
  }
  Report report_of(const ReportId& id) {
    return look([&](store::Executor& executor) { return load_report(executor, id); })
        .value_or(Report{});
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, CasesMembers, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(CasesMembers, ACaseIsGivenOnlyToWhoMayWorkIt) {
  for (const auto& [letter, role, locked] :
       {std::tuple{"A", "analyst", 0}, std::tuple{"B", "approver", 0},
        std::tuple{"C", "intake", 1}}) {
    const auto id = std::string{"01KHNPERSN000000000000000"} + letter;
    const auto made = run([&](store::Transaction& tx) -> Result<void> {
      auto account = tx.execute(
          "INSERT INTO account (id, login, name, unit, email, language, locked, password_hash, "
          "created_at_ms) VALUES ($1, $2, 'Người', '', '', 'vi', $3, 'x', 1)",
          {id, "p" + id, locked});
      if (!account) return tl::unexpected<Error>{account.error()};
      auto grant = tx.execute(
          "INSERT INTO role_grant (id, account_id, role, basis, from_ms) "
          "VALUES ($1, $1, $2, 'demo', 1)",
          {id, role});
      if (!grant) return tl::unexpected<Error>{grant.error()};
      return {};
    });
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }
  const auto id = *reported("https://a.example").case_id;
  const auto assign = [&](const identity::Actor& by, const identity::AccountId& to) {
    const auto version = case_of(id).version;
    const auto done =
        run([&](store::Transaction& tx) { return assign_case(tx, context, by, id, version, to); });
    return done ? std::string{} : done.error().reason;
  };
  EXPECT_EQ(assign(approver, analyst.account_id), "not_your_role");
  EXPECT_EQ(assign(analyst, approver.account_id), "not_assignable");
  EXPECT_EQ(assign(analyst, near_approver.account_id), "not_assignable");  // locked
  EXPECT_EQ(assign(analyst, appeals.account_id), "not_assignable");        // nobody
  EXPECT_EQ(case_of(id).assignee.value, "");
  EXPECT_EQ(assign(analyst, analyst.account_id), "");
  EXPECT_EQ(case_of(id).assignee, analyst.account_id);
  EXPECT_EQ(assign(analyst, {}), "");
  EXPECT_EQ(case_of(id).assignee.value, "");
}

TEST_P(CasesMembers, UnlinkingRestoresBothCases) {
  const auto one = reported("https://a.example/1 gọi 0912345678");
  const auto two = reported("0912345678 và https://b.example");
  ASSERT_EQ(one.case_id, two.case_id);
  const auto other = reported("https://c.example");
  ASSERT_NE(other.case_id, one.case_id);
  const auto before_one = subjects_of(*one.case_id);
  const auto before_other = subjects_of(*other.case_id);
  const auto move = [&](std::optional<CaseId> to) {
    const auto version = report_of(two.report).version;
    return run([&](store::Transaction& tx) {
      return link_report(
          tx, context, analyst,
          {.report = two.report, .version = version, .case_id = to, .reason = "nhầm vụ"});
    });
  };
  ASSERT_TRUE(move(other.case_id).has_value());
  EXPECT_NE(subjects_of(*one.case_id), before_one);
  EXPECT_EQ(case_of(*one.case_id).report_count, 1);
  ASSERT_TRUE(move(one.case_id).has_value());
  EXPECT_EQ(subjects_of(*one.case_id).size(), before_one.size());
  EXPECT_EQ(subjects_of(*other.case_id), before_other);
  EXPECT_EQ(case_of(*one.case_id).report_count, 2);
}

TEST_P(CasesMembers, ADecisionBenignIsMetFirst) {
  const auto first = reported("https://cua-hang.example");
  auto subject = look([&](store::Executor& executor) {
    return find_subject(executor, SubjectKind::host, "cua-hang.example");
  });
  ASSERT_TRUE(subject.has_value() && subject->has_value());
  for (const auto& found : first.subjects) {
    const auto done = run([&](store::Transaction& tx) {
      return judge_subject(tx, context, analyst,
                           {.subject = found.id,
                            .version = found.version,
                            .verdict = Verdict::benign,
                            .reason = "cửa hàng thật",
                            .until_ms = clock.now_ms() + 10 * ms_per_day});
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  const auto second = reported("https://cua-hang.example lừa đảo");
  EXPECT_FALSE(second.case_id.has_value());
  EXPECT_EQ(report_of(second.report).state, ReportState::screening);
  clock.advance(10 * ms_per_day);  // the decision has ended
  EXPECT_TRUE(reported("https://cua-hang.example vẫn thế").case_id.has_value());
}

TEST_P(CasesMembers, FindsWithAndWithoutDiacritics) {
  const auto id = *reported("Trang giả mạo Ngân hàng Đông Á: https://a.example").case_id;
  reported("https://khac.example");
  for (const auto* query : {"ngân hàng", "ngan hang", "NGAN HANG dong a", "a.example"}) {
    auto page =
        look([&](store::Executor& executor) { return list_cases(executor, {.query = query}, {}); });
    ASSERT_TRUE(page.has_value()) << query;
    ASSERT_EQ(page->items.size(), 1U) << query;
    EXPECT_EQ(page->items[0].id, id);
  }
  const auto number = case_of(id).number;
  auto page =
      look([&](store::Executor& executor) { return list_cases(executor, {.query = number}, {}); });
  ASSERT_TRUE(page.has_value());
  EXPECT_EQ(page->items.size(), 1U);
}

TEST_P(CasesMembers, PagesThroughTheQueueByCursor) {
  for (int i = 0; i < 7; ++i) reported("https://s" + std::to_string(i) + ".example");
  std::vector<std::string> seen;
  PageRequest request{.before = {}, .size = 3};
  for (int pages = 0; pages < 5; ++pages) {
    auto page = look([&](store::Executor& executor) { return list_cases(executor, {}, request); });
    ASSERT_TRUE(page.has_value());
    for (const auto& value : page->items) seen.push_back(value.id.value);
    if (!page->next) break;
    request.before = page->next;
  }
  EXPECT_EQ(seen.size(), 7U);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(std::adjacent_find(seen.begin(), seen.end()), seen.end());
}

TEST_P(CasesMembers, AContactIsSealedAndGoesWithTheReport) {
  auto receipt = run([&](store::Transaction& tx) {
    return receive_report(
        tx, context,
        {.text = "https://a.example", .contact = "0987 654 321", .submission = "one form"});
  });
  ASSERT_TRUE(receipt.has_value());
  const auto again = run([&](store::Transaction& tx) {
    return receive_report(tx, context, {.text = "https://a.example", .submission = "one form"});
  });
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->report, receipt->report);
  EXPECT_EQ(again->code, "");
  const auto contact = run(
      [&](store::Transaction& tx) { return open_contact(tx, context, analyst, receipt->report); });
  ASSERT_TRUE(contact.has_value());
  EXPECT_EQ(*contact, "0987 654 321");
  const auto denied =
      run([&](store::Transaction& tx) { return open_contact(tx, context, duty, receipt->report); });
  EXPECT_FALSE(denied.has_value());
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return withdraw_report(tx, context, receipt->code);
              }).has_value());
  EXPECT_EQ(number_from("SELECT count(*) FROM report_contact"), 0);
  EXPECT_EQ(number_from("SELECT count(*) FROM case_subject"), 0);
}

TEST_P(CasesMembers, ChildAbuseNamesAreHiddenInTheRegister) {
  const auto id = *reported("https://xau.example", Category::child_abuse).case_id;
  auto content = draft_for(id, "xau.example");
  content.category = "child-abuse";
  auto order = draft(content);
  ASSERT_TRUE(order.has_value());
  order = check(*order);
  ASSERT_TRUE(order.has_value());
  order = signed_move(analyst, *order, SignedMove::propose);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  EXPECT_TRUE(order->class_a);
  order = signed_move(approver, *order, SignedMove::approve);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  auto page = look(
      [&](store::Executor& executor) { return list_register(executor, {.query = "xau"}, {}); });
  ASSERT_TRUE(page.has_value());
  EXPECT_TRUE(page->items.empty());
  page = look([&](store::Executor& executor) { return list_register(executor, {}, {}); });
  ASSERT_TRUE(page.has_value());
  ASSERT_EQ(page->items.size(), 1U);
  EXPECT_TRUE(page->items[0].name_hidden);
  EXPECT_EQ(page->items[0].name.size(), 64U);
  EXPECT_EQ(page->items[0].display, "");
  EXPECT_EQ(page->items[0].reason, "");
}

}  // namespace
}  // namespace khien::cases
