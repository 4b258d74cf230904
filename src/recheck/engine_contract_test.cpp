// The engine over orders and lists, with names that live and die by a script, days at a time, on
// both engines of the store.
#include "recheck/engine.h"

#include <fstream>
#include <map>
#include <set>

#include "cases/lift_proposal.h"
#include "cases/testing/desk.h"
#include "exchange/name_set.h"
#include "feeds/entry_finding.h"
#include "feeds/schema.h"
#include "recheck/schema.h"

namespace khien::recheck {
namespace {

using cases::Order;
using cases::OrderId;
using cases::OrderState;
using cases::RecheckFinding;

class Rechecks : public cases::testing::Desk {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    auto all = Desk::modules();
    all.push_back({"feeds", feeds::migrations()});
    all.push_back({"recheck", migrations()});
    return all;
  }

  Engine engine(std::int64_t list_budget = 100) {
    return Engine{{.database = db(),
                   .cases = context,
                   .operators = operators_,
                   .look = [this](std::string_view name) { return look_at(name); },
                   .check = [this]() -> Result<void> {
                     if (upstream_works_) return {};
                     return fail(ErrorCode::unavailable, "the upstream is away");
                   },
                   .metrics = metrics_,
                   .list_budget = list_budget,
                   .look_at_pages = page_looker()}};
  }
  /// Empty unless a test wants pages looked at.
  std::function<std::vector<PageLook>(const std::vector<std::string>&)> page_looker() {
    if (!looks_at_pages_) return {};
    return [this](const std::vector<std::string>& pages) {
      std::vector<PageLook> looks;
      for (const auto& page : pages) {
        ++pages_asked_[page];
        const auto known = pages_.find(page);
        const int status = known == pages_.end() ? 200 : known->second;
        looks.push_back({.page = page,
                         .outcome = status == 200   ? PageOutcome::present
                                    : status == 404 ? PageOutcome::gone
                                                    : PageOutcome::unclear,
                         .status = status});
      }
      return looks;
    };
  }
  /// Rounds an hour apart, as the schedule takes them up.
  void hours(int count) {
    for (int hour = 0; hour < count; ++hour) {
      clock.advance(ms_per_hour);
      sweep_now();
      round();
    }
  }
  RoundCounts round() {
    auto made = engine();
    auto counts = made.run_round();
    EXPECT_TRUE(counts.has_value()) << counts.error().message;
    return counts.value_or(RoundCounts{});
  }
  /// One round a day, `days` times, and the sweep that runs all the time.
  void days(int count) {
    for (int day = 0; day < count; ++day) {
      clock.advance(ms_per_day);
      sweep_now();
      round();
    }
  }
  Look look_at(std::string_view name) {
    ++asked_[std::string{name}];
    auto look = world_[std::string{name}];
    look.at_ms = clock.now_ms();
    clock.advance(look_takes_ms_);
    return look;
  }
  static Look served_by(std::string server) {
    return {.outcome = LookOutcome::exists, .servers = {server}, .primary = server};
  }
  static Look gone() { return {.outcome = LookOutcome::no_domain}; }

  Order in_force(const std::string& name) {
    const auto order = approved(*reported("https://" + name).case_id, name);
    publish_all();
    world_.try_emplace(name, served_by("ns1.mot.example"));
    return order_of(order.id);
  }
  std::optional<cases::LiftProposal> proposal_of(const OrderId& id) {
    return look([&](store::Executor& db) { return cases::open_proposal(db, id); })
        .value_or(std::nullopt);
  }
  History history(const OrderId& id) {
    auto known = look([&](store::Executor& db) { return history_of(db, id); });
    EXPECT_TRUE(known.has_value());
    return known.value_or(History{});
  }

