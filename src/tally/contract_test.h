// What the contract tests of this module share: a desk of officers with a resolver that reports.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cases/testing/desk.h"
#include "tally/intake.h"
#include "tally/resolver_key.h"
#include "tally/schema.h"

namespace khien::tally {

class TallyDesk : public cases::testing::Desk {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    auto all = Desk::modules();
    all.push_back({"tally", migrations()});
    return all;
  }

  static constexpr KeyAct act{.basis = "operator", .decision = "12/QĐ"};
  Context tally{.clock = clock, .rng = rng};

  std::string added(std::string_view name) {
    auto made = run([&](store::Transaction& tx) { return add_resolver(tx, tally, name, act); });
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or("");
  }

  /// A report of the last hour, with an id of its own.
  Report report(std::vector<RuleHits> rules, std::vector<NewName> names = {}) {
    auto id = std::to_string(++reports_);
    id.insert(0, 32 - id.size(), '0');
    Report made;
    made.id = std::move(id);
    made.from_ms = clock.now_ms() - ms_per_hour;
    made.to_ms = clock.now_ms();
    made.rules = std::move(rules);
    made.new_names = std::move(names);
    return made;
  }
  Result<Intake> told(std::string_view resolver, const Report& made, IntakeLimits limits = {}) {
    return run([&](store::Transaction& tx) { return take_report(tx, resolver, made, limits); });
  }
  void told_hits(std::string_view resolver, std::string name, std::int64_t hits,
                 std::string source = "orders-phishing") {
    auto taken = told(
        resolver, report({{.source = std::move(source), .name = std::move(name), .hits = hits}}));
    ASSERT_TRUE(taken.has_value()) << taken.error().message;
    EXPECT_FALSE(taken->known);
  }
  bool sql(std::string_view text) {
    return run([&](store::Transaction& tx) { return tx.execute(text, {}); }).has_value();
  }

 private:
  int reports_ = 0;
};

}  // namespace khien::tally
