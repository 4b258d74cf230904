// What probes are given and what follows from what they tell, on both engines.
#include "providers/contract_test.h"
#include "providers/tidy.h"

namespace khien::providers {
namespace {

class Findings : public ProvidersDesk {
 protected:
  void SetUp() override {
    ProvidersDesk::SetUp();
    if (IsSkipped()) return;
    id = entered(draft_of("nha-mang"));
    probe.emplace(machine("may-1", id));
  }
  std::set<std::string> names_of(const probe::Work& work) {
    std::set<std::string> names;
    for (const auto& name : work.names) {
      names.insert(name.name + " " + std::string{to_string(name.expected)});
    }
    return names;
  }
  ProviderId id;
  std::optional<Machine> probe;
};
INSTANTIATE_TEST_SUITE_P(Engines, Findings, store::testing::for_each_engine(),
                         store::testing::engine_name);

using Names = std::set<std::string>;

TEST_P(Findings, ABlockIsProvenAndTimed) {
  const auto order = in_force("xau.example");
  clock.advance(10 * minute_ms);
  auto taken = round(*probe, {});
  EXPECT_EQ(taken.judged, 1);
  EXPECT_EQ(taken.changed, 1);
  EXPECT_EQ(held(order), Names{"blocked not_enforced"});
  EXPECT_FALSE(summary(id).share_enforced().has_value()) << "its time is not over";
  EXPECT_EQ(summary(id).block_times.count, 0);

  clock.advance(20 * minute_ms);
  taken = round(*probe, {{"xau.example", blocked()}});
  EXPECT_EQ(taken.changed, 1);
  EXPECT_EQ(held(order), Names{"blocked enforced"});
  const auto now = summary(id);
  EXPECT_EQ(now.share_enforced(), 1.0);
  EXPECT_EQ(now.block_times.count, 1);
  EXPECT_EQ(now.block_times.p50_s, 30 * 60);
  EXPECT_EQ(now.probes.at(0).heard_at_ms, clock.now_ms());
  EXPECT_EQ(now.probes.at(0).line, probe::LineState::good);

  clock.advance(minute_ms);
  EXPECT_EQ(round(*probe, {{"xau.example", blocked()}}).changed, 0);
  // Gone again: said, and the first proof stays what it was.
  EXPECT_EQ(round(*probe, {}).changed, 1);
  EXPECT_EQ(held(order), Names{"blocked not_enforced"});
  EXPECT_EQ(summary(id).block_times.p50_s, 30 * 60);
  clock.advance(2 * ms_per_hour);
  EXPECT_EQ(summary(id).share_enforced(), 0.0);
  const auto problems = look([&](store::Executor& db) { return list_problems(db, id); });
  ASSERT_EQ(problems->size(), 1U);
  EXPECT_EQ(problems->front().name, "xau.example");
  const auto changes = look([&](store::Executor& db) { return list_changes(db, id, {}); });
  ASSERT_EQ(changes->items.size(), 3U);
  EXPECT_TRUE(changes->items.front().has_statement);
}

TEST_P(Findings, ALiftIsProvenAndTimed) {
  const auto order = in_force("xau.example");
  round(*probe, {{"xau.example", blocked()}});
  clock.advance(ms_per_day);
  lift(order);
  EXPECT_EQ(names_of(work_for(*probe)), Names{"xau.example resolving"});
  clock.advance(5 * minute_ms);
  round(*probe, {{"xau.example", blocked()}});
  EXPECT_EQ(held(order), (Names{"blocked enforced", "resolving lift_pending"}));
  EXPECT_EQ(summary(id).lifts_pending, 1);
  EXPECT_TRUE(summary(id).blocks.empty()) << "it is in force no more";
  clock.advance(5 * minute_ms);
  round(*probe, {});
  EXPECT_EQ(held(order), (Names{"blocked enforced", "resolving lifted"}));
  EXPECT_EQ(summary(id).lifts_pending, 0);
  EXPECT_EQ(summary(id).lift_times.p99_s, 10 * 60);
  clock.advance(8 * ms_per_day);
  EXPECT_TRUE(work_for(*probe).names.empty()) << "looked at for a week";
}

TEST_P(Findings, ALiftThatDoesNotComeIsLookedAtForEver) {
  const auto order = in_force("xau.example");
  lift(order);
  round(*probe, {{"xau.example", blocked()}});
  clock.advance(30 * ms_per_day);
  EXPECT_EQ(names_of(work_for(*probe)), Names{"xau.example resolving"});
}

TEST_P(Findings, TooMuchIsSaidAndIsProofAllTheSame) {
  const auto order = in_force("xau.shop.example");
  round(*probe, {{"xau.shop.example", blocked()}, {"shop.example", blocked()}});
  EXPECT_EQ(held(order), Names{"blocked over_enforced"});
  EXPECT_EQ(summary(id).share_enforced(), 1.0);
  EXPECT_EQ(summary(id).blocks.at(0).verdict, "over_enforced");
}

TEST_P(Findings, AParentThatIsOrderedIsNoNeighbour) {
  in_force("xau.shop.example");
  const auto asks = [&] {
    for (const auto& name : work_for(*probe).names) {
      if (name.name == "xau.shop.example") return name.neighbours;
    }
    return probe::Neighbours::leave;
  };
  EXPECT_EQ(asks(), probe::Neighbours::ask);
  in_force("shop.example");
  EXPECT_EQ(asks(), probe::Neighbours::leave);
}

TEST_P(Findings, ABrokenLineSaysNothingAboutTheProvider) {
  const auto order = in_force("xau.example");
  const auto taken = round(*probe, {{"tot.example", silent()}});
  EXPECT_EQ(taken.line, probe::LineState::silent);
  EXPECT_EQ(held(order), Names{"blocked probe_broken"});
  clock.advance(3 * ms_per_hour);
  EXPECT_FALSE(summary(id).share_enforced().has_value());
  EXPECT_EQ(summary(id).probes.at(0).line, probe::LineState::silent);
  EXPECT_TRUE(summary(id).block_times.count == 0);
}

TEST_P(Findings, TwoProbesThatDisagreeAreInContest) {
  const auto other = machine("may-2", id);
  const auto order = in_force("xau.example");
  round(*probe, {{"xau.example", blocked()}});
  clock.advance(minute_ms);
  round(other, {});
  EXPECT_EQ(held(order), Names{"blocked contested"});
  // What is broken is no voice; what is much older is overtaken.
  clock.advance(minute_ms);
  round(other, {{"tot.example", silent()}});
  EXPECT_EQ(held(order), Names{"blocked enforced"});
  clock.advance(3 * ms_per_hour);
  round(other, {});
  EXPECT_EQ(held(order), Names{"blocked not_enforced"});
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return revoke_probe(tx, providers, "may-2", act);
              }).has_value());
  round(*probe, {{"xau.example", blocked()}});
  EXPECT_EQ(held(order), Names{"blocked enforced"}) << "a revoked probe has no voice";
}

