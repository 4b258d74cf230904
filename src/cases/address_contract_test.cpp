// Orders on addresses and prefixes: off by default, three signatures, no emergency, and no word to
// any resolver.
#include "cases/address_target.h"
#include "cases/second_signer.h"
#include "cases/testing/desk.h"

namespace khien::cases::testing {
namespace {

class AddressOrders : public Desk {
 protected:
  void allow(std::string_view value = "on") {
    auto done = run([&](store::Transaction& tx) {
      return change_setting(tx, context, demo_act, Setting::address_orders, value, clock.now_ms());
    });
    ASSERT_TRUE(done.has_value()) << done.error().message;
  }
  CaseId a_case() {
    return reported("Trang lừa đảo tại http://lua-dao.example/ 203.0.113.9")
        .case_id.value_or(CaseId{});
  }

  OrderDraft address_draft(const CaseId& case_id, std::string name, Scope scope = Scope::address) {
    auto content = draft_for(case_id, std::move(name));
    content.scope = scope;
    content.address = {.step_reason = "Không có tên miền nào để chặn",
                       .names_told = 1,
                       .told_source = "passive DNS, 28/11/2026"};
    return content;
  }
  Order proposed_address(const CaseId& case_id, std::string name, Scope scope = Scope::address) {
    auto order = draft(address_draft(case_id, std::move(name), scope));
    EXPECT_TRUE(order.has_value()) << order.error().message;
    if (order) order = check(*order, Severity::serious);
    if (order) order = signed_move(analyst, *order, SignedMove::propose);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }
  Order in_force(const CaseId& case_id, std::string name, Scope scope = Scope::address) {
    auto order = signed_move(approver, proposed_address(case_id, std::move(name), scope),
                             SignedMove::approve);
    if (order) order = signed_move(third, *order, SignedMove::approve);
    EXPECT_TRUE(order.has_value()) << order.error().message;
    return order.value_or(Order{});
  }
  bool schema_refuses(std::string_view sql, const OrderId& id) {
    return !run([&](store::Transaction& tx) { return tx.execute(sql, {id}); }).has_value();
  }
  std::string reason_of(const Result<Order>& order) {
    return order ? std::string{} : order.error().reason;
  }

