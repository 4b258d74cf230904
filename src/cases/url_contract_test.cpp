// Orders on web addresses: signed as names are, in force for proxies alone, found by who looks or
// objects.
#include "cases/second_signer.h"
#include "cases/testing/desk.h"
#include "cases/url_target.h"

namespace khien::cases::testing {
namespace {

class UrlOrders : public Desk {
 protected:
  CaseId a_case() {
    return reported("Trang lừa đảo tại https://sites.example/Scam/login?token=1")
        .case_id.value_or(CaseId{});
  }
  OrderDraft url_draft(const CaseId& case_id, std::string name) {
    auto content = draft_for(case_id, std::move(name));
    content.scope = Scope::url;
    return content;
  }
  Order proposed_url(const CaseId& case_id, std::string name, Severity verdict = Severity::info) {
    auto order = draft(url_draft(case_id, std::move(name)));
    if (order) order = check(*order, verdict);
    if (order) order = signed_move(analyst, *order, SignedMove::propose);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }
  Order url_in_force(const CaseId& case_id, std::string name) {
    auto order = signed_move(approver, proposed_url(case_id, std::move(name)), SignedMove::approve);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }
  static std::string reason_of(const Result<Order>& order) {
    return order ? std::string{} : order.error().reason;
  }
  Result<Order> lift(const Order& order) {
    return run([&](store::Transaction& tx) {
      return lift_order(tx, context, duty,
                        {.id = order.id, .version = order.version, .reason = "trang đã gỡ"});
    });
  }
  std::int64_t open_deadlines() {
    return number_from(
        "SELECT count(*) FROM deadline WHERE record = 'order' AND kind IN ('enforce', 'lift') AND "
        "done_at_ms IS NULL");
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, UrlOrders, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(UrlOrders, NameOnePageInOneText) {
  const auto id = a_case();
  auto order = draft(url_draft(id, "hxxps://Sites[.]example/Scam/login/?token=1#x"));
  ASSERT_TRUE(order.has_value()) << order.error().message;
  EXPECT_EQ(order->name, "sites.example/Scam/login");
  EXPECT_EQ(order->scope, Scope::url);
  EXPECT_EQ(order_of(order->id).scope, Scope::url);
  EXPECT_EQ(number_from("SELECT count(*) FROM block_order WHERE target = 'url'"), 1);
  EXPECT_EQ(number_from("SELECT count(*) FROM subject WHERE kind = 'url' AND value = "
                        "'https://sites.example/Scam/login'"),
            1);
  EXPECT_EQ(reason_of(draft(url_draft(id, "https://sites.example/"))), "whole_site");
  EXPECT_EQ(reason_of(draft(url_draft(id, "sites.example"))), "whole_site");
  EXPECT_EQ(reason_of(draft(url_draft(id, "not an address"))), "bad_url");
  EXPECT_EQ(reason_of(draft(url_draft(id, "sites.example/" + std::string(500, 'a')))),
            "page_too_long");
}

TEST_P(UrlOrders, AreSignedByTwoAsNamesAre) {
  const auto order = proposed_url(a_case(), "https://sites.example/scam");
  EXPECT_FALSE(order.class_a);
  EXPECT_EQ(reason_of(signed_move(both, order, SignedMove::approve)), "own_order");
  EXPECT_EQ(number_from("SELECT count(*) FROM publication"), 0);
  const auto approved = signed_move(approver, order, SignedMove::approve);
  ASSERT_TRUE(approved.has_value()) << approved.error().message;
  EXPECT_EQ(approved->state, OrderState::approved);
  EXPECT_TRUE(approved->co_approver.empty());
  const auto signatures =
      look([&](store::Executor& db) { return list_signatures(db, approved->id); });
  ASSERT_EQ(signatures->size(), 2U);
  EXPECT_NE((*signatures)[0].document.find(R"("name":"sites.example/scam")"), std::string::npos);
  EXPECT_NE((*signatures)[0].document.find(R"("scope":"url")"), std::string::npos);
  EXPECT_EQ((*signatures)[0].document.find("step_reason"), std::string::npos);
}

TEST_P(UrlOrders, OfSeriousImpactNeedAnotherUnit) {
  const auto order = proposed_url(a_case(), "https://sites.example/scam", Severity::serious);
  EXPECT_TRUE(order.class_a);
  EXPECT_EQ(reason_of(signed_move(near_approver, order, SignedMove::approve)), "other_unit_needed");
  EXPECT_EQ(reason_of(signed_move(approver, order, SignedMove::approve)), "");
}

TEST_P(UrlOrders, KeepTheWholeFence) {
  const auto id = a_case();
  const auto refused = [&](auto change) {
    auto content = url_draft(id, "https://sites.example/scam");
    change(content);
    auto order = draft(content);
    if (order) order = check(*order);
    if (!order) return reason_of(order);
    return reason_of(signed_move(analyst, *order, SignedMove::propose));
  };
  EXPECT_EQ(refused([](OrderDraft& order) { order.ground = {}; }), "no_legal_ground");
  EXPECT_EQ(refused([](OrderDraft& order) { order.evidence_ids = {}; }), "no_evidence");
  EXPECT_EQ(refused([](OrderDraft& order) { order.ends_at_ms = {}; }), "no_end_date");
  EXPECT_EQ(refused([](OrderDraft& order) { order.reason = ""; }), "reason_needed");
  EXPECT_EQ(refused([](OrderDraft& order) { order.category = "choice-ads"; }), "choice_category");
  EXPECT_EQ(refused([](OrderDraft&) {}), "");
  auto bare = draft(url_draft(id, "https://sites.example/bare"));
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(reason_of(signed_move(analyst, *bare, SignedMove::propose)), "impact_missing");
  bare = check(*bare, Severity::refuse);
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(reason_of(signed_move(analyst, *bare, SignedMove::propose)), "impact_refused");
  url_in_force(id, "https://sites.example/twice");
  auto twice = draft(url_draft(id, "http://sites.example/twice/"));
  if (twice) twice = check(*twice);
  ASSERT_TRUE(twice.has_value());
  EXPECT_EQ(reason_of(signed_move(analyst, *twice, SignedMove::propose)), "already_ordered");
}

TEST_P(UrlOrders, StayOfTheirKind) {
  const auto id = a_case();
  const auto page = draft(url_draft(id, "https://sites.example/scam"));
  const auto name = draft(draft_for(id, "lua-dao.example"));
  const auto edit = [&](const Order& order, Scope scope) {
    return run([&](store::Transaction& tx) {
      return edit_order(tx, context, analyst,
                        {.id = order.id, .version = order.version, .scope = scope});
    });
  };
  EXPECT_EQ(reason_of(edit(*page, Scope::host)), "bad_scope");
  EXPECT_EQ(reason_of(edit(*page, Scope::address)), "bad_scope");
  EXPECT_EQ(reason_of(edit(*name, Scope::url)), "bad_scope");
}

TEST_P(UrlOrders, CanBeAnEmergencyForFourHours) {
  auto order = draft(url_draft(a_case(), "https://sites.example/scam"));
  if (order) order = check(*order);
  if (order) order = signed_move(approver, *order, SignedMove::emergency);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  auto rows = look([&](store::Executor& db) { return publications_after(db, 0); });
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().basis, Basis::emergency);
  EXPECT_EQ(rows->front().serve_until_ms, clock.now_ms() + emergency_life_ms);
  publish_all();
  order = signed_move(both, order_of(order->id), SignedMove::ratify);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  EXPECT_EQ(order->emergency_ends_at_ms, std::nullopt);
}

TEST_P(UrlOrders, ArePublishedAndLiftedAndNoResolverIsAsked) {
  follow({"khien-dnsd"});
  const auto order = url_in_force(a_case(), "https://sites.example/scam");
  auto rows = look([&](store::Executor& db) { return publications_after(db, 0); });
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().scope, Scope::url);
  EXPECT_EQ(rows->front().name, "sites.example/scam");
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::published);
  EXPECT_TRUE(look([&](store::Executor& db) { return list_enforcement(db, order.id); })->empty());
  EXPECT_TRUE(look([&](store::Executor& db) { return probe_targets(db, 10); })->empty());
  EXPECT_EQ(open_deadlines(), 0);
  ASSERT_TRUE(lift(order_of(order.id)).has_value());
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::lift_published);
  EXPECT_EQ(open_deadlines(), 0);
}

