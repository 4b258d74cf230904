// What providers are asked, what they answer, and when it is over, on both engines.
#include "providers/contract_test.h"
#include "providers/task.h"
#include "store/jobs.h"

namespace khien::providers {
namespace {

class Tasks : public ProvidersDesk {
 protected:
  void SetUp() override {
    ProvidersDesk::SetUp();
    if (IsSkipped()) return;
    id = entered(draft_of("nha-mang"));
    probe.emplace(machine("may-1", id));
  }
  TaskCounts review(Telling telling = Telling::by_mail) {
    auto counts = review_tasks(db(), providers, telling);
    EXPECT_TRUE(counts.has_value()) << counts.error().message;
    return counts.value_or(TaskCounts{});
  }
  std::optional<Task> task() {
    auto found = look([&](store::Executor& db) { return open_task_of(db, id); });
    EXPECT_TRUE(found.has_value()) << found.error().message;
    return found.value_or(std::optional<Task>{});
  }
  std::string code() {
    const auto open = task()->id;
    auto made = run([&](store::Transaction& tx) { return make_code(tx, providers, open); });
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or("");
  }
  Result<Task> answer(std::string_view with, Answer what, std::string_view words = "") {
    return run(
        [&](store::Transaction& tx) { return answer_task(tx, providers, with, what, words); });
  }
  Result<Task> settle(const identity::Actor& actor, Settlement settlement,
                      std::string words = "đã xem") {
    const auto now = task();
    return run([&](store::Transaction& tx) {
      return settle_dispute(
          tx, providers, actor,
          {.id = now->id, .version = now->version, .settlement = settlement, .words = words});
    });
  }
  /// An order that stands open for longer than the provider may take, and a task about it.
  cases::Order overdue() {
    auto order = in_force("xau.example");
    clock.advance(121 * minute_ms);
    round(*probe, {});
    EXPECT_EQ(review().opened, 1);
    return order;
  }
  std::int64_t mails() {
    return look([](store::Executor& db) { return store::count_jobs(db, job_provider_task); })
        ->waiting;
  }
  ProviderId id;
  std::optional<Machine> probe;
};
INSTANTIATE_TEST_SUITE_P(Engines, Tasks, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(Tasks, OpenWhenTheTimeIsOverAndCloseWhenItIsDone) {
  in_force("xau.example");
  round(*probe, {});
  EXPECT_EQ(review().opened, 0) << "it has two hours";
  clock.advance(121 * minute_ms);
  round(*probe, {});
  EXPECT_EQ(review().opened, 1);
  EXPECT_EQ(review().opened, 0) << "one is open";
  EXPECT_EQ(mails(), 1);
  const auto open = task();
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->state, TaskState::open);
  EXPECT_EQ(open->due_at_ms, clock.now_ms() + 120 * minute_ms);
  const auto items = look([&](store::Executor& db) { return list_items(db, open->id, 10); });
  ASSERT_EQ(items->size(), 1U);
  EXPECT_EQ(items->front().name, "xau.example");
  EXPECT_EQ(items->front().verdict, "not_enforced");

  clock.advance(minute_ms);
  round(*probe, {{"tot.example", silent()}});
  EXPECT_EQ(review().closed, 0) << "a broken line proves nothing";
  round(*probe, {{"xau.example", blocked()}});
  EXPECT_EQ(review().closed, 1);
  EXPECT_FALSE(task().has_value());
}

TEST_P(Tasks, GatherWhatComesAndEndWithALift) {
  const auto first = overdue();
  const auto second_order = in_force("xau2.example");
  clock.advance(121 * minute_ms);
  round(*probe, {});
  EXPECT_EQ(review().opened, 0);
  EXPECT_EQ(task()->items_open, 2);
  EXPECT_EQ(mails(), 1) << "one mail a task";
  lift(first);
  review();
  EXPECT_EQ(task()->items_open, 1) << "nothing is to be blocked there any more";
  lift(second_order);
  EXPECT_EQ(review().closed, 1);
}

TEST_P(Tasks, ALiftThatDoesNotComeIsDueSooner) {
  const auto order = in_force("xau.example");
  lift(order);
  clock.advance(59 * minute_ms);
  round(*probe, {{"xau.example", blocked()}});
  EXPECT_EQ(review().opened, 0);
  clock.advance(2 * minute_ms);
  EXPECT_EQ(review().opened, 1);
}

TEST_P(Tasks, TooMuchIsAskedAboutAtOnceAndOurOwnNeverAre) {
  in_force("xau.shop.example");
  round(*probe, {{"xau.shop.example", blocked()}, {"shop.example", blocked()}});
  EXPECT_EQ(review(Telling::nobody).opened, 1);
  EXPECT_EQ(mails(), 0);
  auto ours = draft_of("tinh");
  ours.kind = ProviderKind::own;
  const auto own = machine("may-tinh", entered(ours));
  clock.advance(ms_per_day);
  round(own, {});
  EXPECT_EQ(review().opened, 0);
}

TEST_P(Tasks, CodesOpenThemAndAreKeptAsHashes) {
  overdue();
  const auto first = code();
  const auto found = look([&](store::Executor& db) { return task_of_code(db, first); });
  EXPECT_EQ(found->id, task()->id);
  auto lower = first;
  for (auto& c : lower) c = static_cast<char>(std::tolower(c));
  EXPECT_TRUE(look([&](store::Executor& db) { return task_of_code(db, lower); }).has_value());
  for (const auto& wrong : {std::string{}, std::string{"x"}, first.substr(1), first + "0"}) {
    EXPECT_EQ(look([&](store::Executor& db) { return task_of_code(db, wrong); }).error().reason,
              "unknown_code")
        << wrong;
  }
  for (std::int64_t i = 0; i < task_codes_max; ++i) {
    clock.advance(1);
    code();
  }
  EXPECT_EQ(number_from("SELECT count(*) FROM provider_task_code"), task_codes_max);
  EXPECT_FALSE(look([&](store::Executor& db) { return task_of_code(db, first); }).has_value())
      << "the oldest of too many";
}

TEST_P(Tasks, AnswersAndDisputes) {
  overdue();
  const auto with = code();
  EXPECT_EQ(answer(with, Answer::disputed, " ").error().reason, "answer_empty");
  EXPECT_EQ(answer("x", Answer::done).error().reason, "unknown_code");
  EXPECT_EQ(answer(with, Answer::done)->state, TaskState::answered);
  EXPECT_EQ(settle(duty, Settlement::accepted).error().reason, "not_disputed");
  const auto disputed = answer(with, Answer::disputed, "Chúng tôi đo lúc 9 giờ: đã chặn");
  ASSERT_TRUE(disputed.has_value()) << disputed.error().message;
  EXPECT_EQ(disputed->state, TaskState::disputed);
  EXPECT_EQ(settle(analyst, Settlement::accepted).error().reason, "not_your_role");
  EXPECT_EQ(settle(duty, Settlement::accepted, " ").error().reason, "reason_needed");
  clock.advance(minute_ms);
  const auto again = settle(duty, Settlement::rejected, "Máy dò vẫn thấy mở");
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->state, TaskState::open);
  EXPECT_EQ(again->due_at_ms, clock.now_ms() + 120 * minute_ms);
  EXPECT_EQ(again->officer_answer, "Máy dò vẫn thấy mở");
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE type = 'provider_task.settled'"),
            1);
}

