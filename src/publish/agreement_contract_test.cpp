#include "publish/agreement.h"

#include <gtest/gtest.h>

#include "cases/testing/desk.h"
#include "ledger/placed_leaves.h"
#include "ledger/testing/placing.h"
#include "publish/case_publications.h"
#include "publish/publication_control.h"
#include "publish/publisher.h"

namespace khien::publish {
namespace {

using cases::Order;
using cases::SignedMove;
using store::testing::TemporaryFolder;

RegisterRule ordered(std::string order, std::string name) {
  return {.order = std::move(order),
          .zone = "orders-phishing",
          .name = name,
          .name_commitment = "c:" + name,
          .scope = Scope::host};
}
Holding served(std::string source, std::string name) {
  return {.zone = "orders-phishing", .name = std::move(name), .source = std::move(source)};
}

TEST(DifferencesBetween, FindsNothingWhereAllSayTheSame) {
  EXPECT_TRUE(differences_between(std::vector{ordered("a", "xau.example")},
                                  {{"a", {.name_commitment = "c:xau.example"}}},
                                  std::vector{served("order:a", "xau.example")})
                  .empty());
}

TEST(DifferencesBetween, TellsEachKind) {
  const std::map<std::string, LedgerRule> ledger{
      {"a", {.name_commitment = "c:a.example"}},
      {"b", {.name_commitment = "c:b.example"}},
      {"c", {.name_commitment = "c:other.example"}},
      {"d", {.name_commitment = "c:d.example", .scope = Scope::domain}},
      {"f", {.name_commitment = "c:f.example"}}};
  const std::vector<RegisterRule> orders{ordered("a", "a.example"), ordered("b", "b.example"),
                                         ordered("c", "c.example"), ordered("d", "d.example"),
                                         ordered("e", "e.example")};
  const std::vector<Holding> zones{
      served("order:b", "x.example"), served("order:c", "c.example"),
      served("order:d", "d.example"), served("order:d", "more.example"),
      served("order:e", "e.example"), served("rollback", "g.example")};
  const std::vector<Difference> expected{{DifferenceKind::not_served, "order:a"},
                                         {DifferenceKind::not_in_register, "rollback"},
                                         {DifferenceKind::served_otherwise, "order:b"},
                                         {DifferenceKind::served_otherwise, "order:d"},
                                         {DifferenceKind::not_in_ledger, "order:e"},
                                         {DifferenceKind::only_in_ledger, "order:f"},
                                         {DifferenceKind::ledger_says_otherwise, "order:c"},
                                         {DifferenceKind::ledger_says_otherwise, "order:d"}};
  EXPECT_EQ(differences_between(orders, ledger, zones), expected);
}

/// A desk with a publisher, a sequencer by hand, and the comparison.
class AgreementTest : public cases::testing::Desk {
 protected:
  std::vector<store::ModuleMigrations> modules() const override {
    auto all = Desk::modules();
    all.push_back({"publish", publish::migrations()});
    return all;
  }

  void SetUp() override {
    Desk::SetUp();
    if (IsSkipped()) return;
    open();
  }

  /// Behind `gate`, if there is one.
  void open(Gate* gate = nullptr) {
    publisher_.reset();
    agreement_.reset();
    zones_.reset();
    auto opened = ZoneSet::open({.folder = zones_folder_.path(), .gate = gate}, clock, rng);
    ASSERT_TRUE(opened.has_value());
    zones_ = std::move(*opened);
    source_ = std::make_unique<CasePublications>(db(), context);
    publisher_ = std::make_unique<PublisherTurn>(Publisher::Parts{
        .zones = *zones_, .source = *source_, .clock = clock, .metrics = metrics_});
    agreement_ = std::make_unique<Agreement>(Agreement::Parts{.database = db(),
                                                              .zones = *zones_,
                                                              .clock = clock,
                                                              .metrics = metrics_,
                                                              .wait = [this](std::int64_t) {
                                                                ++waits_;
                                                                if (meanwhile_) meanwhile_();
                                                              }});
  }

  /// Everything that was decided is in the log and in the zones.
  void settle() {
    while (publisher_->run()) {
    }
    place_leaves();
  }
  void place_leaves() {
    const auto placed = ledger::testing::place_all_leaves(db());
    ASSERT_TRUE(placed.has_value()) << placed.error().message;
  }
  AgreementState compared() {
    auto state = agreement_->compare();
    EXPECT_TRUE(state.has_value()) << state.error().message;
    return state.value_or(AgreementState{});
  }
  Order in_force(const std::string& name) {
    return approved(*reported("https://" + name).case_id, name);
  }