TEST_P(UrlOrders, TheRegisterFindsThemByAnyPageThatTheyCover) {
  const auto id = a_case();
  const auto page = url_in_force(id, "https://sites.example/Scam");
  const auto deeper = url_in_force(id, "https://sites.example/Scam/login");
  const auto found = [&](std::string_view written) {
    auto lookup = look([&](store::Executor& db) { return look_up(db, suffixes, written); });
    EXPECT_TRUE(lookup.has_value());
    std::vector<std::string> numbers;
    for (const auto& entry : lookup->blocking) numbers.push_back(entry.number);
    return numbers;
  };
  EXPECT_EQ(found("https://sites.example/Scam?x=1"), std::vector{page.number});
  EXPECT_EQ(found("https://sites.example/Scam/other"), std::vector{page.number});
  EXPECT_EQ(found("https://sites.example/Scam/login/a"), (std::vector{deeper.number, page.number}));
  EXPECT_TRUE(found("https://sites.example/scam").empty()) << "paths have two cases";
  EXPECT_TRUE(found("https://sites.example/Scammer").empty());
  EXPECT_TRUE(found("https://sites.example/").empty()) << "the rest of the site is not blocked";
  EXPECT_TRUE(found("sites.example").empty());
  auto entry = look([&](store::Executor& db) { return load_register_entry(db, page.id); });
  EXPECT_EQ(entry->scope, Scope::url);
  EXPECT_EQ(entry->display, "sites.example/Scam");
  auto listed =
      look([&](store::Executor& db) { return list_register(db, {.query = "Example/SCAM"}, {}); });
  EXPECT_EQ(listed->items.size(), 2U);
}