TEST_P(Findings, EveryResolverOfAProviderCounts) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return change_provider(tx, providers, id, {.due_minutes = 120},
                                       {{.address = theirs}, {.address = second}}, act);
              }).has_value());
  const auto order = in_force("xau.example");
  auto statement = statement_of(work_for(*probe), {{"xau.example", blocked()}});
  ASSERT_EQ(statement.resolvers.size(), 2U);
  statement.resolvers[1].names[0].told = resolves();
  ASSERT_TRUE(tell(*probe, statement).has_value());
  EXPECT_EQ(held(order), Names{"blocked not_enforced"});
  // A resolver that is not the provider's has no voice.
  statement = statement_of(work_for(*probe), {{"xau.example", blocked()}});
  statement.resolvers[1].resolver = *net::SocketAddress::parse("192.0.2.99:53");
  statement.resolvers[1].names[0].told = resolves();
  ASSERT_TRUE(tell(*probe, statement).has_value());
  EXPECT_EQ(held(order), Names{"blocked enforced"});
}

TEST_P(Findings, AnOldZoneIsNamedAsSuch) {
  const auto order = in_force("xau.example");
  auto work = work_for(*probe);
  ASSERT_EQ(work.zones, std::vector<std::string>{"orders-phishing.rpz.khien"});
  auto statement = statement_of(work, {});
  statement.resolvers[0].serials = {{.zone = work.zones[0], .serial = 0}};
  ASSERT_TRUE(tell(*probe, statement).has_value());
  EXPECT_EQ(held(order), Names{"blocked stale_serial"});
}

