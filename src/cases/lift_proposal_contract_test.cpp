// What a recheck's finding does to an order: a proposal, then a person, or time.
#include "cases/lift_proposal.h"

#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class LiftProposals : public testing::Desk {
 protected:
  Order in_force(std::string name) {
    const auto order = approved(*reported("https://" + name).case_id, name);
    publish_all();
    return order_of(order.id);
  }
  std::optional<LiftProposal> propose(const OrderId& id,
                                      RecheckFinding finding = RecheckFinding::dead) {
    auto proposal = run([&](store::Transaction& tx) {
      return propose_lift(tx, context,
                          {.order = id,
                           .finding = finding,
                           .grounds = {.looks = 4, .since_ms = clock.now_ms() - 3 * ms_per_day}});
    });
    EXPECT_TRUE(proposal.has_value()) << proposal.error().message;
    return proposal.value_or(std::nullopt);
  }
  Result<Order> keep(const OrderId& id, const identity::Actor& actor) {
    const auto version = order_of(id).version;
    return run([&](store::Transaction& tx) {
      return keep_order(tx, context, actor,
                        {.id = id, .version = version, .reason = "trang vẫn lừa đảo"});
    });
  }
  ProposalState newest(const OrderId& id) {
    auto all = look([&](store::Executor& db) { return proposals_of(db, id); });
    EXPECT_TRUE(all.has_value() && !all->empty());
    return all->front().state;
  }
  std::int64_t open_count() {
    return look([](store::Executor& db) { return count_open_proposals(db); }).value_or(-1);
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, LiftProposals, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(LiftProposals, AnOrderGoesToReviewAndNobodyActsSoItLapses) {
  const auto order = in_force("a.example");
  const auto proposal = propose(order.id);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->lapses_at_ms, clock.now_ms() + 14 * ms_per_day);
  EXPECT_EQ(order_of(order.id).state, OrderState::due_review);
  EXPECT_FALSE(propose(order.id).has_value()) << "once";
  const auto due = look([&](store::Executor& db) { return deadlines_of(db, order.id.value); });
  EXPECT_TRUE(std::any_of(due->begin(), due->end(), [](const Deadline& deadline) {
    return deadline.kind == DeadlineKind::proposal_end;
  })) << "the duty officer sees it among what is due";
  clock.advance(14 * ms_per_day - 1);
  EXPECT_EQ(sweep_now().proposals_lapsed, 0);
  EXPECT_TRUE(is_in_force(order_of(order.id).state));
  clock.advance(1);
  EXPECT_EQ(sweep_now().proposals_lapsed, 1);
  const auto lapsed = order_of(order.id);
  EXPECT_EQ(lapsed.state, OrderState::lapsed);
  EXPECT_NE(lapsed.end_reason.find("dead"), std::string::npos) << lapsed.end_reason;
  EXPECT_EQ(newest(order.id), ProposalState::lapsed);
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%recheck-dead%'"), 1);
  EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%a.example%'"), 0);
}

// A lapsed order is over: neither a finding, a sweep nor time brings it back; a new one with new
// signatures does.
TEST_P(LiftProposals, ALapsedNameComesBackByNewSignaturesOnly) {
  const auto order = in_force("a.example");
  propose(order.id, RecheckFinding::reregistered);
  clock.advance(reregistered_life_ms);
  ASSERT_EQ(sweep_now().proposals_lapsed, 1);
  publish_all();
  EXPECT_FALSE(propose(order.id).has_value());
  EXPECT_FALSE(keep(order.id, analyst).has_value());
  clock.advance(40 * ms_per_day);
  sweep_now();
  const auto in_force_now =
      look([](store::Executor& executor) { return orders_in_force(executor); });
  EXPECT_TRUE(in_force_now.has_value() && in_force_now->empty());
  EXPECT_TRUE(is_over(order_of(order.id).state));
  const auto again = in_force("a.example");
  EXPECT_NE(again.id, order.id);
  EXPECT_TRUE(is_in_force(again.state));
}

TEST_P(LiftProposals, OneOfficerLiftsOrKeeps) {
  const auto lifted = in_force("a.example");
  propose(lifted.id);
  const auto version = order_of(lifted.id).version;
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return lift_order(tx, context, duty,
                                  {.id = lifted.id, .version = version, .reason = "không còn"});
              }).has_value());
  EXPECT_EQ(newest(lifted.id), ProposalState::lifted);

  const auto kept = in_force("b.example");
  propose(kept.id);
  EXPECT_EQ(keep(kept.id, appeals).error().code, ErrorCode::denied);
  ASSERT_TRUE(keep(kept.id, analyst).has_value());
  EXPECT_EQ(newest(kept.id), ProposalState::kept);
  EXPECT_EQ(order_of(kept.id).state, OrderState::published);
  EXPECT_FALSE(propose(kept.id).has_value()) << "turned down today";
  EXPECT_TRUE(propose(kept.id, RecheckFinding::parked).has_value()) << "another finding";
  ASSERT_TRUE(keep(kept.id, analyst).has_value());
  clock.advance(kept_for_ms);
  sweep_now();
  EXPECT_TRUE(propose(kept.id).has_value()) << "a week later it is asked again";
  EXPECT_EQ(open_count(), 1);
}