  identity::Actor third = officer('F', {identity::Role::approver}, "u3");
};
INSTANTIATE_TEST_SUITE_P(Engines, AddressOrders, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(AddressOrders, AreOffUntilTheAuthorityTurnsThemOn) {
  const auto id = a_case();
  EXPECT_EQ(reason_of(draft(address_draft(id, "203.0.113.9"))), "addresses_off");
  allow();
  EXPECT_EQ(reason_of(draft(address_draft(id, "203.0.113.9"))), "");
}

TEST_P(AddressOrders, TurnedOffTheyAreNotSignedAndThoseInForceGoOn) {
  allow();
  const auto id = a_case();
  const auto standing = in_force(id, "203.0.113.9");
  const auto waiting = proposed_address(id, "203.0.113.10");
  allow("off");
  EXPECT_EQ(reason_of(signed_move(approver, waiting, SignedMove::approve)), "addresses_off");
  EXPECT_TRUE(is_in_force(order_of(standing.id).state));
}

TEST_P(AddressOrders, NeedThreeDifferentPeopleOneOfThemOfAnotherUnit) {
  allow();
  const auto order = proposed_address(a_case(), "203.0.113.9");
  EXPECT_TRUE(order.class_a);
  EXPECT_EQ(reason_of(signed_move(both, order, SignedMove::approve)), "own_order");
  const auto second = signed_move(approver, order, SignedMove::approve);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(second->state, OrderState::proposed);
  EXPECT_TRUE(waits_for_second(*second));
  EXPECT_EQ(number_from("SELECT count(*) FROM publication"), 0);
  EXPECT_EQ(reason_of(signed_move(approver, *second, SignedMove::approve)), "already_signed");
  EXPECT_EQ(reason_of(signed_move(both, *second, SignedMove::approve)), "own_order");
  EXPECT_FALSE(may_sign_second(approver, *second).allowed);
  EXPECT_TRUE(may_sign_second(third, *second).allowed);
  const auto approved = signed_move(third, *second, SignedMove::approve);
  ASSERT_TRUE(approved.has_value()) << approved.error().message;
  EXPECT_EQ(approved->state, OrderState::approved);
  EXPECT_EQ(approved->co_approver, approver.account_id);
  EXPECT_EQ(approved->approver, third.account_id);
  const auto signatures =
      look([&](store::Executor& db) { return list_signatures(db, approved->id); });
  ASSERT_EQ(signatures->size(), 3U);
  // Each signs what those before signed.
  EXPECT_NE((*signatures)[1].document.find((*signatures)[0].digest), std::string::npos);
  EXPECT_NE((*signatures)[2].document.find((*signatures)[1].digest), std::string::npos);
  EXPECT_NE((*signatures)[0].document.find("step_reason"), std::string::npos);
}

TEST_P(AddressOrders, TwoOfOneUnitWithTheProposerAreNotEnough) {
  allow();
  const auto id = a_case();
  // The near one first: then the last must come from elsewhere.
  auto near_first =
      signed_move(near_approver, proposed_address(id, "203.0.113.9"), SignedMove::approve);
  ASSERT_TRUE(near_first.has_value()) << near_first.error().message;
  const auto near_too = officer('G', {identity::Role::approver}, "u1");
  EXPECT_EQ(reason_of(signed_move(near_too, *near_first, SignedMove::approve)),
            "other_unit_needed");
  EXPECT_EQ(reason_of(signed_move(officer('H', {identity::Role::approver}, ""), *near_first,
                                  SignedMove::approve)),
            "other_unit_needed");
  near_first = signed_move(approver, *near_first, SignedMove::approve);
  ASSERT_TRUE(near_first.has_value()) << near_first.error().message;
  EXPECT_EQ(near_first->approver, approver.account_id);
  // The near one last: the one of another unit has signed already.
  auto near_last = signed_move(approver, proposed_address(id, "203.0.113.10"), SignedMove::approve);
  if (near_last) near_last = signed_move(near_approver, *near_last, SignedMove::approve);
  ASSERT_TRUE(near_last.has_value()) << near_last.error().message;
  EXPECT_EQ(near_last->approver, approver.account_id);
  EXPECT_EQ(near_last->co_approver, near_approver.account_id);
}

TEST_P(AddressOrders, AReturnedOneBeginsItsSignaturesAnew) {
  allow();
  auto order =
      signed_move(approver, proposed_address(a_case(), "203.0.113.9"), SignedMove::approve);
  ASSERT_TRUE(order.has_value());
  auto returned = run([&](store::Transaction& tx) {
    return return_order(tx, context, third,
                        {.id = order->id, .version = order->version, .reason = "thiếu số tên"});
  });
  ASSERT_TRUE(returned.has_value()) << returned.error().message;
  auto edited = run([&](store::Transaction& tx) {
    return edit_order(
        tx, context, analyst,
        {.id = order->id,
         .version = returned->version,
         .address = AddressGrounds{
             .step_reason = "Không có tên miền", .names_told = 3, .told_source = "passive DNS"}});
  });
  ASSERT_TRUE(edited.has_value()) << edited.error().message;
  EXPECT_EQ(edited->address.names_told, 3);
  auto again = check(*edited, Severity::serious);
  if (again) again = signed_move(analyst, *again, SignedMove::propose);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_TRUE(again->co_approver.empty());
  auto second = signed_move(approver, *again, SignedMove::approve);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->state, OrderState::proposed);
}

TEST_P(AddressOrders, AreNeverAnEmergency) {
  allow();
  auto order = draft(address_draft(a_case(), "203.0.113.9"));
  if (order) order = check(*order, Severity::serious);
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(reason_of(signed_move(approver, *order, SignedMove::emergency)), "no_emergency");
}

TEST_P(AddressOrders, SayWhyAndFromWhereACountIs) {
  allow();
  const auto id = a_case();
  auto content = address_draft(id, "203.0.113.9");
  content.address.step_reason = "";
  auto order = draft(content);
  if (order) order = check(*order, Severity::serious);
  ASSERT_TRUE(order.has_value());
  EXPECT_EQ(reason_of(signed_move(analyst, *order, SignedMove::propose)), "step_reason_needed");
  content = address_draft(id, "203.0.113.10");
  content.address.told_source = "";
  EXPECT_EQ(reason_of(draft(content)), "bad_names_told");
  content.address = {.step_reason = "x", .names_told = std::nullopt, .told_source = "ở đâu"};
  EXPECT_EQ(reason_of(draft(content)), "bad_names_told");
  content.address = {.step_reason = "x", .names_told = -1, .told_source = "ở đâu"};
  EXPECT_EQ(reason_of(draft(content)), "bad_names_told");
}

TEST_P(AddressOrders, HaveOneTextForEachTarget) {
  allow();
  const auto id = a_case();
  EXPECT_EQ(draft(address_draft(id, " [2001:DB8:0::9] "))->name, "2001:db8::9");
  EXPECT_EQ(draft(address_draft(id, "192.0.2.0/28", Scope::prefix))->name, "192.0.2.0/28");
  for (const auto* bad :
       {"192.0.2.0/28", "lua-dao.example", "http://203.0.113.9/", "203.0.113.900", ""}) {
    EXPECT_EQ(reason_of(draft(address_draft(id, bad))), "bad_address") << bad;
  }
  EXPECT_EQ(reason_of(draft(address_draft(id, "192.0.2.7/28", Scope::prefix))), "bad_address");
  EXPECT_EQ(reason_of(draft(address_draft(id, "192.0.2.7", Scope::prefix))), "bad_address");
}

TEST_P(AddressOrders, StayOfTheirKind) {
  allow();
  const auto id = a_case();
  const auto of_address = draft(address_draft(id, "203.0.113.9"));
  const auto of_name = draft(draft_for(id, "lua-dao.example"));
  const auto edit = [&](const Order& order, Scope scope) {
    return run([&](store::Transaction& tx) {
      return edit_order(tx, context, analyst,
                        {.id = order.id, .version = order.version, .scope = scope});
    });
  };
  EXPECT_EQ(reason_of(edit(*of_address, Scope::host)), "bad_scope");
  EXPECT_EQ(reason_of(edit(*of_name, Scope::address)), "bad_scope");
  EXPECT_EQ(edit(*of_name, Scope::domain)->scope, Scope::domain);
}

TEST_P(AddressOrders, ArePublishedLiftedAndProvenWithoutAResolver) {
  allow();
  follow({"khien-dnsd"});
  const auto order = in_force(a_case(), "203.0.113.9");
  auto rows = look([&](store::Executor& db) { return publications_after(db, 0); });
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->front().scope, Scope::address);
  EXPECT_EQ(rows->front().name, "203.0.113.9");
  EXPECT_TRUE(rows->front().two_signers);
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::published);
  EXPECT_TRUE(look([&](store::Executor& db) { return list_enforcement(db, order.id); })->empty());
  EXPECT_TRUE(look([&](store::Executor& db) { return probe_targets(db, 10); })->empty());
  // Nothing grows overdue because nobody can be asked.
  EXPECT_EQ(number_from("SELECT count(*) FROM deadline WHERE record = 'order' AND kind IN "
                        "('enforce', 'lift') AND done_at_ms IS NULL"),
            0);
  const auto now = order_of(order.id);
  auto lifted = run([&](store::Transaction& tx) {
    return lift_order(tx, context, duty,
                      {.id = order.id, .version = now.version, .reason = "nhầm địa chỉ"});
  });
  ASSERT_TRUE(lifted.has_value()) << lifted.error().message;
  publish_all();
  EXPECT_EQ(order_of(order.id).state, OrderState::lift_published);
  EXPECT_EQ(number_from("SELECT count(*) FROM deadline WHERE record = 'order' AND kind IN "
                        "('enforce', 'lift') AND done_at_ms IS NULL"),
            0);
}

