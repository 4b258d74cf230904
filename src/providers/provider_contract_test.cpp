// Providers and probes as records, on both engines: who may speak, and what the log says of it.
#include "providers/contract_test.h"

namespace khien::providers {
namespace {

class Providers : public ProvidersDesk {
 protected:
  std::string reason_of(const ProviderDraft& draft, const Act& given = act) {
    auto made =
        run([&](store::Transaction& tx) { return add_provider(tx, providers, draft, given); });
    return made ? "" : made.error().reason;
  }
  Result<Provider> found(std::string_view name) {
    return look([&](store::Executor& db) { return find_provider(db, name); });
  }
  std::string enrol_reason(const ProbeDraft& draft, const Act& given = act) {
    auto made =
        run([&](store::Transaction& tx) { return enrol_probe(tx, providers, draft, given); });
    return made ? "" : made.error().reason;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, Providers, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(Providers, AreEnteredChangedAndEnded) {
  auto draft = draft_of("nha-mang");
  draft.terms.landing = {*net::IpAddress::parse("192.0.2.80")};
  draft.resolvers = {{.address = theirs, .egress = {*net::Prefix::parse("198.51.100.0/24")}},
                     {.address = *net::SocketAddress::parse("[2001:db8::53]:53")}};
  const auto id = entered(draft);
  const auto provider = found("nha-mang");
  ASSERT_TRUE(provider.has_value()) << provider.error().message;
  EXPECT_EQ(provider->id, id);
  EXPECT_EQ(provider->title, "Nhà mạng Thử");
  ASSERT_EQ(provider->resolvers.size(), 2U);
  EXPECT_EQ(to_string(provider->resolvers[0].egress.at(0)), "198.51.100.0/24");
  EXPECT_EQ(to_string(provider->resolvers[1].address), "[2001:db8::53]:53");
  EXPECT_EQ(to_string(provider->landing.at(0)), "192.0.2.80");
  EXPECT_EQ(provider->lift_due_ms(), 60 * minute_ms);
  EXPECT_EQ(look([&](store::Executor& db) { return read_contact(db, providers, id); }).value(),
            "noc@isp.example");

  clock.advance(1'000);
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return change_provider(tx, providers, id, {.contact = "", .due_minutes = 30},
                                       {{.address = second}}, act);
              }).has_value());
  const auto changed = *found("nha-mang");
  EXPECT_EQ(changed.due_minutes, 30);
  EXPECT_EQ(changed.lift_due_ms(), 30 * minute_ms);
  EXPECT_FALSE(changed.has_contact);
  ASSERT_EQ(changed.resolvers.size(), 1U);
  EXPECT_EQ(changed.resolvers[0].address, second);
  EXPECT_EQ(number_from("SELECT count(*) FROM provider_terms"), 2) << "dated, not overwritten";

  const auto probe = machine("may-1", id);
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return end_provider(tx, providers, id, act);
              }).has_value());
  EXPECT_EQ(found("nha-mang").error().code, ErrorCode::not_found);
  EXPECT_EQ(admit(probe, "").error().reason, "probe_signature");
  EXPECT_EQ(reason_of(draft_of("nha-mang")), "") << "the name is free again";
}

TEST_P(Providers, AreNamedInTheLogByAnIdAlone) {
  const auto id = entered(draft_of("nha-mang"));
  machine("may-truong-a", id);
  for (const auto* type : {"provider.added", "probe.enrolled"}) {
    EXPECT_EQ(
        number_from("SELECT count(*) FROM ledger_leaf WHERE type = '" + std::string{type} + "'"), 1)
        << type;
  }
  for (const auto* word : {"nha-mang", "may-truong", "isp.example", "192.0.2"}) {
    EXPECT_EQ(number_from("SELECT count(*) FROM ledger_leaf WHERE entry LIKE '%" +
                          std::string{word} + "%'"),
              0)
        << word;
  }
  EXPECT_EQ(number_from("SELECT count(*) FROM provider_terms WHERE contact_sealed IS NULL"), 0);
}