TEST_P(UrlOrders, WhoObjectsWritesTheAddressOfThePage) {
  const auto id = a_case();
  const auto page = url_in_force(id, "https://sites.example/scam");
  const auto order_of_appeal = [&](std::string written) {
    auto appeal = run([&](store::Transaction& tx) {
      return lodge_appeal(tx, context, {.order = std::move(written), .text = "Trang của tôi"});
    });
    return appeal ? appeal->order.value : appeal.error().reason;
  };
  EXPECT_EQ(order_of_appeal("https://sites.example/scam"), page.id.value);
  EXPECT_EQ(order_of_appeal("sites.example/scam/trang?x=1"), page.id.value);
  EXPECT_EQ(order_of_appeal("https://sites.example/other"), "unknown_order");
  auto name = signed_move(approver, proposed(id, "sites.example"), SignedMove::approve);
  ASSERT_TRUE(name.has_value());
  EXPECT_EQ(order_of_appeal("https://sites.example/other"), name->id.value);
  EXPECT_EQ(order_of_appeal("https://sites.example/scam"), page.id.value);
}

TEST_P(UrlOrders, WhoReportedThePageSeesWhatBecameOfIt) {
  const auto receipt = reported("Lừa đảo tại https://sites.example/scam/login?token=1");
  const auto of_another = reported("Lừa đảo tại https://sites.example/other");
  const auto page = url_in_force(*receipt.case_id, "https://sites.example/scam");
  const auto orders = [&](std::string_view code) {
    auto view = look([&](store::Executor& db) { return report_status(db, code); });
    EXPECT_TRUE(view.has_value());
    return view ? view->orders.size() : 0;
  };
  EXPECT_EQ(orders(receipt.code), 1U);
  EXPECT_EQ(orders(of_another.code), 0U);
  EXPECT_TRUE(is_in_force(page.state));
}