  /// A list in force, as two people and a run leave it.
  feeds::FeedId list(std::initializer_list<std::string> names) {
    exchange::NameSetBuilder builder;
    for (const auto& name : names) {
      EXPECT_TRUE(builder.add({.host = name, .reach = exchange::Reach::host}));
      world_.try_emplace(name, served_by("ns1.mot.example"));
    }
    exchange::SetCounts counts;
    const auto set = builder.build(counts);
    const feeds::Context feeds_context{.clock = clock, .rng = rng};
    auto feed = run([&](store::Transaction& tx) -> Result<feeds::Feed> {
      auto proposed =
          feeds::propose_feed(tx, feeds_context,
                              {.name = "Danh sách mẫu",
                               .source = "danh-sach-" + std::to_string(++lists_) + ".txt",
                               .entries_max = 1'000,
                               .valid_until_ms = clock.now_ms() + 300 * ms_per_day,
                               .reason = "đã kiểm tra"},
                              "analyst");
      if (!proposed) return proposed;
      auto done = tx.execute(
          "INSERT INTO feed_set (feed_id, kind, set_hash, set_size, good_names, names) "
          "VALUES ($1, 'accepted', $2, $3, 0, $4)",
          {proposed->id, set.hash(), static_cast<std::int64_t>(set.size()), set.write()});
      if (done) {
        done = tx.execute(
            "UPDATE feed SET set_hash = $2, entries = $3, entries_until_ms = $4 "
            "WHERE id = $1",
            {proposed->id, set.hash(), static_cast<std::int64_t>(set.size()),
             clock.now_ms() + 300 * ms_per_day});
      }
      if (!done) return tl::unexpected<Error>{done.error()};
      return feeds::approve_feed(
          tx, feeds_context, {.id = proposed->id, .version = proposed->version, .actor = "leader"});
    });
    EXPECT_TRUE(feed.has_value()) << feed.error().message;
    return feed ? feed->id : feeds::FeedId{};
  }
  std::vector<feeds::EntryFinding> entries(feeds::EntryState state) {
    auto page = look([&](store::Executor& db) { return feeds::list_entries(db, state, {}); });
    EXPECT_TRUE(page.has_value());
    return page->items;
  }

  Operators operators_{{"do-xe.example"}, {"ho-den.example"}};
  Metrics metrics_;
  std::map<std::string, Look> world_;
  std::map<std::string, int> asked_;
  bool looks_at_pages_ = false;
  std::map<std::string, int> pages_;  // what a page answers; 200 unless said
  std::map<std::string, int> pages_asked_;
  bool upstream_works_ = true;
  std::int64_t look_takes_ms_ = 0;
  int lists_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, Rechecks, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(Rechecks, LooksDailyAtFirstThenEachWeek) {
  const auto order = in_force("a.example");
  EXPECT_EQ(round().looks, 1);
  EXPECT_EQ(round().looks, 0) << "not again today";
  days(3);
  EXPECT_EQ(asked_["a.example"], 4);
  days(6);
  EXPECT_EQ(asked_["a.example"], 4);
  days(1);
  EXPECT_EQ(asked_["a.example"], 5);
  EXPECT_EQ(history(order.id).next_at_ms, clock.now_ms() + look_weekly_ms);
  EXPECT_FALSE(proposal_of(order.id).has_value());
}

TEST_P(Rechecks, ADeadNameIsProposedAndLapsesWhereNobodyActs) {
  const auto order = in_force("a.example");
  const auto alive = in_force("b.example");
  round();
  world_["a.example"] = gone();
  days(3);
  EXPECT_FALSE(proposal_of(order.id).has_value());
  days(1);
  const auto proposal = proposal_of(order.id);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->finding, RecheckFinding::dead);
  EXPECT_EQ(proposal->grounds.looks, 4);
  EXPECT_EQ(order_of(order.id).state, OrderState::due_review);
  days(14);
  EXPECT_EQ(order_of(order.id).state, OrderState::lapsed);
  EXPECT_TRUE(cases::is_in_force(order_of(alive.id).state));
  // It exists again, under whoever: nothing of ours comes back.
  world_["a.example"] = served_by("ns1.hai.example");
  const auto asked = asked_["a.example"];
  days(10);
  EXPECT_TRUE(cases::is_over(order_of(order.id).state));
  EXPECT_LE(asked_["a.example"], asked + 1) << "what is over is not looked at";
}

TEST_P(Rechecks, AnotherOwnerLetsTheOrderLapseInThreeDays) {
  const auto order = in_force("a.example");
  round();
  world_["a.example"] = gone();
  days(2);
  world_["a.example"] = served_by("ns1.hai.example");
  days(1);
  const auto proposal = proposal_of(order.id);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->finding, RecheckFinding::reregistered);
  EXPECT_EQ(proposal->lapses_at_ms, clock.now_ms() + cases::reregistered_life_ms);
  clock.advance(cases::reregistered_life_ms - 1);
  sweep_now();
  EXPECT_TRUE(cases::is_in_force(order_of(order.id).state));
  clock.advance(1);
  sweep_now();
  EXPECT_EQ(order_of(order.id).state, OrderState::lapsed);
}