TEST_P(Providers, NeedWhatTheyNeed) {
  const auto with = [&](auto change) {
    auto draft = draft_of("a");
    change(draft);
    return reason_of(draft);
  };
  EXPECT_EQ(with([](auto& d) { d.name = "Nhà mạng"; }), "bad_name");
  EXPECT_EQ(with([](auto& d) { d.title = " "; }), "bad_title");
  EXPECT_EQ(with([](auto& d) { d.terms.contact = "ai do"; }), "bad_contact");
  EXPECT_EQ(with([](auto& d) { d.terms.due_minutes = 4; }), "bad_due");
  EXPECT_EQ(with([](auto& d) { d.terms.due_minutes = 10'081; }), "bad_due");
  EXPECT_EQ(with([](auto& d) { d.terms.landing.assign(9, {}); }), "too_many_addresses");
  EXPECT_EQ(with([](auto& d) { d.resolvers.front().egress.assign(9, {}); }), "too_many_addresses");
  EXPECT_EQ(with([](auto& d) { d.resolvers.assign(2, d.resolvers.front()); }),
            "too_many_resolvers");
  EXPECT_EQ(with([](auto& d) { d.resolvers.front().address.port = 0; }), "too_many_resolvers");
  EXPECT_EQ(with([](auto& d) {
              d.resolvers.clear();
              for (std::uint8_t i = 0; i < 9; ++i) {
                d.resolvers.push_back(
                    {.address = {.ip = net::IpAddress::v4({192, 0, 2, i}), .port = 53}});
              }
            }),
            "too_many_resolvers");
  EXPECT_EQ(reason_of(draft_of("a"), {.basis = "operator", .decision = " "}), "reason_needed");
  EXPECT_EQ(reason_of(draft_of("a")), "");
  EXPECT_EQ(reason_of(draft_of("a")), "provider_exists");
  for (std::size_t i = 1; i < providers_max; ++i) entered(draft_of("p" + std::to_string(i)));
  EXPECT_EQ(reason_of(draft_of("one-more")), "too_many_providers");
}

TEST_P(Providers, ProbesHaveAKeyOfTheirOwnThatNeverComesBack) {
  const auto id = entered(draft_of("nha-mang"));
  const auto probe = machine("may-1", id);
  const auto other = crypto::Ed25519Key::generate(rng).public_key();
  EXPECT_EQ(enrol_reason({.name = "may-1", .provider = id, .key = other}), "probe_exists");
  EXPECT_EQ(enrol_reason({.name = "may-2", .provider = id, .key = probe.key.public_key()}),
            "key_known");
  EXPECT_EQ(enrol_reason({.name = "Máy", .provider = id, .key = other}), "bad_name");
  ASSERT_TRUE(admit(probe, "").has_value());
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return revoke_probe(tx, providers, "may-1", act);
              }).has_value());
  EXPECT_EQ(admit(probe, "").error().reason, "probe_signature");
  EXPECT_EQ(enrol_reason({.name = "may-1", .provider = id, .key = probe.key.public_key()}),
            "key_known");
  EXPECT_EQ(enrol_reason({.name = "may-1", .provider = id, .key = other}), "");
  EXPECT_EQ(look([](store::Executor& db) { return list_probes(db); })->size(), 2U);
  for (std::size_t i = 1; i < probes_max; ++i) machine("m" + std::to_string(i), id);
  EXPECT_EQ(enrol_reason({.name = "one-more",
                          .provider = id,
                          .key = crypto::Ed25519Key::generate(rng).public_key()}),
            "too_many_probes");
}

TEST_P(Providers, ARequestOpensOnceAndInTime) {
  const auto probe = machine("may-1", entered(draft_of("nha-mang")));
  const probe::RequestLine line{.method = "GET", .path = "/api/v1/probe/work"};
  const auto signed_at = [&](InstantMs at_ms) {
    return probe::sign_request(probe.key, line, "", at_ms, rng);
  };
  const auto reason = [&](std::string_view header, const probe::RequestLine& of) {
    auto admitted = admit_probe(db(), providers, header, of);
    return admitted ? "" : admitted.error().reason;
  };
  const auto now = signed_at(clock.now_ms());
  EXPECT_EQ(reason(now, {.method = "POST", .path = line.path}), "probe_signature");
  EXPECT_EQ(reason(now, line), "");
  EXPECT_EQ(reason(now, line), "probe_replayed");
  EXPECT_EQ(reason(signed_at(clock.now_ms() - 5 * minute_ms), line), "");
  EXPECT_EQ(reason(signed_at(clock.now_ms() - 6 * minute_ms), line), "probe_clock");
  EXPECT_EQ(reason(signed_at(clock.now_ms() + 6 * minute_ms), line), "probe_clock");
  EXPECT_EQ(reason("", line), "probe_signature");
  auto stranger = probe;
  stranger.key = crypto::Ed25519Key::generate(rng);
  EXPECT_EQ(admit(stranger, "").error().reason, "probe_signature");
  // The nonce is kept for longer than its time is good.
  clock.advance(4 * minute_ms);
  EXPECT_EQ(reason(now, line), "probe_replayed");
  clock.advance(2 * minute_ms);
  EXPECT_EQ(reason(now, line), "probe_clock");
  clock.advance(10 * minute_ms);
  for (std::int64_t i = 0; i < nonces_kept_max; ++i) {
    EXPECT_EQ(reason(signed_at(clock.now_ms()), line), "") << i;
  }
  EXPECT_EQ(reason(signed_at(clock.now_ms()), line), "too_many_requests");
  clock.advance(11 * minute_ms);
  EXPECT_EQ(reason(signed_at(clock.now_ms()), line), "");
}

TEST_P(Providers, SqlCannotPassTheFence) {
  machine("may-1", entered(draft_of("nha-mang")));
  EXPECT_FALSE(sql("DELETE FROM provider"));
  EXPECT_FALSE(sql("UPDATE provider SET name = 'khac'"));
  EXPECT_FALSE(sql("UPDATE provider_terms SET due_minutes = 1000"));
  EXPECT_FALSE(sql("DELETE FROM probe"));
  EXPECT_FALSE(sql("UPDATE probe SET provider_id = 'khac'"));
  EXPECT_FALSE(sql("UPDATE probe SET revoked_at_ms = 1")) << "without a decision";
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return revoke_probe(tx, providers, "may-1", act);
              }).has_value());
  EXPECT_FALSE(sql("UPDATE probe SET revoked_at_ms = NULL, revoked_on = NULL"));
}

}  // namespace
}  // namespace khien::providers
