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