  /// The one order in force stands in `set` and in no zone; a hand that puts `other` there is a
  /// difference like one in a zone; its lift takes it out.
  void stands_alone_and_goes(const ZoneFacts& set, std::string_view other,
                             const cases::OrderId& order) {
    for (const ZoneFacts& zone : all_zones()) EXPECT_TRUE(zones_->holdings_in(zone).empty());
    const auto agreed = compared();
    EXPECT_EQ(agreed.order_count, 1);
    EXPECT_EQ(agreed.difference_count, 0);

    Change hand{.zone = set.id, .name = other, .source = "order:nobody"};
    ASSERT_TRUE(zones_->apply({&hand, 1}).has_value());
    const auto differs = compared();
    ASSERT_EQ(differs.difference_count, 1);
    EXPECT_EQ(differs.differences[0].kind, DifferenceKind::not_in_register);
    hand.kind = ChangeKind::remove;
    ASSERT_TRUE(zones_->apply({&hand, 1}).has_value());

    const auto now = order_of(order);
    ASSERT_TRUE(run([&](store::Transaction& tx) {
                  return cases::lift_order(
                      tx, context, duty,
                      {.id = now.id, .version = now.version, .reason = "không còn ở đó"});
                }).has_value());
    settle();
    EXPECT_EQ(order_of(order).state, cases::OrderState::lift_published);
    EXPECT_TRUE(zones_->holdings_in(set).empty());
    EXPECT_EQ(compared().difference_count, 0);
  }

  TemporaryFolder zones_folder_;
  Metrics metrics_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::unique_ptr<CasePublications> source_;
  std::unique_ptr<PublisherTurn> publisher_;
  std::unique_ptr<Agreement> agreement_;
  std::function<void()> meanwhile_;
  int waits_ = 0;
};

TEST_P(AgreementTest, HoldsThroughTheLifeOfOrders) {
  EXPECT_FALSE(look(load_agreement)->has_value());
  const auto first = in_force("xau.example");
  const auto second = in_force("te.example");
  settle();
  auto state = compared();
  EXPECT_EQ(state.order_count, 2);
  EXPECT_EQ(state.difference_count, 0);
  EXPECT_EQ(waits_, 0);

  const cases::ReasonedMove lift{
      .id = first.id, .version = order_of(first.id).version, .reason = "Nhầm địa chỉ"};
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::lift_order(tx, context, duty, lift);
              }).has_value());
  settle();
  state = compared();
  EXPECT_EQ(state.order_count, 1);
  EXPECT_EQ(state.difference_count, 0);
  const auto stored = look(load_agreement);
  ASSERT_TRUE(stored.has_value() && stored->has_value());
  EXPECT_EQ((*stored)->order_count, 1);
  EXPECT_EQ((*stored)->checked_at_ms, clock.now_ms());
}