TEST_P(Tasks, WhatWasAcceptedIsNotAskedAgainForAWeek) {
  overdue();
  const auto with = code();
  ASSERT_TRUE(answer(with, Answer::disputed, "đo thấy đã chặn").has_value());
  ASSERT_TRUE(settle(duty, Settlement::accepted).has_value());
  EXPECT_EQ(answer(with, Answer::done).error().reason, "closed");
  round(*probe, {});
  EXPECT_EQ(review().opened, 0);
  clock.advance(accepted_for_ms + 1);
  round(*probe, {});
  EXPECT_EQ(review().opened, 1);
}

TEST_P(Tasks, AStaleVersionAndSqlDoNotPass) {
  overdue();
  ASSERT_TRUE(answer(code(), Answer::disputed, "đo thấy đã chặn").has_value());
  const auto seen = *task();
  const auto stale = run([&](store::Transaction& tx) {
    return settle_dispute(tx, providers, duty,
                          {.id = seen.id, .version = seen.version - 1, .words = "đã xem"});
  });
  EXPECT_EQ(stale.error().reason, "stale_version");
  EXPECT_FALSE(sql("DELETE FROM provider_task"));
  EXPECT_FALSE(sql("UPDATE provider_task SET state = 'closed'")) << "without an instant";
  EXPECT_FALSE(sql("UPDATE provider_task SET answer = ''")) << "a dispute says why";
  ASSERT_TRUE(settle(duty, Settlement::accepted).has_value());
  EXPECT_FALSE(sql("UPDATE provider_task SET state = 'open', closed_at_ms = NULL"));
}

}  // namespace
}  // namespace khien::providers
