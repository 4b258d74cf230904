// What the contract tests of this module share: a desk of officers, a provider, and a probe that
// tells what a world of resolvers would.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cases/testing/desk.h"
#include "codec/json.h"
#include "dns/edns.h"
#include "providers/intake.h"
#include "providers/schema.h"
#include "providers/summary.h"

namespace khien::providers {

constexpr InstantMs minute_ms = ms_per_minute;

class ProvidersDesk : public cases::testing::Desk {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    auto all = Desk::modules();
    all.push_back({"providers", migrations()});
    return all;
  }

  static constexpr Act act{.basis = "operator", .decision = "12/QĐ"};
  Context providers{.clock = clock, .rng = rng, .contact_key = key};
  WorkOptions work_options{.canaries = {"tot.example"}};
  const net::SocketAddress theirs = *net::SocketAddress::parse("192.0.2.53:53");
  const net::SocketAddress second = *net::SocketAddress::parse("192.0.2.54:53");

  ProviderDraft draft_of(std::string name) {
    return {.name = std::move(name),
            .title = "Nhà mạng Thử",
            .kind = ProviderKind::isp,
            .terms = {.contact = "noc@isp.example", .due_minutes = 120},
            .resolvers = {{.address = theirs}}};
  }
  ProviderId entered(const ProviderDraft& draft) {
    auto made =
        run([&](store::Transaction& tx) { return add_provider(tx, providers, draft, act); });
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or(ProviderId{});
  }
  /// A probe and the key that only it has.
  struct Machine {
    ProbeId id;
    crypto::Ed25519Key key;
    ProviderId provider;
  };
  Machine machine(std::string name, const ProviderId& provider) {
    auto own = crypto::Ed25519Key::generate(rng);
    auto made = run([&](store::Transaction& tx) {
      return enrol_probe(tx, providers,
                         {.name = std::move(name), .provider = provider, .key = own.public_key()},
                         act);
    });
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return {.id = made.value_or(ProbeId{}), .key = std::move(own), .provider = provider};
  }

  Result<Reporter> admit(const Machine& probe, std::string_view body,
                         const probe::RequestLine& line = {.method = "POST",
                                                           .path = "/api/v1/probe/results"}) {
    return admit_probe(db(), providers,
                       probe::sign_request(probe.key, line, body, clock.now_ms(), rng), line);
  }
  probe::Work work_for(const Machine& probe) {
    auto work = run([&](store::Transaction& tx) {
      return make_work(tx, providers, {.probe = probe.id, .provider = probe.provider},
                       work_options);
    });
    EXPECT_TRUE(work.has_value()) << work.error().message;
    return work.value_or(probe::Work{});
  }

  /// What a resolver says of names: what is not in it resolves.
  using World = std::map<std::string, probe::Told>;
  static probe::Told resolves() { return probe::Observation{.answer_count = 1}; }
  static probe::Told blocked() {
    return probe::Observation{.rcode = 3, .extended_error = dns::ede_censored};
  }
  static probe::Told silent() { return tl::unexpected(probe::Silence::timeout); }
  static probe::Told said(const World& world, const std::string& name) {
    const auto found = world.find(name);
    return found == world.end() ? resolves() : found->second;
  }

  probe::Statement statement_of(const probe::Work& work, const World& world) {
    probe::Statement statement{.run = work.id,
                               .from_ms = clock.now_ms() / 1'000 * 1'000,
                               .to_ms = clock.now_ms() / 1'000 * 1'000,
                               .program = "khien-probe test",
                               .resolvers = {}};
    for (const auto& resolver : work.resolvers) {
      probe::ResolverTold told{.resolver = resolver};
      for (const auto& canary : work.canaries) {
        told.canaries.push_back({.name = canary, .told = said(world, canary)});
      }
      for (const auto& name : work.names) {
        probe::NameTold one{.name = name.name, .told = said(world, name.name)};
        if (name.neighbours == probe::Neighbours::ask) {
          one.parent = said(world, name.name.substr(name.name.find('.') + 1));
          one.sibling = probe::Told{probe::Observation{.rcode = 3}};
        }
        told.names.push_back(std::move(one));
      }
      statement.resolvers.push_back(std::move(told));
    }
    return statement;
  }
  Result<Intake> tell(const Machine& probe, const probe::Statement& statement) {
    const auto body = to_json(statement).dump();
    auto reporter = admit(probe, body);
    if (!reporter) return tl::unexpected<Error>{std::move(reporter).error()};
    return run([&](store::Transaction& tx) {
      return take_statement(tx, providers, *reporter, {.statement = statement, .body = body},
                            work_options);
    });
  }
  /// A whole round of a probe.
  Intake round(const Machine& probe, const World& world) {
    auto taken = tell(probe, statement_of(work_for(probe), world));
    EXPECT_TRUE(taken.has_value()) << taken.error().message;
    return taken.value_or(Intake{});
  }

  cases::Order in_force(std::string name) {
    auto receipt = reported("https://" + name);
    auto order = approved(*receipt.case_id, std::move(name));
    publish_all();
    return order;
  }
  void lift(const cases::Order& order) {
    const auto version = order_of(order.id).version;
    auto lifted = run([&](store::Transaction& tx) {
      return cases::lift_order(tx, context, duty,
                               {.id = order.id, .version = version, .reason = "đã gỡ"});
    });
    ASSERT_TRUE(lifted.has_value()) << lifted.error().message;
    publish_all();
  }
  /// "blocked enforced" for what is held of the order, by what is expected.
  std::set<std::string> held(const cases::Order& order) {
    auto rows = look([&](store::Executor& db) { return list_at_providers(db, order.id); });
    EXPECT_TRUE(rows.has_value()) << rows.error().message;
    std::set<std::string> all;
    for (const auto& row : *rows) {
      all.insert(std::string{to_string(row.check.expected)} + " " + row.check.verdict);
    }
    return all;
  }
  Summary summary(const ProviderId& id) {
    auto made = look([&](store::Executor& db) { return summarise_one(db, id, clock.now_ms()); });
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or(Summary{});
  }
  bool sql(std::string_view text) {
    return run([&](store::Transaction& tx) { return tx.execute(text, {}); }).has_value();
  }
};

}  // namespace khien::providers
