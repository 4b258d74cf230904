// What the query path does beside answering: nothing. A worker serves real packets in a process of
// its own, where allocations and locks are counted and every system call but those that move
// batches is caught by a seccomp filter and counted too.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <mutex>
#include <shared_mutex>

#include "resolver/test_allocations.h"
#include "resolver/test_calls.h"
#include "resolver/test_worker.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace khien::resolver {
namespace {

/// What one phase cost; lies in memory that parent and child share.
struct Cost {
  std::size_t allocations = 0;
  std::size_t locks = 0;
  std::size_t receives = 0;
  std::size_t sends = 0;
  std::size_t waits = 0;
  std::size_t other_calls = 0;
  long last_other_call = -1;
  std::uint64_t cache_hits = 0;
  std::uint64_t upstream_answers = 0;
  std::size_t observed = 0;  // pushed to the ring of those who look for new names
  std::size_t tapped = 0;    // messages copied for dnstap

  [[nodiscard]] std::size_t calls() const { return receives + sends + waits; }
};

Cost* shared_cost() {
  void* memory =
      ::mmap(nullptr, sizeof(Cost), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  KHIEN_ASSERT(memory != MAP_FAILED);
  return new (memory) Cost;  // NOLINT: mapped, not allocated; lives as long as the test
}

Cost* caught = nullptr;  // where the signal handler counts

void catch_call(int, siginfo_t* info, void*) {
  ++caught->other_calls;
  caught->last_other_call = info->si_syscall;
}

/// From now on this thread may only move batches, read the clock and end; all else is counted (and
/// not done).
void allow_batches_only(Cost& cost) {
  caught = &cost;
  struct sigaction action{};
  action.sa_sigaction = catch_call;
  action.sa_flags = SA_SIGINFO;
  KHIEN_ASSERT(::sigaction(SIGSYS, &action, nullptr) == 0);
  const auto allow = [](unsigned number, std::uint8_t jump) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, jump, 0);
  };
  std::array filter{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                    allow(SYS_recvmmsg, 7),
                    allow(SYS_sendmmsg, 6),
                    allow(SYS_epoll_wait, 5),
                    allow(SYS_clock_gettime, 4),  // where the kernel offers no vDSO clock
                    allow(SYS_rt_sigreturn, 3),
                    allow(SYS_exit_group, 2),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
                    sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = filter.data()};
  KHIEN_ASSERT(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  KHIEN_ASSERT(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/// Ends a worker's run, from inside of it, once it has taken so many queries and upstream answers
/// and nothing is under way. Workers ask the time once a round.
class EndingClock final : public Clock {
 public:
  InstantMs now_ms() const noexcept override { return system_.now_ms(); }
  std::int64_t steady_ms() const noexcept override {
    if (counters_ != nullptr && counters_->value(Count::queries_udp) >= queries_ &&
        counters_->value(Count::upstream_answers) >= answers_) {
      stop_->request_stop();
    }
    return system_.steady_ms();
  }
  std::stop_token end_after(const Counters& counters, std::uint64_t queries,
                            std::uint64_t answers) {
    counters_ = &counters;
    queries_ = queries;
    answers_ = answers;
    stop_.emplace();
    return stop_->get_token();
  }

 private:
  SystemClock system_;
  mutable std::optional<std::stop_source> stop_;
  const Counters* counters_ = nullptr;
  std::uint64_t queries_ = 0;
  std::uint64_t answers_ = 0;
};

constexpr std::size_t batches = 20;
constexpr std::size_t count = batches * batch_size;

/// Name `i` of 20: 1 blocked, `fresh` never asked before, the others cached.
std::vector<Octets> traffic(std::size_t blocked, std::size_t fresh) {
  std::vector<Octets> packets;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t kind = i % 20;
    const std::string name = kind < blocked           ? "www.scam.example"
                             : kind < blocked + fresh ? "fresh" + std::to_string(i) + ".example"
                                                      : "cached.example";
    packets.push_back(packet_of({.name = name}));
  }
  return packets;
}

/// The cost of serving `packets`, which wait in the worker's buffer when it begins.
Cost cost_of(const std::vector<Octets>& packets, std::size_t fresh) {
  Cost* cost = shared_cost();
  SeenRing seen{{.a = 1, .b = 3}, 4};  // what telemetry costs, too
  const std::atomic<bool> is_tapped{true};
  TapRing tap{is_tapped};
  SystemRng rng;
  Snapshot<policy::Rules> rules{policy::Rules::none(rng)};
  const auto source = policy::source_named("orders-phishing");
  publish_rule(rules, source, "scam.example",
               {.exact = policy::mask_of(source), .below = policy::mask_of(source)});
  const std::atomic<bool> ready{true};
  EndingClock clock;
  const NotifyHandler no_notify;
  auto upstream_socket = net::UdpSocket::bind({.address = test_loopback(),
                                               .receive_buffer_size = udp_receive_buffer_size})
                             .value();
  auto worker = UdpWorker::open(
      {.listen = {test_loopback()},
       .upstreams = {upstream_socket.local_address()},
       .engine = {.routes = {{.zone = {0}, .upstreams = {0}}},
                  .cache_size = cache_size_min,
                  .seen = &seen,
                  .tap = &tap,
                  .counting = {.policies = true, .rules = true}}},
      {.rules = rules, .ready = ready, .clock = clock, .rng = rng, .notify = no_notify});
  KHIEN_ASSERT(worker.has_value());
  TestClient client{(*worker)->local_addresses().front()};
  client.send(packet_of({.name = "cached.example"}));  // the first run: ports open, cache fills

  std::array<int, 2> begin{};
  std::array<int, 2> warm{};
  KHIEN_ASSERT(::pipe(begin.data()) == 0 && ::pipe(warm.data()) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Counters& counters = (*worker)->counters();
    (*worker)->run(clock.end_after(counters, 1, 1));
    const auto stop = clock.end_after(counters, 1 + packets.size(), 1 + fresh);
    char word = 0;
    (void)!::write(warm[1], &word, 1);
    (void)!::read(begin[0], &word, 1);
    allow_batches_only(*cost);
    const std::size_t allocations = allocation_count;
    const std::size_t locks = lock_count;
    receive_count = send_count = wait_count = 0;
    (*worker)->run(stop);
    cost->allocations = allocation_count - allocations;
    cost->locks = lock_count - locks;
    cost->receives = receive_count;
    cost->sends = send_count;
    cost->waits = wait_count;
    cost->cache_hits = counters.value(Count::cache_hits);
    cost->upstream_answers = counters.value(Count::upstream_answers);
    cost->observed = seen.drain([](const SeenRing::Observation&) {});
    tap.drain([&](const TapRecord&) { ++cost->tapped; });
    ::syscall(SYS_exit_group, 0);
  }
  const TestUpstream upstream{std::move(upstream_socket)};
  char word = 0;
  KHIEN_ASSERT(::read(warm[0], &word, 1) == 1);
  for (const Octets& packet : packets) client.send(packet);
  KHIEN_ASSERT(::write(begin[1], &word, 1) == 1);
  int status = 0;
  KHIEN_ASSERT(::waitpid(child, &status, 0) == child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  for (const int fd : {begin[0], begin[1], warm[0], warm[1]}) ::close(fd);
  return *cost;
}

void expect_nothing_else(const Cost& cost) {
  EXPECT_EQ(cost.allocations, 0U);
  EXPECT_EQ(cost.locks, 0U);
  // One at the end: a worker that is told to stop takes its socket off epoll before it drains.
  EXPECT_EQ(cost.other_calls, 1U);
  EXPECT_EQ(cost.last_other_call, SYS_epoll_ctl);
}

// One call takes a batch and one sends its answers; the last one waits in vain and sees the end.
TEST(QueryPath, BlockedNamesCostTwoSystemCallsABatch) {
  const Cost cost = cost_of(traffic(20, 0), 0);
  expect_nothing_else(cost);
  EXPECT_EQ(cost.receives, batches + 1);
  EXPECT_EQ(cost.sends, batches);
  EXPECT_EQ(cost.waits, 0U);
}

TEST(QueryPath, CachedNamesCostTwoSystemCallsABatch) {
  const Cost cost = cost_of(traffic(0, 0), 0);
  expect_nothing_else(cost);
  EXPECT_EQ(cost.cache_hits, count);
  EXPECT_GT(cost.observed, 32U);
  EXPECT_EQ(cost.tapped, 2 * count + 4);
  EXPECT_EQ(cost.receives, batches + 1);
  EXPECT_EQ(cost.sends, batches);
  EXPECT_EQ(cost.waits, 0U);
}

// 5 % blocked, 85 % cached, 10 % that the upstream is asked for. How its answers fall into batches
// is the scheduler's choice; at worst each comes alone.
TEST(QueryPath, MixedTrafficCostsBatchesOnly) {
  constexpr std::size_t fresh = count / 10;
  const Cost cost = cost_of(traffic(1, 2), fresh);
  expect_nothing_else(cost);
  EXPECT_EQ(cost.upstream_answers, 1 + fresh);
  EXPECT_GE(cost.sends, 2 * batches);  // answers, and questions upstream
  EXPECT_LE(cost.calls(), 4 * batches + 3 * fresh + 8);
  RecordProperty("system_calls_a_batch", std::to_string(cost.calls() / batches));
}

// Questions upstream need random ids, ports and letter case: those cost no system call either.
TEST(QueryPath, NewNamesCostBatchesOnly) {
  const Cost cost = cost_of(traffic(0, 20), count);
  expect_nothing_else(cost);
  EXPECT_GE(cost.upstream_answers, 1 + count);
  EXPECT_EQ(cost.observed, 1 + count);
  EXPECT_EQ(cost.tapped, 4 * (1 + count));
}

// The instruments themselves: what they are to see, they see.
TEST(QueryPath, TheCountersCount) {
  const std::size_t locks = lock_count;
  std::mutex mutex;
  std::shared_mutex shared;
  {
    const std::scoped_lock lock{mutex};
  }
  {
    const std::shared_lock lock{shared};
  }
  {
    const std::scoped_lock lock{shared};
  }
  EXPECT_EQ(lock_count - locks, 3U);

  Cost* cost = shared_cost();
  const pid_t child = ::fork();
  if (child == 0) {
    allow_batches_only(*cost);
    ::syscall(SYS_getppid);
    ::syscall(SYS_exit_group, 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(cost->other_calls, 1U);
  EXPECT_EQ(cost->last_other_call, SYS_getppid);
}

}  // namespace
}  // namespace khien::resolver

#endif
