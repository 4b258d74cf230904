// One worker's decisions, without sockets, clock or thread: a packet goes in, an answer comes out,
// now or later; what must be asked upstream goes to the sink. Tests drive it with virtual time.
//
//   read → rules → blocked: answer | cache: answer | under way: wait | ask upstream
//   upstream's answer → checked → cached → rules again (also for the names inside) → everybody
//   waiting
//
// Nothing here allocates after construction, locks or logs.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "base/snapshot.h"
#include "policy/network_policy.h"
#include "resolver/answer.h"
#include "resolver/counters.h"
#include "resolver/in_flight.h"
#include "resolver/packet_cache.h"
#include "resolver/random_pool.h"
#include "resolver/upstream_answer.h"

namespace khien::resolver {

constexpr int attempts_max = 3;  // upstream queries for one question
/// How long each attempt waits: four seconds in all, below the five after which stubs repeat.
constexpr std::array<std::int64_t, attempts_max> attempt_timeout_ms{1'000, 1'500, 1'500};
constexpr std::int64_t stale_after_ms = 1'800;         // RFC 8767 section 5, client response timer
constexpr std::int64_t stale_retry_after_ms = 30'000;  // the same, failure recheck timer
constexpr std::size_t upstream_query_size_max = dns::header_size + dns::name_size_max + 4 + 11;

/// Names below `zone` (folded wire form; the root for all) go to these upstreams, by number.
struct Route {
  Octets zone;
  std::vector<std::uint16_t> upstreams;
};

struct EngineOptions {
  policy::Policy policy = {};                             // everybody's, without `networks`
  Snapshot<policy::NetworkPolicies>* networks = nullptr;  // borrowed
  BlockAnswer block = {};
  std::vector<Route> routes = {};  // one for the root at least
  std::size_t cache_size = 32U << 20;
  bool tcp_upstream = false;  // ask again over TCP what came truncated
  bool refuse_without_rules = true;
};

struct Ask {
  InFlightTable::Number number = 0;
  std::uint16_t upstream = 0;
  bool over_tcp = false;
};

/// What an engine needs of the world.
class EngineSink {
 public:
  virtual ~EngineSink() = default;
  /// Sends a late answer.
  virtual void answer(const ClientRef& client, Bytes message) = 0;
  /// Sends a query; the port it goes out by, or nullopt if it cannot be sent.
  virtual std::optional<std::uint16_t> ask(const Ask& ask, Bytes query) = 0;
  /// A NOTIFY came in; writes the answer to `out` and returns its size, 0 for none.
  virtual std::size_t notify(Bytes message, const ClientRef& client,
                             std::span<std::uint8_t> out) = 0;
};

/// A client's packet, read, with the table lines that it will need on their way to the cache.
struct Prepared {
  Bytes message = {};  // borrowed until handle()
  ClientQuery query = {};
  policy::NameKey key = {};
};

class Engine {
 public:
  /// `rules`, `ready`, `random`, `sink` and `counters` are borrowed. `ready` turns true once rules
  /// are loaded.
  Engine(EngineOptions options, Snapshot<policy::Rules>& rules, const std::atomic<bool>& ready,
         Rng& random, EngineSink& sink, Counters& counters);

  /// Once a batch: takes new rules and policies, if there are any, and the time (steady clock).
  void begin_batch(std::int64_t now_ms) noexcept;
  /// In two steps, so that a batch loads its memory in parallel.
  void prepare(Bytes message, Transport transport, Prepared& out) noexcept;
  /// The size of the answer in `out` (of dns::message_size_max for TCP, udp_answer_size_max for
  /// UDP), or 0: later through the sink, or never.
  std::size_t handle(const Prepared& prepared, Transport transport, const ClientRef& client,
                     std::span<std::uint8_t> out) noexcept;

  /// A packet from an upstream, come in by `port`; it is changed in place.
  void upstream_answered(std::uint16_t port, bool over_tcp,
                         std::span<std::uint8_t> message) noexcept;
  /// What went out by `port` did not arrive, so the kernel says.
  void upstream_failed(std::uint16_t port, bool over_tcp) noexcept;
  /// The one question behind `number`, asked over TCP, failed.
  void question_failed(InFlightTable::Number number) noexcept;
  /// Gives up what took too long. Call it at least every 100 ms while in_flight() is not 0.
  void tick() noexcept;

  [[nodiscard]] std::size_t in_flight() const noexcept { return in_flight_.size(); }
  [[nodiscard]] std::size_t cached() const noexcept { return cache_.count(); }

 private:
  struct Relay {
    Bytes message;
    Bytes extended = {};                        // the upstream's EDE
    const PacketCache::Entry* entry = nullptr;  // where the TTLs stand, if they must move
    bool stale = false;
  };

  std::size_t followed_soa(const Prepared& prepared, const AnswerHead& head,
                           std::span<std::uint8_t> out) noexcept;
  std::size_t refuse(const Prepared& prepared, const AnswerHead& head,
                     std::span<std::uint8_t> out) noexcept;
  // What the policy of one client says of one answer, qname and targets.
  struct Judgement {
    policy::Verdict verdict = {};
    bool is_qname = true;
    Bytes name = {};  // that was blocked; borrowed from whoever was judged
  };

  [[nodiscard]] const policy::NetworkPolicy& network_of(const ClientRef& client) const noexcept {
    return networks_.value()->of(client.source, client.entry);
  }
  [[nodiscard]] policy::Decision decide(const policy::NetworkPolicy& network,
                                        const policy::NameKey& name) const noexcept {
    return networks_.value()->decide(network, *rules_.value(), name);
  }
  std::size_t blocked(const AnswerHead& head, const policy::NetworkPolicy& network,
                      const Judgement& judgement, std::span<std::uint8_t> out) noexcept;
  std::size_t from_cache(const AnswerHead& head, const policy::NetworkPolicy& network,
                         const policy::Decision& decision, PacketCache::Entry& entry,
                         std::span<std::uint8_t> out) noexcept;
  std::size_t relay(const AnswerHead& head, const Relay& relay,
                    std::span<std::uint8_t> out) noexcept;
  void wait_for_upstream(const Prepared& prepared, Transport transport, const CacheKey& key,
                         const ClientRef& client) noexcept;
  /// The name borrows `name`, or scratch_key_ until the next check of targets.
  [[nodiscard]] Judgement judge(const policy::NetworkPolicy& network, const policy::NameKey& name,
                                Bytes targets) noexcept;
  void check_entry(const policy::NetworkPolicy& network, bool excepted,
                   PacketCache::Entry& entry) noexcept;
  [[nodiscard]] policy::Verdict check_targets(const policy::NetworkPolicy& network, bool excepted,
                                              Bytes targets, std::uint16_t& target_at) noexcept;
  [[nodiscard]] const Route& route_of(Bytes qname, std::uint16_t& number) const noexcept;
  bool send(InFlightTable::Number number) noexcept;
  void next_attempt(InFlightTable::Number number) noexcept;
  void fail(InFlightTable::Number number) noexcept;
  bool answer_stale(InFlightTable::Number number) noexcept;
  void deliver(InFlightTable::Number number, const UpstreamAnswer& answer) noexcept;
  template <typename Write>
  void answer_waiters(InFlightTable::Number number, Write&& write) noexcept;

  EngineOptions options_;
  Snapshot<policy::Rules>::Reader rules_;  // never null
  Snapshot<policy::NetworkPolicies> one_network_;
  Snapshot<policy::NetworkPolicies>::Reader networks_;  // never null
  policy::HashKey key_;
  const std::atomic<bool>& ready_;
  RandomPool random_;
  EngineSink& sink_;
  Counters& counters_;
  PacketCache cache_;
  InFlightTable in_flight_;
  std::int64_t now_ms_ = 0;
  std::uint32_t generation_ = 1;  // counts rules and policies seen; 0 means "never checked"
  UpstreamAnswer upstream_answer_;
  policy::NameKey scratch_key_;
  std::unique_ptr<std::uint8_t[]> scratch_;  // late answers are written here
};

}  // namespace khien::resolver