TEST_P(UrlOrders, TheImpactCheckIsToldOfOrdersAround) {
  const auto id = a_case();
  const auto facts = [&](std::string_view written) {
    const auto target = parse_url_target(written);
    EXPECT_TRUE(target.has_value());
    auto found = look([&](store::Executor& db) { return url_facts(db, *target); });
    EXPECT_TRUE(found.has_value());
    return found.value_or(UrlFacts{});
  };
  EXPECT_TRUE(facts("https://www.sites.example/a_b").orders_above.empty());
  const auto of_host =
      signed_move(approver, proposed(id, "www.sites.example"), SignedMove::approve);
  auto content = draft_for(id, "sites.example");
  auto other = draft(content);
  if (other) other = check(*other);
  if (other) other = signed_move(analyst, *other, SignedMove::propose);
  if (other) other = signed_move(approver, *other, SignedMove::approve);
  ASSERT_TRUE(other.has_value());
  const auto above = url_in_force(id, "https://www.sites.example/a_b");
  const auto below = url_in_force(id, "https://www.sites.example/a_b/c/D");
  url_in_force(id, "https://www.sites.example/axb/c/e");  // '_' is no wildcard
  const auto around = facts("https://www.sites.example/a_b/c");
  EXPECT_EQ(around.orders_above, (std::vector{above.number + " (www.sites.example/a_b)",
                                              of_host->number + " (www.sites.example)"}))
      << "a host order on the name above reaches nothing below it";
  EXPECT_EQ(around.orders_below, std::vector{below.number + " (www.sites.example/a_b/c/D)"});
  EXPECT_TRUE(facts("https://www.sites.example/A_b/c").orders_below.empty());
  for (int i = 0; i <= url_orders_told_max; ++i) {
    url_in_force(id, "https://many.example/a/" + std::to_string(i));
  }
  EXPECT_EQ(facts("https://many.example/a").orders_below.size(),
            static_cast<std::size_t>(url_orders_told_max));
}

TEST_P(UrlOrders, ARenewalTakesTheirPlace) {
  const auto old = url_in_force(a_case(), "https://sites.example/scam");
  auto next = run([&](store::Transaction& tx) {
    return renew_order(tx, context, analyst,
                       {.id = old.id, .version = old.version, .reason = "vẫn còn lừa đảo"},
                       clock.now_ms() + 20 * ms_per_day);
  });
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->scope, Scope::url);
  EXPECT_EQ(next->name, old.name);
  next = check(*next);
  if (next) next = signed_move(analyst, *next, SignedMove::propose);
  if (next) next = signed_move(approver, *next, SignedMove::approve);
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(order_of(old.id).state, OrderState::renewed);
}

