// What the tests of trials share: a gate before real zones, that a restart opens again.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "publish/publication_control.h"
#include "publish/testing.h"

namespace khien::publish {

class TrialFixture : public testing::Test {
 protected:
  void SetUp() override { open(); }

  /// Names that begin with "tot" are good ones, so that the gate holds them.
  void open() {
    control_.reset();
    zones_.reset();
    gate_.reset();
    auto gate = Gate::open(options(), clock_);
    ASSERT_TRUE(gate.has_value()) << gate.error().message;
    gate_ = std::move(*gate);
    SystemRng rng;
    auto zones = ZoneSet::open({.folder = folder_.path(), .gate = gate_.get()}, clock_, rng);
    ASSERT_TRUE(zones.has_value());
    zones_ = std::move(*zones);
    control_.emplace(*zones_, *gate_, clock_);
  }
  GateOptions options() {
    return {.folder = folder_.path(),
            .limits = {.stage_lists_above = stage_lists_above_},
            .good_name = [](std::string_view name, Scope, Basis) -> std::optional<GoodName> {
              if (!name.starts_with("tot")) return std::nullopt;
              return GoodName{.name = "tot", .why = "popular"};
            },
            .metrics = &metrics_};
  }

  static Hand person(const std::string& id) { return {.place = Hand::Place::account, .who = id}; }

  void order(std::string_view name, std::string_view source, InstantMs until_ms = 0,
             std::int64_t sequence = 0) {
    const std::vector<Change> changes{{.zone = "orders-phishing",
                                       .name = name,
                                       .source = source,
                                       .until_ms = until_ms,
                                       .sequence = sequence}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  void lift(std::string_view name, std::string_view source) {
    const std::vector<Change> changes{
        {.kind = ChangeKind::remove, .zone = "orders-phishing", .name = name, .source = source}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  HeldChange only_held() {
    const auto held = gate_->held();
    KHIEN_ASSERT(held.size() == 1);
    return held.front();
  }

  using Released = PublicationControl::Released;
  /// Two persons release it in stages.
  void try_first(std::int64_t id, const std::string& name = {}) {
    const PublicationControl::Decision in_stages{
        .id = id, .name = name, .course = Course::in_stages};
    ASSERT_EQ(control_->release(in_stages, person("an")), Released::waits_for_other);
    ASSERT_EQ(control_->release(in_stages, person("binh")), Released::on_trial);
  }
  Result<Released> advance(std::int64_t id) {
    auto first = control_->advance(id, person("an"));
    if (!first || *first != Released::waits_for_other) return first;
    return control_->advance(id, person("binh"));
  }

  bool shown(std::string_view zone, std::string_view name) {
    return zones_->shown(test_zone(zone), test_name(name)).name;
  }
  /// Where a name of phishing stands: some of "own partner orders feeds".
  std::string where(std::string_view name) {
    std::string words;
    for (const char* place : {"trial-own", "trial-partner", "orders", "feeds"}) {
      if (!shown(std::string{place} + "-phishing", name)) continue;
      const std::string_view word{place};
      words += (words.empty() ? "" : " ") + std::string{word.substr(word.rfind('-') + 1)};
    }
    return words;
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  Metrics metrics_;
  std::size_t stage_lists_above_ = 0;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublicationControl> control_;
};

}  // namespace khien::publish
