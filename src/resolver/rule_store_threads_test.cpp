// Lists swapped under lookups, in real threads; also run under ThreadSanitizer.
#include <gtest/gtest.h>

#include <thread>

#include "base/log.h"
#include "base/page_buffer.h"
#include "policy/test_names.h"
#include "resolver/rule_store.h"

namespace khien::resolver {
namespace {

const policy::Source orders = policy::source_named("orders-phishing");

constexpr std::size_t names = 30'000;
constexpr int swaps = 6;

/// Names by thirds: the same in every list; a domain in odd lists and the host below it in even
/// ones, so that the host is blocked by either; and some that come and go.
void push_name(EditSpool& spool, int number, std::size_t i) {
  const std::string text = std::to_string(i) + ".example";
  const bool is_odd = number % 2 != 0;
  if (i % 3 == 2 && !is_odd) return;
  const Octets wire = policy::wire_of(i % 3 == 0              ? "chung" + text
                                      : i % 3 == 1 && !is_odd ? "www.ten" + text
                                                              : "ten" + text);
  spool.push(orders, {.below = false, .name = wire});
  spool.push(orders, {.below = true, .name = wire});
}

EditSpool list(const RuleStore& store, int number) {
  EditSpool spool = store.spool();
  for (std::size_t i = 0; i < names; ++i) push_name(spool, number, i);
  return spool;
}

// Asks for names that every list blocks, and rests between some batches as an idle worker does.
void look_up(Snapshot<policy::Rules>& rules, std::uint64_t seed, const std::stop_token& stop) {
  Snapshot<policy::Rules>::Reader reader{rules};
  SeededRng rng{seed};
  while (!stop.stop_requested()) {
    reader.refresh();
    for (int i = 0; i < 64; ++i) {
      const std::size_t number = rng.below(names) / 3 * 3 + rng.below(2);
      const std::string text = std::to_string(number) + ".example";
      const Octets wire = policy::wire_of(number % 3 == 0 ? "a.chung" + text : "www.ten" + text);
      const policy::NameKey key{wire, reader.value()->key()};
      reader.value()->prefetch(key);
      ASSERT_TRUE(reader.value()->find(key, {}).blocks()) << number;
    }
    if (rng.below(2) == 0) reader.rest();
  }
}

TEST(RuleStoreThreads, ASwapUnblocksNoNameThatBothListsBlock) {
  set_log_level(LogLevel::error);
  ManualClock clock;
  SeededRng rng{3};
  Metrics metrics;
  RuleStore store{{}, clock, rng, metrics};
  const policy::ZoneState zone{.name = "orders-phishing.rpz.khien.", .source = orders};
  ASSERT_TRUE(store.replace_zone(zone, list(store, 1)).has_value());
  const std::size_t steady = PageBuffer::use().now;
  PageBuffer::forget_most();
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      threads.emplace_back(
          [&store, seed](const std::stop_token& stop) { look_up(store.published(), seed, stop); });
    }
    for (int number = 2; number <= swaps; ++number) {
      policy::ZoneState next = zone;
      next.serial = static_cast<std::uint32_t>(number);
      ASSERT_TRUE(store.replace_zone(next, list(store, number)).has_value());
    }
  }
  store.free_old();
  // A worker that is in the middle of a batch holds a shard or two, not a list.
  if (metrics.counter("khien_dnsd_swap_waits_given_up_total", "").value() == 0) {
    EXPECT_LE(PageBuffer::use().most, steady + steady / 5);
  }
  set_log_level(LogLevel::info);
}

}  // namespace
}  // namespace khien::resolver
