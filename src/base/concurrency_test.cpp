// Snapshot, BoundedQueue and Metrics under real threads; also run under ThreadSanitizer.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/metrics.h"
#include "base/snapshot.h"

namespace khien {
namespace {

TEST(Snapshot, AReaderNeverGoesBackAndSeesTheLastValue) {
  Snapshot<int> snapshot{std::make_shared<const int>(0)};
  std::jthread writer{[&] {
    for (int i = 1; i <= 2'000; ++i) snapshot.publish(std::make_shared<const int>(i));
  }};
  Snapshot<int>::Reader reader{snapshot};
  int last = *reader.value();
  while (last < 2'000) {
    reader.refresh();
    ASSERT_GE(*reader.value(), last);
    last = *reader.value();
  }
}

// A value that knows whether it is alive and who freed it.
struct Tracked {
  static inline std::atomic<int> alive{0};
  static inline std::atomic<int> freed_elsewhere{0};
  static inline std::thread::id writer;
  explicit Tracked(int n) : number(n) { ++alive; }
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;
  ~Tracked() {
    number = -1;
    --alive;
    if (std::this_thread::get_id() != writer) ++freed_elsewhere;
  }
  int number;
};

TEST(Snapshot, FreesWhatNoReaderHoldsAndInTheWritersThreadOnly) {
  Tracked::writer = std::this_thread::get_id();
  {
    Snapshot<Tracked> snapshot{std::make_shared<const Tracked>(0)};
    std::vector<std::jthread> readers;
    for (int t = 0; t < 3; ++t) {
      readers.emplace_back([&snapshot, t](const std::stop_token& stop) {
        Snapshot<Tracked>::Reader reader{snapshot};
        int last = 0;
        while (!stop.stop_requested()) {
          reader.refresh();
          const int number = reader.value()->number;
          ASSERT_GE(number, last);  // never freed, which reads as -1, and never older
          last = number;
          if (t != 0) reader.rest();
        }
      });
    }
    for (int i = 1; i <= 5'000; ++i) snapshot.publish(std::make_shared<const Tracked>(i));
    readers.clear();
    EXPECT_EQ(snapshot.collect(), 0U);
    EXPECT_EQ(Tracked::alive, 1);
  }
  EXPECT_EQ(Tracked::alive, 0);
  EXPECT_EQ(Tracked::freed_elsewhere, 0);
}

TEST(Snapshot, AReaderAtRestHoldsNothing) {
  Snapshot<int> snapshot{std::make_shared<const int>(0)};
  Snapshot<int>::Reader reader{snapshot};
  snapshot.publish(std::make_shared<const int>(1));
  EXPECT_EQ(snapshot.collect(), 1U);
  EXPECT_EQ(*reader.value(), 0);
  reader.rest();
  EXPECT_EQ(reader.value(), nullptr);
  EXPECT_EQ(snapshot.collect(), 0U);
  snapshot.publish(std::make_shared<const int>(2));
  EXPECT_TRUE(reader.refresh());
  EXPECT_EQ(*reader.value(), 2);
  reader.rest();
  EXPECT_FALSE(reader.refresh());  // nothing new, but it reads again
  EXPECT_EQ(*reader.value(), 2);
  snapshot.publish(std::make_shared<const int>(3));
  EXPECT_EQ(snapshot.collect(), 1U);
}

TEST(BoundedQueue, RefusesWhenFullAndHandsOverEverythingElseOnce) {
  BoundedQueue<int> queue{4};
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.push(i));
  EXPECT_FALSE(queue.push(4));
  std::vector<int> got;
  std::jthread reader{[&] {
    while (const auto item = queue.pop(std::chrono::seconds{10})) got.push_back(*item);
  }};
  queue.close();
  reader.join();
  EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_FALSE(queue.push(5));
}

TEST(Metrics, CountsFromManyThreadsAndWritesThePrometheusFormat) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        auto& counter = metrics.counter("khien_test_total", "Things.", R"(kind="a")");
        for (int i = 0; i < 1'000; ++i) counter.add();
      });
    }
  }
  metrics.gauge("khien_depth", "Depth.").set(7);
  EXPECT_EQ(metrics.exposition(),
            "# HELP khien_test_total Things.\n# TYPE khien_test_total counter\n"
            "khien_test_total{kind=\"a\"} 4000\n"
            "# HELP khien_depth Depth.\n# TYPE khien_depth gauge\nkhien_depth 7\n");
}

}  // namespace
}  // namespace khien
