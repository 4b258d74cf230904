// A desk full of officers for tests of this module: a database of each engine with the demo's
// configuration, a clock moved by hand, and moves that expect to succeed. Signatures are records as
// identity would give them; how factors are checked is identity's own test.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cases/appeal.h"
#include "cases/case.h"
#include "cases/deadline.h"
#include "cases/event.h"
#include "cases/impact.h"
#include "cases/order.h"
#include "cases/publication.h"
#include "cases/register.h"
#include "cases/report.h"
#include "cases/schema.h"
#include "cases/settings.h"
#include "evidence/item.h"
#include "evidence/schema.h"
#include "identity/schema.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::cases::testing {

inline constexpr auto evidence_of_nobody = "01KHNEVDNCE00000000000000A";
inline constexpr auto exercise_ground = "01KHNDEM00000000000000001D";

class Desk : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{"ledger", ledger::migrations()},
            {"evidence", evidence::migrations()},
            {"identity", identity::migrations()},
            {"cases", cases::migrations()}};
  }

  template <typename F>
  auto run(F&& work) {
    return db().transact(std::forward<F>(work));
  }
  template <typename F>
  auto look(F&& work) {
    return db().read(std::forward<F>(work));
  }

  void SetUp() override {
    EngineTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(run([&](store::Transaction& tx) {
                  return install_demo_configuration(tx, context);
                }).has_value());
  }

  static identity::Actor officer(char letter, identity::Roles roles, std::string unit) {
    return {.account_id = {std::string{"01KHNPERSN000000000000000"} + letter},
            .roles = roles,
            .unit = std::move(unit)};
  }

  Receipt reported(std::string text, std::optional<Category> category = Category::phishing) {
    auto receipt = run([&](store::Transaction& tx) {
      return receive_report(tx, context, {.text = std::move(text), .category = category});
    });
    EXPECT_TRUE(receipt.has_value()) << receipt.error().message;
    return receipt.value_or(Receipt{});
  }

  Case case_of(const CaseId& id) {
    auto value = look([&](store::Executor& executor) { return load_case(executor, id); });
    EXPECT_TRUE(value.has_value());
    return value.value_or(Case{});
  }
  Order order_of(const OrderId& id) {
    auto order = look([&](store::Executor& executor) { return load_order(executor, id); });
    EXPECT_TRUE(order.has_value());
    return order.value_or(Order{});
  }

  /// An item of evidence in the case.
  std::string evidence_for(const CaseId& case_id) {
    const evidence::Context evidence_context{.clock = clock, .rng = rng};
    const evidence::Content content{.sha256 = std::string(64, 'a'), .size = 1, .head = {'x'}};
    auto item = run([&](store::Transaction& tx) {
      return evidence::add_item(tx, evidence_context, {.case_id = case_id.value}, content);
    });
    EXPECT_TRUE(item.has_value()) << item.error().message;
    return item ? item->id.value : std::string{};
  }

  OrderDraft draft_for(const CaseId& case_id, std::string name) {
    return {.case_id = case_id,
            .name = std::move(name),
            .scope = Scope::host,
            .category = "phishing",
            .ground = InstrumentId{exercise_ground},
            .evidence_ids = {evidence_for(case_id)},
            .ends_at_ms = clock.now_ms() + 30 * ms_per_day,
            .reason = "Giả mạo ngân hàng"};
  }
  Result<Order> draft(const OrderDraft& content) {
    return run([&](store::Transaction& tx) { return draft_order(tx, context, analyst, content); });
  }
  static Impact impact_of(const Order& order, Severity verdict) {
    Impact impact;
    impact.name = order.name;
    impact.scope = order.scope;
    impact.verdict = verdict;
    if (verdict != Severity::clear) {
      impact.findings.push_back({.kind = FindingKind::never_block, .severity = verdict});
    }
    return impact;
  }
  Result<Order> check(const Order& order, Severity verdict = Severity::clear) {
    return run([&](store::Transaction& tx) {
      return attach_impact(tx, context, analyst, order.id, order.version,
                           impact_of(order, verdict));
    });
  }

  /// What identity would hand over after `actor` proved a factor over `digest`.
  identity::SignatureRecord signature(const identity::Actor& actor, const Order& order,
                                      SignedMove move, std::string digest) {
    return {.id = identity::SignatureId::make(clock, rng),
            .account_id = actor.account_id,
            .unit = actor.unit,
            .purpose = "order." + std::string{to_string(move)},
            .record_id = order.id.value,
            .method = identity::FactorKind::totp,
            .digest = std::move(digest),
            .signed_at_ms = clock.now_ms()};
  }
  Result<Order> signed_move(const identity::Actor& actor, const Order& order, SignedMove move) {
    return run([&](store::Transaction& tx) -> Result<Order> {
      auto document = signing_document(tx, context, actor, order.id, order.version, move);
      if (!document) return tl::unexpected<Error>{document.error()};
      const SignedRequest request{.id = order.id,
                                  .version = order.version,
                                  .signature = signature(actor, order, move, document->digest),
                                  .reason = "đang lừa người"};
      switch (move) {
        case SignedMove::propose: return propose_order(tx, context, actor, request);
        case SignedMove::approve: return approve_order(tx, context, actor, request);
        case SignedMove::emergency: return declare_emergency(tx, context, actor, request);
        case SignedMove::ratify: return ratify_order(tx, context, actor, request);
      }
      return fail(ErrorCode::internal, "no such move");
    });
  }

  Order checked(const CaseId& case_id, std::string name, Severity verdict = Severity::clear) {
    auto order = draft(draft_for(case_id, std::move(name)));
    EXPECT_TRUE(order.has_value()) << order.error().message;
    if (!order) return {};
    auto done = check(*order, verdict);
    EXPECT_TRUE(done.has_value()) << done.error().message;
    return done.value_or(Order{});
  }
  Order proposed(const CaseId& case_id, std::string name, Severity verdict = Severity::clear) {
    auto order =
        signed_move(analyst, checked(case_id, std::move(name), verdict), SignedMove::propose);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }
  Order approved(const CaseId& case_id, std::string name) {
    auto order = signed_move(approver, proposed(case_id, std::move(name)), SignedMove::approve);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }

  /// The publisher applies everything that waits, with the serial given or one of its own.
  void publish_all(std::optional<std::int64_t> serial = {}) {
    auto rows =
        look([&](store::Executor& executor) { return publications_after(executor, published_); });
    ASSERT_TRUE(rows.has_value());
    for (const auto& row : *rows) {
      const std::string zone = std::string{to_string(row.basis)} + "-" +
                               std::string{to_string(row.category)} + ".rpz.khien.";
      auto done = run([&](store::Transaction& tx) {
        return record_published(
            tx, context,
            {.sequence = row.sequence, .zone = zone, .serial = serial.value_or(row.sequence)});
      });
      ASSERT_TRUE(done.has_value()) << done.error().message;
      published_ = row.sequence;
    }
  }
  void follow(std::vector<std::string> names) {
    ASSERT_TRUE(run([&](store::Transaction& tx) {
                  return follow_resolvers(tx, context, names);
                }).has_value());
  }
  void probe(const OrderId& id, std::string_view resolver, ProbeVerdict verdict) {
    auto done = run(
        [&](store::Transaction& tx) { return record_probe(tx, context, id, resolver, verdict); });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  SweepCounts sweep_now() {
    auto counts = sweep(db(), context);
    EXPECT_TRUE(counts.has_value());
    return counts.value_or(SweepCounts{});
  }
  std::int64_t number_from(std::string_view sql) {
    auto row = look([&](store::Executor& executor) { return executor.query_one(sql); });
    EXPECT_TRUE(row.has_value());
    return (*row)->integer(0);
  }

  // Monday, 2 March 2026, nine in the morning in Vietnam.
  ManualClock clock{1'772'416'800'000};
  SeededRng rng{20'260'302};
  text::PublicSuffixList suffixes = *text::PublicSuffixList::built_in();
  crypto::SealKey key = crypto::SealKey::generate(rng);
  Context context{.clock = clock, .rng = rng, .suffixes = suffixes, .contact_key = key};

  identity::Actor analyst = officer('A', {identity::Role::analyst, identity::Role::intake}, "u1");
  identity::Actor approver = officer('B', {identity::Role::approver}, "u2");
  identity::Actor near_approver = officer('C', {identity::Role::approver}, "u1");
  identity::Actor duty = officer('D', {identity::Role::duty_operator}, "u3");
  identity::Actor appeals = officer('E', {identity::Role::appeals_officer}, "u4");
  identity::Actor both = officer('A', {identity::Role::analyst, identity::Role::approver}, "u1");
  std::int64_t published_ = 0;
};

}  // namespace khien::cases::testing
