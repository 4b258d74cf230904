#include "http/event_hub.h"

#include <gtest/gtest.h>

namespace khien::http {
namespace {

struct EventHubTest : testing::Test {
  ManualClock clock;
  Metrics metrics;
  EventHub hub{clock, metrics};

  static std::uint64_t id_of(const std::string& frame) {
    return std::stoull(frame.substr(frame.find("id: ") + 4));
  }
};

TEST_F(EventHubTest, TellsListenersAndWakesThem) {
  auto listener = hub.subscribe(0).value();
  int wakes = 0;
  listener->on_wake([&] { ++wakes; });
  hub.publish("case-changed", R"({"id":"1"})");
  const auto text = listener->take();
  EXPECT_NE(text.find("event: case-changed\ndata: {\"id\":\"1\"}\n\n"), std::string::npos);
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(listener->take(), "");
  listener->cancel();  // `wakes` ends before the hub
}

TEST_F(EventHubTest, GivesOnlyWhatTheFilterLetsPass) {
  auto listener = hub.subscribe(0, [](std::string_view event) { return event == "a"; }).value();
  hub.publish("b", "{}");
  EXPECT_EQ(listener->take(), "");
  hub.publish("a", "{}");
  EXPECT_NE(listener->take(), "");
}

TEST_F(EventHubTest, GoesOnAfterTheLastEventSeen) {
  auto first = hub.subscribe(0).value();
  hub.publish("a", "{}");
  const auto seen = id_of(first->take());
  hub.publish("b", "{}");
  auto again = hub.subscribe(seen).value();
  const auto text = again->take();
  EXPECT_EQ(text.find("event: a"), std::string::npos);
  EXPECT_NE(text.find("event: b"), std::string::npos);
  EXPECT_EQ(hub.subscribe(id_of(text)).value()->take(), "");
}

TEST_F(EventHubTest, SaysResetWhenTheLastEventIsForgotten) {
  hub.publish("a", "{}");
  EXPECT_NE(hub.subscribe(7).value()->take().find("event: reset"), std::string::npos);
  const auto far = hub.subscribe(~std::uint64_t{0} - 1).value()->take();
  EXPECT_NE(far.find("event: reset"), std::string::npos);
  auto listener = hub.subscribe(0).value();
  hub.publish("b", "{}");
  const auto seen = id_of(listener->take());
  for (std::size_t i = 0; i < event_history_max + 1; ++i) {
    hub.publish("c", "{}");
    static_cast<void>(listener->take());
  }
  EXPECT_NE(hub.subscribe(seen).value()->take().find("event: reset"), std::string::npos);
}

TEST_F(EventHubTest, DropsASlowListener) {
  auto slow = hub.subscribe(0).value();
  for (std::size_t i = 0; i < event_queue_max; ++i) hub.publish("a", "{}");
  EXPECT_FALSE(slow->is_over());
  hub.publish("a", "{}");
  EXPECT_TRUE(slow->is_over());
  EXPECT_NE(metrics.exposition().find("listeners_dropped_total 1"), std::string::npos);
}

TEST_F(EventHubTest, RefusesListenersAboveItsMaximumAndTakesThemBackWhenOthersLeave) {
  std::vector<std::shared_ptr<EventSubscription>> all;
  for (std::size_t i = 0; i < event_subscribers_max; ++i) all.push_back(hub.subscribe(0).value());
  EXPECT_EQ(hub.subscribe(0).error().code, ErrorCode::unavailable);
  all.front()->cancel();
  EXPECT_TRUE(hub.subscribe(0).has_value());
}

TEST_F(EventHubTest, EndsAllStreamsWhenClosed) {
  auto listener = hub.subscribe(0).value();
  int wakes = 0;
  listener->on_wake([&] { ++wakes; });
  hub.close();
  EXPECT_TRUE(listener->is_over());
  EXPECT_EQ(wakes, 1);
  EXPECT_FALSE(hub.subscribe(0).has_value());
  listener->cancel();
}

}  // namespace
}  // namespace khien::http