TEST_P(Rechecks, ParkedAndSinkholedNamesTheServerAndAliveTakesItBack) {
  const auto parked = in_force("a.example");
  const auto sinkholed = in_force("b.example");
  world_["a.example"] = served_by("ns1.do-xe.example");
  world_["b.example"] = served_by("x.ho-den.example");
  round();
  EXPECT_FALSE(proposal_of(parked.id).has_value()) << "one look is no finding";
  days(1);
  EXPECT_EQ(proposal_of(parked.id)->grounds.server, "ns1.do-xe.example");
  EXPECT_EQ(proposal_of(sinkholed.id)->finding, RecheckFinding::sinkholed);
  world_["a.example"] = served_by("ns1.mot.example");
  days(1);
  EXPECT_FALSE(proposal_of(parked.id).has_value());
  EXPECT_EQ(metrics_.counter("khien_recheck_withdrawn_total", "").value(), 1);
  EXPECT_EQ(metrics_.counter("khien_recheck_looks_total", "", "outcome=\"exists\"").value(), 6);
}

TEST_P(Rechecks, ABrokenUpstreamMakesNothingDead) {
  const auto order = in_force("a.example");
  round();
  world_["a.example"] = gone();  // as a broken upstream would say of everything
  upstream_works_ = false;
  clock.advance(ms_per_day);
  auto made = engine();
  EXPECT_EQ(made.run_round().error().code, ErrorCode::unavailable);
  upstream_works_ = true;
  world_["a.example"] = {.outcome = LookOutcome::failed};
  days(20);
  EXPECT_FALSE(proposal_of(order.id).has_value());
  world_["a.example"] = {.outcome = LookOutcome::filtered};
  days(9);
  EXPECT_FALSE(proposal_of(order.id).has_value());
}

TEST_P(Rechecks, TakesAFewEachRoundAndGoesOnAfterARestart) {
  for (int i = 0; i < names_a_round + 3; ++i) in_force("n" + std::to_string(i) + ".example");
  EXPECT_EQ(round().looks, names_a_round);
  reopen();
  EXPECT_EQ(round().looks, 3);
  EXPECT_EQ(round().looks, 0);
  for (const auto& [name, times] : asked_) EXPECT_EQ(times, 1) << name;
}

TEST_P(Rechecks, ASlowUpstreamEndsTheRoundAndTheRestComesNext) {
  for (int i = 0; i < 5; ++i) in_force("n" + std::to_string(i) + ".example");
  look_takes_ms_ = round_time_max_ms / 2;
  EXPECT_EQ(round().looks, 2);
  EXPECT_EQ(round().looks, 2);
  EXPECT_EQ(round().looks, 1);
  for (const auto& [name, times] : asked_) EXPECT_EQ(times, 1) << name;
}

TEST_P(Rechecks, TwoProcessesShareTheWorkAndOneThatDiesHoldsNothingUp) {
  in_force("a.example");
  in_force("b.example");
  ASSERT_TRUE(run([&](store::Transaction& tx) { return enrol_orders(tx, clock.now_ms()); }));
  const auto first = run([&](store::Transaction& tx) { return take_due(tx, clock.now_ms(), 1); });
  ASSERT_EQ(first->size(), 1U);
  EXPECT_EQ(round().looks, 1) << "the other one";
  EXPECT_EQ(asked_.count(first->front().name), 0U);
  EXPECT_EQ(round().looks, 0);
  clock.advance(lease_ms);  // the first process never came back
  EXPECT_EQ(round().looks, 1);
  EXPECT_EQ(asked_[first->front().name], 1);
}