/// ADR 0307: what only some resolvers try is not published, stands where the gate says, and leaves
/// nothing behind.
TEST_P(AgreementTest, HoldsWhileOrdersAreOnTrialAndAfterwards) {
  auto gate =
      Gate::open({.folder = zones_folder_.path(),
                  .good_name = [](std::string_view name, Scope, Basis) -> std::optional<GoodName> {
                    if (!name.starts_with("tot")) return std::nullopt;
                    return GoodName{.name = "tot", .why = "popular"};
                  }},
                 clock);
  ASSERT_TRUE(gate.has_value());
  gate_ = std::move(*gate);
  open(gate_.get());
  PublicationControl control{*zones_, *gate_, clock};
  const auto by_two = [](auto act) {
    static_cast<void>(act(Hand{.place = Hand::Place::account, .who = "an"}));
    return act(Hand{.place = Hand::Place::account, .who = "binh"}).has_value();
  };
  const auto advance = [&](std::int64_t id) {
    return by_two([&](const Hand& hand) { return control.advance(id, hand); });
  };
  std::vector<Order> orders;
  for (const char* name : {"tot1.example", "tot2.example", "tot3.example"}) {
    orders.push_back(in_force(name));
  }
  settle();
  const auto id = gate_->held().front().id;
  EXPECT_EQ(compared().difference_count, 3);  // approved, and served by nobody
  ASSERT_TRUE(by_two([&](const Hand& hand) {
    return control.release({.id = id, .course = Course::in_stages}, hand);
  }));
  for (int stage = 0; stage < 2; ++stage) {
    publisher_->run();
    EXPECT_EQ(zones_->holdings_in(*find_zone("trial-own-phishing")).size(), 3U);
    EXPECT_EQ(order_of(orders[0].id).state, cases::OrderState::approved);
    auto state = compared();
    EXPECT_EQ(state.order_count, 3);
    EXPECT_EQ(state.difference_count, 0);
    if (stage == 0) {
      ASSERT_TRUE(advance(id));
    }
  }
  // A hand in a trial zone is seen as one in a zone is, and mended with the next act.
  const auto source = "order:" + orders[2].id.value;
  ASSERT_TRUE(zones_
                  ->apply(std::vector<Change>{{.kind = ChangeKind::remove,
                                               .zone = "trial-own-phishing",
                                               .name = "tot3.example",
                                               .source = source}})
                  .has_value());
  EXPECT_EQ(compared().differences,
            (std::vector<Difference>{{DifferenceKind::served_otherwise, source}}));
  ASSERT_TRUE(zones_->settle_trials());
  EXPECT_EQ(compared().difference_count, 0);
  // One is lifted and one rejected at the partner's stage; the third goes on.
  const cases::ReasonedMove lift{
      .id = orders[0].id, .version = order_of(orders[0].id).version, .reason = "Nhầm địa chỉ"};
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::lift_order(tx, context, duty, lift);
              }).has_value());
  ASSERT_TRUE(control.reject({.id = id, .name = "tot2.example", .reason = "chặn nhầm"}, {}));
  settle();
  for (const char* zone : {"trial-own-phishing", "trial-partner-phishing"}) {
    const auto held = zones_->holdings_in(*find_zone(zone));
    ASSERT_EQ(held.size(), 1U) << zone;
    EXPECT_EQ(held[0].name, "tot3.example");
  }
  EXPECT_EQ(order_of(orders[1].id).state, cases::OrderState::suspended);
  EXPECT_EQ(compared().difference_count, 0);
  ASSERT_TRUE(advance(id));
  settle();
  EXPECT_EQ(order_of(orders[2].id).state, cases::OrderState::published);
  EXPECT_TRUE(zones_->holdings_in(*find_zone("trial-own-phishing")).empty());
  const auto state = compared();
  EXPECT_EQ(state.order_count, 1);
  EXPECT_EQ(state.difference_count, 0);
}

/// What the machine's operator does through the local socket is as public as an officer's act.
TEST_P(AgreementTest, AnOperatorsActIsALeaf) {
  auto gate = Gate::open({.folder = zones_folder_.path()}, clock);
  ASSERT_TRUE(gate.has_value());
  gate_ = std::move(*gate);
  open(gate_.get());
  ASSERT_TRUE(PublicationControl(*zones_, *gate_, clock).stop("", {.who = "uid 0"}));
  settle();
  const auto leaves =
      look([](store::Executor& db) { return ledger::placed_leaves(db, 0, "publication."); });
  ASSERT_EQ(leaves->size(), 1U);
  EXPECT_EQ(leaves->front().type, "publication.stopped");
  EXPECT_NE(leaves->front().entry.find(R"("actor":"uid-0")"), std::string::npos);
  settle();
  EXPECT_EQ(look([](store::Executor& db) {
              return ledger::placed_leaves(db, 0, "publication.");
            })->size(),
            1U)
      << "once";
}

TEST_P(AgreementTest, WaitsForWhatIsOnItsWay) {
  in_force("xau.example");
  place_leaves();
  meanwhile_ = [this] { settle(); };
  EXPECT_EQ(compared().difference_count, 0);
  EXPECT_EQ(waits_, 1);
}

TEST_P(AgreementTest, ANameInTheZonesWithoutAnOrderIsAnAlarmUntilItIsGone) {
  in_force("xau.example");
  settle();
  const std::vector<Change> slipped_in{{.kind = ChangeKind::add,
                                        .zone = "orders-phishing",
                                        .name = "bao.example",
                                        .source = "order:01KHN0000000000000000000ZZ"}};
  ASSERT_TRUE(zones_->apply(slipped_in).has_value());
  const auto begun_ms = clock.now_ms();
  auto state = compared();
  ASSERT_EQ(state.difference_count, 1);
  EXPECT_EQ(state.differences.front(),
            (Difference{DifferenceKind::not_in_register, "order:01KHN0000000000000000000ZZ"}));
  EXPECT_EQ(state.differing_since_ms, begun_ms);
  clock.advance(ms_per_minute);
  EXPECT_EQ(compared().differing_since_ms, begun_ms);

  ASSERT_TRUE(zones_
                  ->apply(std::vector<Change>{{.kind = ChangeKind::remove,
                                               .zone = "orders-phishing",
                                               .name = "bao.example",
                                               .source = "order:01KHN0000000000000000000ZZ"}})
                  .has_value());
  state = compared();
  EXPECT_EQ(state.difference_count, 0);
  EXPECT_FALSE(state.differing_since_ms.has_value());
}