TEST_P(AddressOrders, TheRegisterFindsThemByAnyAddressInThem) {
  allow();
  const auto id = a_case();
  const auto prefix = in_force(id, "192.0.2.0/28", Scope::prefix);
  const auto address = in_force(id, "203.0.113.9");
  const auto found = [&](std::string_view written) {
    auto lookup = look([&](store::Executor& db) { return look_up(db, suffixes, written); });
    EXPECT_TRUE(lookup.has_value());
    std::vector<std::string> numbers;
    for (const auto& entry : lookup->blocking) numbers.push_back(entry.number);
    return numbers;
  };
  EXPECT_EQ(found("203.0.113.9"), std::vector{address.number});
  EXPECT_EQ(found("192.0.2.15"), std::vector{prefix.number});
  EXPECT_EQ(found("192.0.2.0/28"), std::vector{prefix.number});
  EXPECT_TRUE(found("192.0.2.16").empty());
  auto entry = look([&](store::Executor& db) { return load_register_entry(db, address.id); });
  EXPECT_EQ(entry->scope, Scope::address);
  EXPECT_EQ(entry->signatures.size(), 3U);
  auto appeal = run([&](store::Transaction& tx) {
    return lodge_appeal(tx, context, {.order = "203.0.113.9", .text = "Máy chủ của tôi"});
  });
  EXPECT_TRUE(appeal.has_value()) << appeal.error().message;
}