TEST_P(LiftProposals, AnotherFindingGivesNoMoreTime) {
  const auto order = in_force("a.example");
  const auto first = propose(order.id, RecheckFinding::parked);
  clock.advance(2 * ms_per_day);
  const auto second = propose(order.id, RecheckFinding::sinkholed);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->lapses_at_ms, first->lapses_at_ms);
  const auto third = propose(order.id, RecheckFinding::reregistered);
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->lapses_at_ms, clock.now_ms() + reregistered_life_ms);
  EXPECT_EQ(open_count(), 1);
}

TEST_P(LiftProposals, NeverOutlivesTheOrder) {
  const auto order = in_force("a.example");
  clock.advance(*order.ends_at_ms - clock.now_ms() - ms_per_hour);
  sweep_now();
  const auto proposal = propose(order.id);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->lapses_at_ms, *order.ends_at_ms);
  clock.advance(ms_per_hour);
  sweep_now();
  EXPECT_EQ(order_of(order.id).state, OrderState::lapsed);
  EXPECT_EQ(open_count(), 0);
}

TEST_P(LiftProposals, AliveAgainWithdrawsButAnotherOwnerStays) {
  const auto withdraw = [&](const OrderId& id) {
    return run([&](store::Transaction& tx) {
             return withdraw_lift_proposal(tx, context, id, Sighting::name);
           })
        .value_or(false);
  };
  const auto order = in_force("a.example");
  EXPECT_FALSE(withdraw(order.id)) << "nothing was proposed";
  propose(order.id);
  EXPECT_TRUE(withdraw(order.id));
  EXPECT_EQ(newest(order.id), ProposalState::withdrawn);
  EXPECT_EQ(order_of(order.id).state, OrderState::due_review) << "a person still looks";
  propose(order.id, RecheckFinding::reregistered);
  EXPECT_FALSE(withdraw(order.id));
  EXPECT_EQ(open_count(), 1);
}

// It may be gone for us alone, so neither a short setting nor a name that answers hurries it.
TEST_P(LiftProposals, GonePagesGiveAPersonTheirWholeTime) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return change_setting(tx, context, demo_act, Setting::proposal_days, "5", 0);
              }).has_value());
  const auto withdraw = [&](const OrderId& id, Sighting seen) {
    return run([&](store::Transaction& tx) {
             return withdraw_lift_proposal(tx, context, id, seen);
           })
        .value_or(false);
  };
  const auto lapsing = in_force("a.example");
  const auto proposal = propose(lapsing.id, RecheckFinding::content_gone);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->finding, RecheckFinding::content_gone);
  EXPECT_EQ(proposal->lapses_at_ms, clock.now_ms() + content_gone_life_min_ms);
  EXPECT_FALSE(withdraw(lapsing.id, Sighting::name));

  const auto back = in_force("b.example");
  propose(back.id, RecheckFinding::content_gone);
  EXPECT_TRUE(withdraw(back.id, Sighting::page));
  EXPECT_EQ(newest(back.id), ProposalState::withdrawn);
  propose(back.id, RecheckFinding::content_gone);
  EXPECT_TRUE(withdraw(back.id, Sighting::unwatched)) << "what nobody watches lapses for nothing";

  clock.advance(content_gone_life_min_ms);
  EXPECT_EQ(sweep_now().proposals_lapsed, 1);
  EXPECT_EQ(order_of(lapsing.id).state, OrderState::lapsed);
  EXPECT_NE(order_of(lapsing.id).end_reason.find("pages gone"), std::string::npos);
  EXPECT_EQ(
      number_from("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%recheck-content_gone%'"), 1);
}

TEST_P(LiftProposals, ASuspendedOrderMayBeKeptOrLapses) {
  const auto order = in_force("a.example");
  const auto version = order_of(order.id).version;
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return suspend_order(tx, context, duty,
                                     {.id = order.id, .version = version, .reason = "kiểm tra"},
                                     std::nullopt);
              }).has_value());
  publish_all();
  ASSERT_TRUE(propose(order.id).has_value());
  EXPECT_EQ(order_of(order.id).state, OrderState::suspended);
  ASSERT_TRUE(keep(order.id, analyst).has_value());
  EXPECT_EQ(order_of(order.id).state, OrderState::suspended);
  EXPECT_FALSE(keep(order.id, analyst).has_value()) << "nothing is proposed any more";
  ASSERT_TRUE(propose(order.id, RecheckFinding::parked).has_value());
  clock.advance(14 * ms_per_day);
  EXPECT_EQ(sweep_now().proposals_lapsed, 1);
}