TEST_P(AgreementTest, ARowThatSomebodyChangedContradictsTheLedger) {
  const auto order = in_force("xau.example");
  settle();
  ASSERT_EQ(compared().difference_count, 0);
  ASSERT_TRUE(run([&](store::Transaction& tx) -> Result<void> {
                auto done =
                    tx.execute("UPDATE block_order SET state = 'lifted' WHERE id = $1", {order.id});
                if (!done) return tl::unexpected(std::move(done).error());
                return {};
              }).has_value());
  const auto state = compared();
  const std::string source = "order:" + order.id.value;
  EXPECT_EQ(state.differences, (std::vector<Difference>{{DifferenceKind::not_in_register, source},
                                                        {DifferenceKind::only_in_ledger, source}}));
}

TEST_P(AgreementTest, KeepsAHundredDifferencesAndCountsTheRest) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < differences_kept_max + 5; ++i) {
    names.push_back("n" + std::to_string(i) + ".example");
  }
  std::vector<std::string> sources;
  for (const auto& name : names) sources.push_back("order:" + name);
  std::vector<Change> changes;
  for (std::size_t i = 0; i < names.size(); ++i) {
    changes.push_back(
        {.kind = ChangeKind::add, .zone = "orders-fraud", .name = names[i], .source = sources[i]});
  }
  ASSERT_TRUE(zones_->apply(changes).has_value());
  const auto state = compared();
  EXPECT_EQ(state.difference_count, static_cast<std::int64_t>(names.size()));
  EXPECT_EQ(state.differences.size(), differences_kept_max);
}

INSTANTIATE_TEST_SUITE_P(Engines, AgreementTest, store::testing::for_each_engine(),
                         store::testing::engine_name);

/// An order on an address on its whole way: three signatures, its set, the list's entry, the lift.
TEST_P(AgreementTest, AnAddressIsInTheRegisterTheLedgerAndItsSetAlone) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return cases::change_setting(tx, context, cases::demo_act,
                                             cases::Setting::address_orders, "on", clock.now_ms());
              }).has_value());
  const auto case_id =
      reported("Trang lừa đảo http://lua-dao.example/").case_id.value_or(cases::CaseId{});
  auto content = draft_for(case_id, "192.0.2.0/28");
  content.scope = cases::Scope::prefix;
  content.address.step_reason = "Không có tên miền nào để chặn";
  auto order = draft(content);
  if (order) order = check(*order, cases::Severity::serious);
  if (order) order = signed_move(analyst, *order, SignedMove::propose);
  if (order) order = signed_move(approver, *order, SignedMove::approve);
  settle();
  const auto& set = *find_set("addresses-phishing");
  EXPECT_TRUE(zones_->holdings_in(set).empty()) << "two signatures are not three";
  const auto third = officer('F', {identity::Role::approver}, "u3");
  if (order) order = signed_move(third, *order, SignedMove::approve);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  settle();
  EXPECT_EQ(order_of(order->id).state, cases::OrderState::published);
  const auto held = zones_->holdings_in(set);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].name, "28.0.2.0.192.rpz-ip");
  stands_alone_and_goes(set, "32.9.2.0.192.rpz-ip", order->id);
}

/// An order on a web page: two signatures, its set, from the set of emergencies into that of
/// orders.
TEST_P(AgreementTest, APageIsInTheRegisterTheLedgerAndItsSetAlone) {
  const auto case_id =
      reported("Trang lừa đảo http://sites.example/scam").case_id.value_or(cases::CaseId{});
  auto content = draft_for(case_id, "http://sites.example/scam?x=1");
  content.scope = cases::Scope::url;
  auto order = draft(content);
  if (order) order = check(*order, cases::Severity::info);
  if (order) order = signed_move(approver, *order, SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  settle();
  const auto& emergency = *find_set("urls-emergency");
  const auto& set = *find_set("urls-phishing");
  ASSERT_EQ(zones_->holdings_in(emergency).size(), 1U);
  EXPECT_EQ(agreement_->compare()->difference_count, 0);
  order = signed_move(both, order_of(order->id), SignedMove::ratify);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  settle();
  EXPECT_TRUE(zones_->holdings_in(emergency).empty());
  const auto held = zones_->holdings_in(set);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0].name, "f5zwgyln._.sites.example.url");
  stands_alone_and_goes(set, "f5zwgyln._.khac.example.url", order->id);
}

}  // namespace
}  // namespace khien::publish