TEST_P(Findings, NamesOfChildAbuseLeaveInNoList) {
  auto receipt = reported("https://kin.example", Category::child_abuse);
  auto content = draft_for(*receipt.case_id, "kin.example");
  content.category = "child-abuse";
  auto order = draft(content);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = check(*order);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = signed_move(analyst, *order, cases::SignedMove::propose);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  order = signed_move(approver, *order, cases::SignedMove::approve);
  ASSERT_TRUE(order.has_value()) << order.error().message;
  publish_all();
  EXPECT_TRUE(work_for(*probe).names.empty());
  EXPECT_TRUE(summary(id).blocks.empty());
  lift(*order);
  EXPECT_TRUE(work_for(*probe).names.empty());
}

TEST_P(Findings, WhatWasNotSeenComesFirstAndListsAreBounded) {
  work_options.next_s = 30;  // 20,000 an hour, in half a minute: 166
  for (int i = 0; i < 12; ++i) in_force("a" + std::to_string(i) + ".example");
  EXPECT_EQ(work_for(*probe).names.size(), 12U);
  round(*probe, {});
  clock.advance(minute_ms);
  in_force("moi.example");
  EXPECT_EQ(work_for(*probe).names.at(0).name, "moi.example");
  // Twenty-five others that are at work leave room for the least that a list has.
  for (int i = 0; i < 25; ++i) machine("m" + std::to_string(i), id);
  ASSERT_TRUE(sql("UPDATE probe SET heard_at_ms = " + std::to_string(clock.now_ms())));
  EXPECT_EQ(work_for(*probe).names.size(), static_cast<std::size_t>(work_names_min));
  work_options.next_s = 3'600;
  EXPECT_EQ(work_for(*probe).names.size(), 13U);
}

TEST_P(Findings, AStatementCountsOnceForItsOwnListInItsTime) {
  const auto order = in_force("xau.example");
  const auto statement = statement_of(work_for(*probe), {});
  ASSERT_TRUE(tell(*probe, statement).has_value());
  const auto again = tell(*probe, statement);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_TRUE(again->known);
  auto other = statement;
  other.program = "khac";
  EXPECT_EQ(tell(*probe, other).error().reason, "run_reported");

  other.run = "01KHNRVN000000000000000001";
  EXPECT_EQ(tell(*probe, other).error().reason, "run_unknown");
  const auto neighbour = machine("may-2", id);
  EXPECT_EQ(tell(neighbour, statement_of(work_for(*probe), {})).error().reason, "run_unknown");

  auto future = statement_of(work_for(*probe), {});
  future.to_ms += 11 * minute_ms;
  EXPECT_EQ(tell(*probe, future).error().reason, "bad_time");
  auto past = statement_of(work_for(*probe), {});
  past.from_ms -= 11 * minute_ms;
  EXPECT_EQ(tell(*probe, past).error().reason, "bad_time");
  auto old = statement_of(work_for(*probe), {});
  clock.advance(run_age_max_ms + 1);
  EXPECT_EQ(tell(*probe, old).error().reason, "run_unknown");
  EXPECT_EQ(held(order), Names{"blocked not_enforced"});
}

TEST_P(Findings, TheBodyIsTheOneThatWasSigned) {
  in_force("xau.example");
  const auto statement = statement_of(work_for(*probe), {});
  const auto reporter = admit(*probe, "{}");
  ASSERT_TRUE(reporter.has_value());
  const auto body = to_json(statement).dump();
  const auto taken = run([&](store::Transaction& tx) {
    return take_statement(tx, providers, *reporter, {.statement = statement, .body = body},
                          work_options);
  });
  EXPECT_EQ(taken.error().reason, "body_hash");
}

