// Who is told that an order waits for its second signature: a job in the move's own transaction.
#include "cases/second_signer.h"

#include "cases/testing/desk.h"
#include "store/jobs.h"

namespace khien::cases {
namespace {

using testing::Desk;

class SecondSigner : public Desk {
 protected:
  SecondSigner() { context.tell_second_signers = true; }
  store::JobCounts jobs() {
    return *look([](store::Executor& db) { return store::count_jobs(db, job_second_signature); });
  }
  std::optional<store::Job> claim() {
    return *store::claim_job(db(), clock, job_second_signature, 60'000);
  }
  std::optional<InstantMs> due(const Order& order) {
    return *look([&](store::Executor& db) { return second_signature_due(db, order); });
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, SecondSigner, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(SecondSigner, AProposalQueuesOneJobThatHoldsTheOrdersIdAlone) {
  const auto report = reported("http://ngan-hang.example/");
  const auto order = proposed(*report.case_id, "ngan-hang.example");
  EXPECT_TRUE(waits_for_second(order));
  EXPECT_EQ(due(order), clock.now_ms() + ms_per_hour);  // phishing is urgent
  const auto job = claim();
  ASSERT_TRUE(job.has_value());
  EXPECT_EQ(job->payload, order.id.value);
  EXPECT_EQ(jobs().waiting, 1);
}

TEST_P(SecondSigner, AnEmergencyQueuesOneAndIsDueWhenItLapses) {
  const auto report = reported("http://ngan-hang.example/");
  const auto order =
      signed_move(approver, checked(*report.case_id, "ngan-hang.example"), SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  EXPECT_TRUE(waits_for_second(*order));
  EXPECT_EQ(due(*order), clock.now_ms() + emergency_life_ms);
  EXPECT_EQ(jobs().waiting, 1);
  const auto ratified = signed_move(near_approver, *order, SignedMove::ratify);
  ASSERT_TRUE(ratified.has_value()) << ratified.error().message;
  EXPECT_FALSE(waits_for_second(*ratified));
  EXPECT_EQ(due(*ratified), std::nullopt);
}

TEST_P(SecondSigner, NothingIsQueuedWithoutMailOrForARefusedOrRolledBackMove) {
  const auto report = reported("http://ngan-hang.example/");
  context.tell_second_signers = false;
  static_cast<void>(proposed(*report.case_id, "ngan-hang.example"));
  EXPECT_EQ(jobs().waiting, 0);
  context.tell_second_signers = true;
  const auto refused = checked(*report.case_id, "b.ngan-hang.example");
  EXPECT_FALSE(signed_move(approver, refused, SignedMove::propose).has_value());
  EXPECT_EQ(jobs().waiting, 0);
  const auto undone = run([&](store::Transaction& tx) -> Result<void> {
    if (auto told = tell_second_signers(tx, context, refused); !told) return told;
    return fail(ErrorCode::conflict, "something else went wrong");
  });
  EXPECT_FALSE(undone.has_value());
  EXPECT_EQ(jobs().waiting, 0);
}

TEST_P(SecondSigner, AFullQueueIsNoReasonToRefuseAProposal) {
  ASSERT_TRUE(run([&](store::Transaction& tx) -> Result<void> {
                for (std::int64_t i = 0; i < second_signature_jobs_max; ++i) {
                  auto queued = store::enqueue_job(
                      tx, clock, {.kind = std::string{job_second_signature}, .payload = "x"});
                  if (!queued) return tl::unexpected<Error>{queued.error()};
                }
                return {};
              }).has_value());
  const auto report = reported("http://ngan-hang.example/");
  EXPECT_EQ(proposed(*report.case_id, "ngan-hang.example").state, OrderState::proposed);
  EXPECT_EQ(jobs().waiting, second_signature_jobs_max);
}

TEST_P(SecondSigner, TheRightIsThatOfTheApproval) {
  const auto report = reported("http://ngan-hang.example/");
  const auto order = proposed(*report.case_id, "ngan-hang.example");
  EXPECT_TRUE(may_sign_second(approver, order));
  EXPECT_TRUE(may_sign_second(near_approver, order));
  EXPECT_EQ(may_sign_second(both, order).reason, "own_order");
  EXPECT_EQ(may_sign_second(duty, order).reason, "not_your_role");
  const auto serious = proposed(*report.case_id, "c.ngan-hang.example", Severity::serious);
  EXPECT_TRUE(may_sign_second(approver, serious));
  EXPECT_EQ(may_sign_second(near_approver, serious).reason, "other_unit_needed");
}

}  // namespace
}  // namespace khien::cases