// What names no host would seem not to exist, and be lifted for it.
TEST_P(Rechecks, LeaveOrdersOnAddressesAndPagesAlone) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::change_setting(tx, context, cases::demo_act,
                                             cases::Setting::address_orders, "on", clock.now_ms());
              }).has_value());
  const auto case_id = *reported("https://a.example/qua").case_id;
  const auto signed_by_all = [&](cases::OrderDraft content, std::string name, cases::Scope scope) {
    content.name = std::move(name);
    content.scope = scope;
    content.address.step_reason = "Không có tên miền nào để chặn";
    auto order = draft(content);
    if (order) order = check(*order, cases::Severity::serious);
    if (order) order = signed_move(analyst, *order, cases::SignedMove::propose);
    for (const auto& signer : {approver, officer('F', {identity::Role::approver}, "u3")}) {
      if (order && order->state == OrderState::proposed) {
        order = signed_move(signer, *order, cases::SignedMove::approve);
      }
    }
    EXPECT_TRUE(order.has_value()) << order.error().message;
    EXPECT_TRUE(cases::is_in_force(order.value_or(Order{}).state));
  };
  const auto content = draft_for(case_id, "a.example");
  signed_by_all(content, "203.0.113.9", cases::Scope::address);
  signed_by_all(content, "https://a.example/qua", cases::Scope::url);
  publish_all();
  EXPECT_EQ(round().looks, 0);
  in_force("a.example");
  EXPECT_EQ(round().looks, 1);
  EXPECT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_["a.example"], 1);
}

TEST_P(Rechecks, KeepsTheLastLooksAndTheLastThatSawIt) {
  const auto order = in_force("a.example");
  round();
  world_["a.example"] = {.outcome = LookOutcome::failed};
  for (int i = 0; i < looks_kept_max + 10; ++i) {
    clock.advance(look_after_silence_ms);
    round();
  }
  const auto known = history(order.id);
  ASSERT_EQ(known.looks.size(), static_cast<std::size_t>(looks_kept_max + 1));
  EXPECT_EQ(known.looks.front().servers.front(), "ns1.mot.example");
}

TEST_P(Rechecks, WalksListsWithinItsBudgetAndDropsWhatIsDead) {
  const auto feed = list({"a.example", "b.example", "c.example", "d.example", "e.example"});
  const auto walk = [&](int hours) {
    for (int hour = 0; hour < hours; ++hour) {
      auto made = engine(2);
      for (int minute = 0; minute < 4; ++minute) {
        ASSERT_TRUE(made.run_round().has_value());
        clock.advance(15 * ms_per_minute);
      }
    }
  };
  walk(1);
  EXPECT_EQ(asked_.size(), 2U) << "two an hour";
  walk(2);
  EXPECT_EQ(asked_.size(), 5U);
  for (const auto& [name, times] : asked_) EXPECT_LE(times, 2) << name;
  EXPECT_EQ(number_from("SELECT count(*) FROM recheck_item"), 0) << "all well: none is watched";

  world_["c.example"] = gone();
  walk(24 * 5);
  const auto open = entries(feeds::EntryState::open);
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].name, "c.example");
  EXPECT_EQ(open[0].feed, feed);
  clock.advance(cases::proposal_days_default * ms_per_day);
  const feeds::Context feeds_context{.clock = clock, .rng = rng};
  EXPECT_EQ(
      *run([&](store::Transaction& tx) { return feeds::drop_due_entries(tx, feeds_context); }), 1);
  const auto asked = asked_["c.example"];
  walk(24);
  EXPECT_EQ(number_from("SELECT count(*) FROM recheck_item WHERE name = 'c.example'"), 0);
  EXPECT_LE(asked_["c.example"], asked + 1 + 24 * 2 / 5 + 1) << "only the walk comes by";
}

TEST_P(Rechecks, WatchesNoMoreEntriesThanItsLimit) {
  const auto feed = list({"a.example"});
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return tx.execute(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                    "WHERE i < 100000) "
                    "INSERT INTO recheck_item (kind, record_id, name, begun_at_ms, next_at_ms) "
                    "SELECT 'list', $1, 'n' || i || '.example', 1, 9000000000000000000 FROM n",
                    {feed});
              }).has_value());
  const auto sampled = sample_lists(db(), clock, 100);
  ASSERT_TRUE(sampled.has_value() && sampled->has_value());
  EXPECT_EQ(**sampled, 0);
}