// What was kept can be checked again by anybody who has the probe's public key.
TEST_P(Findings, WhatChangedAVerdictIsKeptWithItsSignature) {
  in_force("xau.example");
  round(*probe, {});
  clock.advance(minute_ms);
  round(*probe, {});
  const auto rows = look([](store::Executor& db) {
    return db.query("SELECT proof, body, body_sha256 FROM probe_statement ORDER BY at_ms");
  });
  ASSERT_EQ(rows->size(), 2U);
  const auto proof = probe::read_proof(rows->at(0).text(0));
  ASSERT_TRUE(proof.has_value());
  EXPECT_EQ(proof->key, probe->key.public_key());
  EXPECT_TRUE(is_signed(*proof, {.method = "POST", .path = "/api/v1/probe/results"}));
  EXPECT_TRUE(std::ranges::equal(proof->body, crypto::sha256(Bytes{rows->at(0).octets(1)})));
  EXPECT_TRUE(rows->at(1).is_null(1)) << "nothing changed: its hash is enough";
  EXPECT_FALSE(sql("UPDATE probe_statement SET body = NULL"));
}

TEST_P(Findings, OldStatementsGoAndProofsStayForAYear) {
  in_force("xau.example");
  round(*probe, {});
  clock.advance(minute_ms);
  round(*probe, {});
  const auto left = [&] {
    EXPECT_TRUE(tidy(db(), providers).has_value());
    return number_from("SELECT count(*) FROM probe_statement") * 10 +
           number_from("SELECT count(*) FROM provider_check_event");
  };
  clock.advance(29 * ms_per_day);
  EXPECT_EQ(left(), 21);
  clock.advance(2 * ms_per_day);
  EXPECT_EQ(left(), 11);
  clock.advance(370 * ms_per_day);
  EXPECT_EQ(left(), 0);
}

TEST_P(Findings, WhatWasLiftedMeanwhileIsNotHeldAgainstAnybody) {
  const auto order = in_force("xau.example");
  const auto statement = statement_of(work_for(*probe), {});
  clock.advance(minute_ms);
  lift(order);
  const auto taken = tell(*probe, statement);
  ASSERT_TRUE(taken.has_value()) << taken.error().message;
  EXPECT_EQ(taken->overtaken, 1);
  EXPECT_TRUE(held(order).empty());
}

TEST_P(Findings, AskersFromElsewhereAreAnotherResolver) {
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return change_provider(
                    tx, providers, id, {.due_minutes = 120},
                    {{.address = theirs, .egress = {*net::Prefix::parse("198.51.100.0/24")}}}, act);
              }).has_value());
  const auto order = in_force("xau.example");
  work_options.nonce_zone = "n.probe.example";
  const auto line_with = [&](std::string_view asker) {
    auto work = work_for(*probe);
    auto statement = statement_of(work, {{"xau.example", blocked()}});
    statement.resolvers[0].nonce = resolves();
    const auto body = to_json(statement).dump();
    auto reporter = admit(*probe, body);
    EXPECT_TRUE(reporter.has_value());
    std::string asked;
    auto taken = run([&](store::Transaction& tx) {
      return take_statement(tx, providers, *reporter, {.statement = statement, .body = body},
                            work_options, [&](std::string_view name) {
                              asked = name;
                              return std::vector{*net::IpAddress::parse(asker)};
                            });
    });
    EXPECT_EQ(asked, "r0." + *work.nonce);
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
    return taken ? taken->line : probe::LineState::silent;
  };
  EXPECT_EQ(line_with("203.0.113.9"), probe::LineState::wrong_resolver);
  EXPECT_EQ(held(order), Names{"blocked probe_broken"});
  EXPECT_EQ(line_with("198.51.100.9"), probe::LineState::good);
  EXPECT_EQ(held(order), Names{"blocked enforced"});
}

}  // namespace
}  // namespace khien::providers