TEST_P(AddressOrders, NamesAtAnAddressComeFromOurRecordsAlone) {
  const auto id = a_case();
  reported("Trang http://quan-com.example/ cũng ở 203.0.113.9");
  const auto names = [&](std::string_view target) {
    return *look([&](store::Executor& db) { return names_at(db, target); });
  };
  EXPECT_EQ(names("203.0.113.9"),
            (std::vector<std::string>{"lua-dao.example", "quan-com.example"}));
  EXPECT_EQ(names("203.0.113.0/28"), names("203.0.113.9"));
  EXPECT_TRUE(names("203.0.113.16/28").empty());
  EXPECT_TRUE(names("203.0.113.10").empty());
  EXPECT_FALSE(id.empty());
}

TEST_P(AddressOrders, ARenewalNeedsAllThreeAnew) {
  allow();
  const auto old = in_force(a_case(), "203.0.113.9");
  auto next = run([&](store::Transaction& tx) {
    return renew_order(tx, context, analyst,
                       {.id = old.id, .version = old.version, .reason = "vẫn còn lừa đảo"},
                       clock.now_ms() + 20 * ms_per_day);
  });
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->address.step_reason, old.address.step_reason);
  next = check(*next, Severity::serious);
  if (next) next = signed_move(analyst, *next, SignedMove::propose);
  if (next) next = signed_move(third, *next, SignedMove::approve);
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(next->state, OrderState::proposed);
  EXPECT_TRUE(is_in_force(order_of(old.id).state));
  next = signed_move(approver, *next, SignedMove::approve);
  ASSERT_TRUE(next.has_value()) << next.error().message;
  EXPECT_EQ(order_of(old.id).state, OrderState::renewed);
}

// What the code refuses, the schema refuses too.
TEST_P(AddressOrders, TheSchemaHoldsTheFence) {
  allow();
  const auto second =
      signed_move(approver, proposed_address(a_case(), "203.0.113.9"), SignedMove::approve);
  ASSERT_TRUE(second.has_value());
  const auto approve = [](std::string_view with) {
    return "UPDATE block_order SET state = 'approved', valid_from_ms = 1, register_sequence = "
           "99, " +
           std::string{with} + " WHERE id = $1";
  };
  EXPECT_TRUE(schema_refuses(approve("approver = 'somebody', approver_unit = 'x'"), second->id))
      << "two signatures are not three";
  EXPECT_TRUE(schema_refuses(approve("approver = co_approver, approver_unit = 'x'"), second->id));
  EXPECT_TRUE(schema_refuses(
      approve("approver = 'somebody', approver_unit = 'x', co_approver = NULL"), second->id));
  EXPECT_TRUE(schema_refuses(approve("emergency = 1, emergency_ends_at_ms = 2"), second->id));
  EXPECT_TRUE(schema_refuses("UPDATE block_order SET target = 'name' WHERE id = $1", second->id));
  EXPECT_TRUE(schema_refuses("UPDATE block_order SET step_reason = 'x' WHERE id = $1", second->id));
  EXPECT_TRUE(schema_refuses("UPDATE block_order SET names_told = 0 WHERE id = $1", second->id));
  const auto standing = signed_move(third, *second, SignedMove::approve);
  ASSERT_TRUE(standing.has_value()) << standing.error().message;
  EXPECT_TRUE(
      schema_refuses("UPDATE block_order SET co_approver = 'x' WHERE id = $1", standing->id));
}

}  // namespace
}  // namespace khien::cases::testing