// What the code refuses, the schema refuses too.
TEST_P(UrlOrders, TheSchemaHoldsTheFence) {
  const auto order = proposed_url(a_case(), "https://sites.example/scam");
  const auto refuses = [&](std::string_view sql) {
    return !run([&](store::Transaction& tx) { return tx.execute(sql, {order.id}); }).has_value();
  };
  EXPECT_TRUE(refuses("UPDATE block_order SET target = 'name' WHERE id = $1"));
  EXPECT_TRUE(refuses("UPDATE block_order SET target = 'page' WHERE id = $1"));
  EXPECT_TRUE(refuses("UPDATE block_order SET name = 'sites.example' WHERE id = $1"));
  EXPECT_TRUE(refuses(
      "UPDATE block_order SET state = 'approved', valid_from_ms = 1, register_sequence = 99, "
      "approver = 'somebody', approver_unit = 'x' WHERE id = $1"))
      << "one signature is not two";
  const auto inserts = [&](std::string_view name, std::string_view target) {
    const std::string sql =
        "INSERT INTO block_order (id, number, case_id, subject_id, name, scope, reason, salt, "
        "state, drafted_by, drafted_at_ms, changed_at_ms, change_sequence, target) SELECT '" +
        std::string(26, '0') +
        "', 'x', case_id, subject_id, $2, 'host', '', salt, 'draft', "
        "drafted_by, 1, 1, 0, $3 FROM block_order WHERE id = $1";
    return run([&](store::Transaction& tx) -> Result<void> {
             auto done = tx.execute(sql, {order.id, name, target});
             if (!done) return tl::unexpected<Error>{done.error()};
             return fail(ErrorCode::conflict, "taken back", "was_taken");
           })
        .error()
        .reason;
  };
  EXPECT_NE(inserts("sites.example", "url"), "was_taken") << "a page has a path";
  EXPECT_NE(inserts("sites.example/", "url"), "was_taken");
  EXPECT_NE(inserts("sites.example/a", "name"), "was_taken") << "a name has none";
  EXPECT_EQ(inserts("sites.example/a", "url"), "was_taken");
}

/// A database as it was before there were orders on web pages.
class UrlUpgrade : public UrlOrders {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    auto before = UrlOrders::modules();
    before.back().migrations = before.back().migrations.first(8);
    return before;
  }
  Order proposed_address(std::string name) {
    auto content = draft_for(a_case(), std::move(name));
    content.scope = Scope::address;
    content.address = {.step_reason = "Không có tên miền nào để chặn"};
    auto order = draft(content);
    if (order) order = check(*order, Severity::serious);
    if (order) order = signed_move(analyst, *order, SignedMove::propose);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, UrlUpgrade, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(UrlUpgrade, KeepsWhatStandsAndTheFenceOfAddresses) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return change_setting(tx, context, demo_act, Setting::address_orders, "on",
                                      clock.now_ms());
              }).has_value());
  const auto name = approved(a_case(), "lua-dao.example");
  const auto address = proposed_address("203.0.113.9");
  const auto first = signed_move(approver, address, SignedMove::approve);
  ASSERT_TRUE(first.has_value()) << first.error().message;

  ASSERT_TRUE(db().migrate(UrlOrders::modules()).has_value());
  EXPECT_EQ(order_of(name.id).scope, Scope::host);
  EXPECT_EQ(order_of(name.id).state, OrderState::approved);
  EXPECT_EQ(order_of(address.id).scope, Scope::address);
  EXPECT_EQ(number_from("SELECT count(*) FROM block_order WHERE target = 'name'"), 1);
  const auto refuses = [&](std::string_view sql) {
    return !run([&](store::Transaction& tx) { return tx.execute(sql, {address.id}); }).has_value();
  };
  EXPECT_TRUE(refuses(
      "UPDATE block_order SET state = 'approved', valid_from_ms = 1, register_sequence = 99, "
      "approver = 'somebody', approver_unit = 'x' WHERE id = $1"))
      << "two signatures are not three";
  EXPECT_TRUE(refuses("UPDATE block_order SET target = 'url' WHERE id = $1"));
  const auto third = officer('F', {identity::Role::approver}, "u3");
  const auto last = signed_move(third, *first, SignedMove::approve);
  ASSERT_TRUE(last.has_value()) << last.error().message;
  EXPECT_EQ(last->state, OrderState::approved);
  EXPECT_EQ(
      reason_of(signed_move(approver, proposed_address("203.0.113.10"), SignedMove::emergency)),
      "no_emergency");
  EXPECT_TRUE(is_in_force(url_in_force(a_case(), "https://sites.example/scam").state));
}

}  // namespace
}  // namespace khien::cases::testing
