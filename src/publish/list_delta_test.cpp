#include "publish/list_delta.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "codec/json.h"
#include "exchange/list_writer.h"
#include "publish/list_catalogue.h"
#include "publish/list_file.h"
#include "publish/testing.h"

namespace khien::publish {
namespace {

using Entries = std::map<std::string, std::string>;  // name to scope

class ListDeltaTest : public testing::Test {
 protected:
  std::uint32_t serial() { return zones_->serial(test_zone()).value(); }
  void apply(std::vector<Change> changes) { ASSERT_TRUE(zones_->apply(changes).has_value()); }

  /// What the whole list holds now, by its JSON.
  Entries whole() {
    const auto written = write_entries(folder_.path(), *zones_, *find_list("orders-phishing"),
                                       exchange::ListOutput::json, 1 << 24);
    EXPECT_TRUE(written.has_value());
    std::string text = "[";
    text.resize(1 + written->size);
    EXPECT_EQ(::pread(written->file.get(), text.data() + 1, written->size, 0),
              static_cast<ssize_t>(written->size));
    const auto json = codec::Json::parse(text + "]", {.size_max = 1 << 24});
    EXPECT_TRUE(json.has_value());
    Entries entries;
    for (const auto& entry : json->items()) {
      entries[entry.text_at("name").value()] = entry.text_at("scope").value();
    }
    return entries;
  }

  /// As a reader would: the text alone.
  static void follow(Entries& entries, const std::string& text) {
    const auto json = codec::Json::parse(text, {.size_max = 1 << 24});
    ASSERT_TRUE(json.has_value()) << text;
    const auto set = json->array_at("set").value();
    const auto removed = json->texts_at("remove").value();
    for (const auto& entry : set) {
      entries[entry.text_at("name").value()] = entry.text_at("scope").value();
    }
    for (const auto& name : removed) {
      EXPECT_EQ(entries.erase(name), 1U) << name << " was not there";
    }
  }

  std::string delta(std::uint32_t from, std::optional<std::uint32_t> to = {}) {
    const auto read = read_delta(*zones_, test_zone(), from, to);
    EXPECT_TRUE(read.has_value()) << read.error().message;
    return read ? delta_text(test_zone(), *read) : "";
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  TemporaryFolder zones_folder_;
  std::unique_ptr<ZoneSet> zones_ = open_zones(zones_folder_.path(), clock_);
};

TEST_F(ListDeltaTest, SaysWhatCameWentAndWidened) {
  apply({{.zone = "orders-phishing", .name = "mot.example", .source = "order:1"},
         {.zone = "orders-phishing", .name = "hai.example", .source = "order:1"}});
  const auto from = serial();
  apply({{.kind = ChangeKind::remove,
          .zone = "orders-phishing",
          .name = "mot.example",
          .source = "order:1"},
         {.zone = "orders-phishing",
          .name = "hai.example",
          .source = "order:2",
          .scope = Scope::domain},
         {.zone = "orders-phishing", .name = "ba.example", .source = "order:3"}});
  EXPECT_EQ(delta(from), R"({"format":"khien.list-delta.1","list":"orders-phishing","from":)" +
                             std::to_string(from) + R"(,"to":)" + std::to_string(serial()) +
                             R"(,"set":[
{"name":"ba.example","scope":"host"},
{"name":"hai.example","scope":"domain"}],"remove":[
"mot.example"]}
)");
}

TEST_F(ListDeltaTest, WhatCameAndWentAgainIsNoChange) {
  apply({{.zone = "orders-phishing", .name = "o.example", .source = "order:1"}});
  const auto from = serial();
  for (int i = 0; i < 3; ++i) {
    apply({{.kind = ChangeKind::remove,
            .zone = "orders-phishing",
            .name = "o.example",
            .source = "order:1"}});
    apply({{.zone = "orders-phishing", .name = "o.example", .source = "order:1"},
           {.zone = "orders-phishing", .name = "qua.example", .source = "order:2"}});
    apply({{.kind = ChangeKind::remove,
            .zone = "orders-phishing",
            .name = "qua.example",
            .source = "order:2"}});
  }
  const auto read = read_delta(*zones_, test_zone(), from, {});
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(read->changes.empty());
}

// The old list with the delta is the new list, from every serial to every later one.
TEST_F(ListDeltaTest, OldListAndDeltaAreTheNewList) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  std::map<std::uint32_t, Entries> states{{serial(), whole()}};
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> names;
    std::vector<std::string> sources;
    const auto count = 1 + below(8);
    for (std::size_t i = 0; i < count; ++i) {
      names.push_back("ten" + std::to_string(below(12)) + ".example");
      sources.push_back("order:" + std::to_string(below(3)));
    }
    std::vector<Change> changes;
    for (std::size_t i = 0; i < count; ++i) {
      changes.push_back({.kind = below(2) == 0 ? ChangeKind::add : ChangeKind::remove,
                         .zone = "orders-phishing",
                         .name = names[i],
                         .source = sources[i],
                         .scope = below(2) == 0 ? Scope::host : Scope::domain});
    }
    apply(changes);
    states[serial()] = whole();
  }
  ASSERT_GT(states.size(), 20U);
  for (auto old = states.begin(); old != states.end(); ++old) {
    for (auto later = old; later != states.end(); ++later) {
      auto followed = old->second;
      follow(followed, delta(old->first, later->first));
      EXPECT_EQ(followed, later->second) << old->first << " to " << later->first;
    }
  }
  EXPECT_EQ(delta(states.begin()->first), delta(states.begin()->first, serial()))
      << "without an end it is the newest";
}

TEST_F(ListDeltaTest, WhatHistoryDoesNotReachIsRefused) {
  apply({{.zone = "orders-phishing", .name = "mot.example", .source = "order:1"}});
  const auto now = serial();
  const auto reason = [&](std::uint32_t from, std::optional<std::uint32_t> to) {
    const auto read = read_delta(*zones_, test_zone(), from, to);
    return read ? "" : read.error().reason;
  };
  EXPECT_EQ(reason(now, {}), "");
  EXPECT_EQ(reason(now, now), "");
  EXPECT_EQ(reason(now - 1, now - 1), "");
  EXPECT_EQ(reason(now + 1, {}), "history_too_short");
  EXPECT_EQ(reason(now - 2, {}), "history_too_short");
  EXPECT_EQ(reason(now, now - 1), "history_too_short");
  EXPECT_EQ(reason(now - 1, now + 1), "history_too_short");
}

TEST_F(ListDeltaTest, ADeltaHasALargestSize) {
  const auto from = serial();
  std::vector<std::string> names;
  for (std::size_t i = 0; i <= list_delta_changes_max; ++i) {
    names.push_back("n" + std::to_string(i) + ".example");
  }
  ASSERT_TRUE(zones_->replace(
      {.zone = "orders-phishing", .source = "feed:1", .names = names, .scope = Scope::host}));
  const auto read = read_delta(*zones_, test_zone(), from, {});
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().reason, "delta_too_large");
}

}  // namespace
}  // namespace khien::publish
