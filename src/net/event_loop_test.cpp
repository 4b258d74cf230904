#include "net/event_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

namespace khien::net {
namespace {

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  return {.read = FileDescriptor{ends[0]}, .write = FileDescriptor{ends[1]}};
}

TEST(EventLoop, RunsTimersInOrderOfTheirDueTime) {
  ManualClock clock;
  auto loop = EventLoop::open(clock).value();
  std::string order;
  ASSERT_TRUE(loop->after(20, [&] { order += 'b'; }).has_value());
  ASSERT_TRUE(loop->after(10, [&] { order += 'a'; }).has_value());
  const auto cancelled = loop->after(15, [&] { order += 'x'; }).value();
  EXPECT_TRUE(loop->cancel(cancelled));
  EXPECT_FALSE(loop->cancel(cancelled));

  loop->run_once(0);
  EXPECT_EQ(order, "");
  clock.advance(10);
  loop->run_once(0);
  EXPECT_EQ(order, "a");
  clock.advance(10);
  loop->run_once(0);
  EXPECT_EQ(order, "ab");
}

TEST(EventLoop, ServesDescriptorsBetweenZeroDelayTimers) {
  ManualClock clock;
  auto loop = EventLoop::open(clock).value();
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    ASSERT_TRUE(loop->after(0, again).has_value());
  };
  again();
  loop->run_once(0);
  EXPECT_EQ(rounds, 2);  // the one set meanwhile waits for the next round
}

TEST(EventLoop, RefusesTimersAboveItsMaximum) {
  ManualClock clock;
  auto loop = EventLoop::open(clock).value();
  for (std::size_t i = 0; i < loop_timers_max; ++i) {
    ASSERT_TRUE(loop->after(1'000, [] {}).has_value());
  }
  const auto refused = loop->after(1'000, [] {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::limit_exceeded);
}

TEST(EventLoop, CallsBackWhileReadableUntilUnwatched) {
  SystemClock clock;
  auto loop = EventLoop::open(clock).value();
  auto pipe = make_pipe();
  int calls = 0;
  ASSERT_TRUE(loop->watch(pipe.read.get(), {.readable = true},
                          [&](Readiness ready) {
                            EXPECT_TRUE(ready.readable);
                            if (++calls == 2) loop->unwatch(pipe.read.get());
                          })
                  .has_value());
  EXPECT_FALSE(loop->watch(pipe.read.get(), {.readable = true}, [](Readiness) {}).has_value());
  ASSERT_TRUE(write_all(pipe.write.get(), as_bytes("x")).has_value());
  loop->run_once(0);
  loop->run_once(0);
  loop->run_once(0);
  EXPECT_EQ(calls, 2);
  EXPECT_FALSE(loop->change(pipe.read.get(), {.readable = true}).has_value());
}

TEST(EventLoop, ReportsAClosedPeer) {
  SystemClock clock;
  auto loop = EventLoop::open(clock).value();
  auto pipe = make_pipe();
  bool closed = false;
  ASSERT_TRUE(loop->watch(pipe.read.get(), {.readable = true},
                          [&](Readiness ready) { closed = ready.closed; })
                  .has_value());
  pipe.write.reset();
  loop->run_once(0);
  EXPECT_TRUE(closed);
}

TEST(EventLoop, RefusesPostsAboveItsMaximumAndAfterTheEnd) {
  ManualClock clock;
  auto loop = EventLoop::open(clock).value();
  std::size_t ran = 0;
  for (std::size_t i = 0; i < loop_posts_max; ++i) ASSERT_TRUE(loop->post([&] { ++ran; }));
  EXPECT_FALSE(loop->post([&] { ++ran; }));
  EXPECT_EQ(loop->posts_dropped(), 1);
  EXPECT_TRUE(loop->run_once(0));
  EXPECT_EQ(ran, loop_posts_max);
  loop->stop();
  EXPECT_FALSE(loop->post([] {}));
  EXPECT_FALSE(loop->run_once(0));
}

TEST(EventLoop, IsWokenByAnotherThread) {
  SystemClock clock;
  auto loop = EventLoop::open(clock).value();
  std::jthread other{[&] { EXPECT_TRUE(loop->post([&] { loop->stop(); })); }};
  loop->run();  // returns only because the post woke it
}

}  // namespace
}  // namespace khien::net