TEST_P(Rechecks, ContactsNoSiteUnasked) {
  const auto order = in_force("a.example");
  days(12);
  EXPECT_TRUE(pages_asked_.empty());
  EXPECT_TRUE(history(order.id).looks.back().pages.empty());
}

TEST_P(Rechecks, GonePagesAreProposedAfterAWeekAndLapseWhereNobodyActs) {
  looks_at_pages_ = true;
  const auto order = in_force("a.example");  // reported as https://a.example
  round();
  EXPECT_EQ(history(order.id).looks.back().pages,
            (std::vector<PageLook>{{"https://a.example/", PageOutcome::present, 200}}));
  pages_["https://a.example/"] = 404;
  const auto gone_from_ms = clock.now_ms();
  hours(24 * 7);
  EXPECT_FALSE(proposal_of(order.id).has_value());
  hours(24 * 2);
  const auto proposal = proposal_of(order.id);
  ASSERT_TRUE(proposal.has_value());
  EXPECT_EQ(proposal->finding, RecheckFinding::content_gone);
  EXPECT_GE(proposal->proposed_at_ms - gone_from_ms, content_after_ms);
  EXPECT_GE(proposal->grounds.looks, static_cast<std::int64_t>(content_looks));
  EXPECT_EQ(proposal->lapses_at_ms - proposal->proposed_at_ms, cases::content_gone_life_min_ms);
  days(14);
  EXPECT_EQ(order_of(order.id).state, OrderState::lapsed);
  EXPECT_EQ(metrics_.counter("khien_recheck_page_looks_total", "", "outcome=\"present\"").value() +
                metrics_.counter("khien_recheck_page_looks_total", "", "outcome=\"gone\"").value(),
            pages_asked_["https://a.example/"]);
}

TEST_P(Rechecks, LooksAtGonePagesLaterEachDay) {
  looks_at_pages_ = true;
  const auto order = in_force("a.example");
  pages_["https://a.example/"] = 404;
  std::set<std::int64_t> quarters;
  for (int look = 0; look < 6; ++look) {
    round();
    const auto next_ms = *history(order.id).next_at_ms;
    EXPECT_EQ(next_ms - clock.now_ms(), look_at_pages_again_ms);
    quarters.insert(clock.now_ms() % ms_per_day / day_quarter_ms);
    clock.advance(next_ms - clock.now_ms());
  }
  EXPECT_EQ(quarters.size(), 4U);
}

TEST_P(Rechecks, OneSightOfAPageWithdrawsAndTheNameAloneDoesNot) {
  looks_at_pages_ = true;
  const auto order = in_force("a.example");
  pages_["https://a.example/"] = 404;
  round();
  hours(24 * 10);
  ASSERT_TRUE(proposal_of(order.id).has_value());
  pages_["https://a.example/"] = 403;
  hours(24 * 3);
  EXPECT_TRUE(proposal_of(order.id).has_value()) << "a refusal is no sight";
  pages_["https://a.example/"] = 200;
  hours(24 * 3);
  EXPECT_FALSE(proposal_of(order.id).has_value());
  EXPECT_TRUE(cases::is_in_force(order_of(order.id).state));
  EXPECT_EQ(number_from("SELECT count(*) FROM lift_proposal WHERE state = 'withdrawn'"), 1);
}

// What DNS said is taken back by DNS, whatever the pages show; and what nobody watches any more
// must not lapse.
TEST_P(Rechecks, EachKindOfSightTakesBackWhatItSpeaksAgainst) {
  looks_at_pages_ = true;
  const auto order = in_force("a.example");
  pages_["https://a.example/"] = 404;
  round();
  world_["a.example"] = gone();
  days(5);
  ASSERT_EQ(proposal_of(order.id)->finding, RecheckFinding::dead);
  world_["a.example"] = served_by("ns1.mot.example");
  days(2);
  EXPECT_FALSE(proposal_of(order.id).has_value());
  hours(24 * 10);
  ASSERT_EQ(proposal_of(order.id)->finding, RecheckFinding::content_gone);
  looks_at_pages_ = false;
  days(2);
  EXPECT_FALSE(proposal_of(order.id).has_value());
}