TEST_P(LiftProposals, TheTimeIsASetting) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return change_setting(tx, context, demo_act, Setting::proposal_days, "5", 0);
              }).has_value());
  for (const char* bad : {"0", "61", "x", "5 ngày", "-1"}) {
    EXPECT_EQ(run([&](store::Transaction& tx) {
                return change_setting(tx, context, demo_act, Setting::proposal_days, bad, 0);
              })
                  .error()
                  .reason,
              "bad_setting")
        << bad;
  }
  const auto proposal = propose(in_force("a.example").id);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->lapses_at_ms, clock.now_ms() + 5 * ms_per_day);
}

TEST_P(LiftProposals, ListsTheSoonestAndNoMoreThanFit) {
  const auto order = in_force("a.example");
  // As many rows as one order cannot have; the table takes them as settled ones.
  for (int i = 0; i < 3; ++i) {
    propose(order.id, i % 2 == 0 ? RecheckFinding::dead : RecheckFinding::parked);
  }
  ASSERT_TRUE(run([&](store::Transaction& tx) -> Result<void> {
                for (int i = 0; i < proposals_listed_max; ++i) {
                  auto done = tx.execute(
                      "INSERT INTO lift_proposal (order_id, finding, looks, since_ms, server, "
                      "state, proposed_at_ms, lapses_at_ms, settled_at_ms) VALUES ($1, 'dead', 3, "
                      "1, '', 'withdrawn', 1, 2, 2)",
                      {order.id});
                  if (!done) return tl::unexpected<Error>{done.error()};
                }
                return {};
              }).has_value());
  const auto all = look([&](store::Executor& db) { return proposals_of(db, order.id); });
  EXPECT_EQ(all->size(), static_cast<std::size_t>(proposals_listed_max));
  const auto open = look([](store::Executor& db) { return list_open_proposals(db); });
  ASSERT_EQ(open->size(), 1U);
  EXPECT_EQ(open->front().order, order.id);
}

/// A database of before gone pages were a finding.
class OlderProposals : public LiftProposals {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    auto all = LiftProposals::modules();
    all.back().migrations = migrations().first(8);
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, OlderProposals, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(OlderProposals, GoOnAfterTheMigration) {
  const auto kept = in_force("a.example");
  const auto open = in_force("b.example");
  propose(kept.id);
  ASSERT_TRUE(keep(kept.id, analyst).has_value());
  const auto before = propose(open.id);
  ASSERT_TRUE(before.has_value());
  const auto all = LiftProposals::modules();
  ASSERT_TRUE(db().migrate(all, clock).has_value());
  const auto after = look([&](store::Executor& ex) { return open_proposal(ex, open.id); });
  ASSERT_TRUE(after.has_value() && after->has_value());
  EXPECT_EQ((*after)->id, before->id);
  EXPECT_EQ((*after)->lapses_at_ms, before->lapses_at_ms);
  EXPECT_EQ(newest(kept.id), ProposalState::kept);
  // Its guards came along, and its numbers go on.
  for (const auto* sql : {"DELETE FROM lift_proposal", "UPDATE lift_proposal SET looks = 9",
                          "UPDATE lift_proposal SET state = 'open' WHERE state = 'kept'",
                          "UPDATE lift_proposal SET finding = 'bored'"}) {
    EXPECT_FALSE(run([&](store::Transaction& tx) { return tx.execute(sql); }).has_value()) << sql;
  }
  const auto next = propose(open.id, RecheckFinding::content_gone);
  ASSERT_TRUE(next.has_value());
  EXPECT_GT(next->id, before->id);
  EXPECT_FALSE(
      run([&](store::Transaction& tx) {
        return tx.execute(
            "INSERT INTO lift_proposal (order_id, finding, looks, since_ms, server, state, "
            "proposed_at_ms, lapses_at_ms) VALUES ($1, 'dead', 3, 1, '', 'open', 1, 2)",
            {open.id});
      }).has_value())
      << "one open proposal an order";
  EXPECT_FALSE(
      run([&](store::Transaction& tx) {
        return tx.execute(
            "INSERT INTO lift_proposal (order_id, finding, looks, since_ms, server, state, "
            "proposed_at_ms, lapses_at_ms, settled_at_ms) VALUES ($1, 'bored', 3, 1, '', "
            "'withdrawn', 1, 2, 2)",
            {open.id});
      }).has_value());
}

}  // namespace
}  // namespace khien::cases