TEST_P(Rechecks, LooksAtReportedPagesOfOrdersAlone) {
  looks_at_pages_ = true;
  const auto case_id = *reported("https://a.example/qua?ma=bi-mat http://a.example/x").case_id;
  const auto order = approved(case_id, "a.example");
  publish_all();
  world_["a.example"] = served_by("ns1.mot.example");
  pages_["https://a.example/qua"] = 404;
  list({"b.example"});
  round();
  ASSERT_EQ(pages_asked_.size(), 2U);
  EXPECT_EQ(pages_asked_["https://a.example/qua"], 1) << "without what may be a victim's";
  EXPECT_EQ(pages_asked_["http://a.example/x"], 1);
  EXPECT_EQ(asked_["b.example"], 1);
  EXPECT_EQ(history(order.id).looks.back().pages.size(), 2U);
  // One page that is left is enough.
  hours(24 * 12);
  EXPECT_FALSE(proposal_of(order.id).has_value());
  EXPECT_EQ(number_from("SELECT count(*) FROM recheck_page WHERE page LIKE '%bi-mat%'"), 0);
}

TEST_P(Rechecks, NobodyLooksAtPagesOfChildAbuse) {
  looks_at_pages_ = true;
  const auto case_id = *reported("https://a.example/qua").case_id;
  auto content = draft_for(case_id, "a.example");
  content.category = "child-abuse";
  auto order = draft(content);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = check(*order);
  order = signed_move(analyst, *order, cases::SignedMove::propose);
  order = signed_move(approver, *order, cases::SignedMove::approve);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  publish_all();
  world_["a.example"] = served_by("ns1.mot.example");
  EXPECT_EQ(round().looks, 1);
  EXPECT_TRUE(pages_asked_.empty());
}

TEST_P(Rechecks, TheTableTakesNoPageWithAVictimsPart) {
  looks_at_pages_ = true;
  in_force("a.example");
  round();
  for (const auto* page : {"https://a.example/?ma=1", "https://a.example/#ma"}) {
    const auto put = run([&](store::Transaction& tx) {
      return tx.execute(
          "INSERT INTO recheck_page (look_id, position, page, outcome, status) "
          "SELECT max(id), 1, $1, 'gone', 404 FROM recheck_look",
          {page});
    });
    ASSERT_FALSE(put.has_value());
    EXPECT_EQ(put.error().reason, "constraint") << put.error().message;
  }
}

TEST_P(Rechecks, ForgetsPagesWithTheirLooks) {
  looks_at_pages_ = true;
  const auto order = in_force("a.example");
  pages_["https://a.example/"] = 403;
  for (int i = 0; i < looks_kept_max + 5; ++i) {
    round();
    clock.advance(look_weekly_ms);
  }
  // The order has ended meanwhile; what is kept is what was seen of it last.
  const auto looks = number_from("SELECT count(*) FROM recheck_look");
  EXPECT_LE(looks, looks_kept_max + 1);
  EXPECT_EQ(number_from("SELECT count(*) FROM recheck_page"), looks);
  sweep_now();
  clock.advance(order_looks_kept_ms + ms_per_day);
  days(1);
  EXPECT_EQ(number_from("SELECT count(*) FROM recheck_page"), 0);
  EXPECT_TRUE(history(order.id).looks.empty());
}

TEST_P(Rechecks, ForgetsAnOrderAfterItsTime) {
  const auto order = in_force("a.example");
  round();
  const auto version = order_of(order.id).version;
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::lift_order(
                    tx, context, duty, {.id = order.id, .version = version, .reason = "xong rồi"});
              }).has_value());
  days(2);
  EXPECT_EQ(history(order.id).looks.size(), 1U);
  EXPECT_FALSE(history(order.id).next_at_ms.has_value());
  clock.advance(order_looks_kept_ms);
  days(1);
  EXPECT_TRUE(history(order.id).looks.empty());
}

}  // namespace
}  // namespace khien::recheck
