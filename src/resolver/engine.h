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
#include "crypto/random_stream.h"
#include "policy/network_policy.h"
#include "resolver/answer.h"
#include "resolver/counters.h"
#include "resolver/in_flight.h"
#include "resolver/packet_cache.h"
#include "resolver/seen_ring.h"
#include "resolver/tap_ring.h"
#include "resolver/upstream.h"
#include "resolver/upstream_answer.h"
#include "resolver/upstream_health.h"

namespace khien::resolver {

/// A question is given up after four seconds, below the five after which stubs repeat.
constexpr std::int64_t question_budget_ms = 4'000;
/// How long we wait when nobody else can be asked, by how often all were asked.
constexpr std::array<std::int64_t, 3> retry_wait_ms{1'000, 1'500, 1'500};
/// With another healthy upstream the wait is at most this, so that a dead one costs less than
/// 100 ms; as long as the budget for it lasts: one question in eight, and a reserve.
constexpr std::int64_t hedge_wait_max_ms = 80;
constexpr int hedge_credit_part = 8;
constexpr int hedge_credit_max = 64 * hedge_credit_part;
constexpr std::int64_t failed_wait_ms = 500;    // for others, once one upstream said SERVFAIL
constexpr std::int64_t linger_ms = 1'000;       // how long an answered question still listens
constexpr int mismatches_max = 8;               // nearly right answers until UDP is not believed
constexpr std::uint32_t truncated_ttl_s = 30;   // "ask over TCP" is kept for so long
constexpr std::int64_t stale_after_ms = 1'800;  // RFC 8767 section 5, client response timer
constexpr std::int64_t stale_retry_after_ms = 30'000;  // the same, failure recheck timer
/// How long a failure is kept, by how often it came in a row (RFC 9520 section 3.2: at least one
/// second, growing, at most five minutes): short, so that what works again is soon seen.
constexpr std::array<std::uint32_t, 4> failure_ttl_s{1, 2, 4, 5};
constexpr std::int64_t failure_memory_ms = 10'000;  // after which a failure is the first again
constexpr std::size_t refreshes_max = 512;  // no answer is asked for ahead above so many questions
constexpr std::size_t padding_block_size = 128;  // RFC 8467 section 4.1
constexpr std::size_t upstream_query_size_max =
    dns::header_size + dns::name_size_max + 4 + 11 + 4 + padding_block_size;

/// Names below `zone` (folded wire form; the root for all) go to these upstreams, by number.
struct Route {
  Octets zone;
  std::vector<std::uint16_t> upstreams;
};

struct EngineOptions {
  policy::Policy policy = {};                             // everybody's, without `networks`
  Snapshot<policy::NetworkPolicies>* networks = nullptr;  // borrowed
  BlockAnswer block = {};
  std::vector<Route> routes = {};                // one for the root at least
  std::vector<UpstreamProtocol> protocols = {};  // by upstream; those that are missing: UDP
  std::size_t cache_size = 32U << 20;
  std::uint32_t cache_ttl_min_s = 0;  // for answers with any TTL at all
  std::uint32_t cache_ttl_max_s = positive_ttl_max_s;
  bool tcp_upstream = false;  // ask again over TCP what came truncated
  bool refuse_without_rules = true;
  Snapshot<Cookies>* cookies = nullptr;  // borrowed; nullptr for none
  /// Who is answered: prefixes with any value. Without: everybody.
  std::optional<policy::PrefixTable> clients = {};
  bool drop_refused_clients = false;  // over UDP others get nothing instead of REFUSED
  SeenRing* seen = nullptr;           // borrowed; of this engine alone; nullptr: nobody looks
  TapRing* tap = nullptr;             // the same, for dnstap
  CounterOptions counting = {};       // of whoever makes the engine's counters
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
  /// A query that came by a stream gets no answer: policy drops it. Over UDP nobody needs to know.
  virtual void drop(const ClientRef& /*client*/) {}
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
  bool may_be_cached = false;  // see look_ahead()
};

class Engine {
 public:
  /// `rules`, `ready`, `random`, `sink` and `counters` are borrowed. `ready` turns true once rules
  /// are loaded.
  Engine(EngineOptions options, Snapshot<policy::Rules>& rules, const std::atomic<bool>& ready,
         Rng& random, EngineSink& sink, Counters& counters);

  /// Once a batch: takes new rules, policies and cookie secrets, if there are any, and the time
  /// (steady clock).
  void begin_batch(std::int64_t now_ms) noexcept;
  /// Lets go of the rules until the next begin_batch(): before waiting, or old rules that a swap
  /// has replaced stay in memory for as long. Nothing else may be called in between.
  void end_batch() noexcept {
    rules_.rest();
    networks_.rest();
    if (cookies_) cookies_->rest();
  }
  /// A batch that ends with its scope. They do not nest.
  class Batch {
   public:
    Batch(Engine& engine, std::int64_t now_ms) noexcept : engine_(engine) {
      engine.begin_batch(now_ms);
    }
    ~Batch() { engine_.end_batch(); }
    Batch(const Batch&) = delete;
    Batch& operator=(const Batch&) = delete;

   private:
    Engine& engine_;
  };
  /// In three steps, so that a batch loads its memory in parallel: the rules' tables; what these
  /// lead to, and the cache for names without a rule; then handle().
  void prepare(Bytes message, Transport transport, Prepared& out) noexcept;
  void look_ahead(std::span<Prepared> batch) const noexcept;
  /// The size of the answer in `out` (of dns::message_size_max for TCP, udp_answer_size_max for
  /// UDP), or 0: later through the sink, or never.
  std::size_t handle(const Prepared& prepared, Transport transport, const ClientRef& client,
                     std::span<std::uint8_t> out) noexcept {
    if (options_.tap != nullptr) [[unlikely]]
      return handle_tapped(prepared, transport, client, out);
    return answer(prepared, transport, client, out);
  }

  /// A packet from an upstream, come in by `port`; it is changed in place.
  void upstream_answered(std::uint16_t port, bool over_tcp,
                         std::span<std::uint8_t> message) noexcept;
  /// What went out by `port` did not arrive, so the kernel says.
  void upstream_failed(std::uint16_t port, bool over_tcp,
                       UpstreamFailure failure = UpstreamFailure::refused) noexcept;
  /// Asks the next upstream, or gives up, where one took too long. Call it when wait_ms() are over;
  /// more often costs next to nothing.
  void tick() noexcept;
  /// How long until tick() has something to do; `otherwise_ms` if that is sooner.
  [[nodiscard]] std::int64_t wait_ms(std::int64_t otherwise_ms) const noexcept;

  /// Whether a policy belongs to this entry point now.
  [[nodiscard]] bool knows(policy::EntryPoint point) const noexcept {
    return networks_.value()->knows(point);
  }
  /// Questions that still listen for an answer.
  [[nodiscard]] std::size_t in_flight() const noexcept {
    return in_flight_.size() + in_flight_.lingering();
  }
  [[nodiscard]] const UpstreamHealth& upstreams() const noexcept { return health_; }
  [[nodiscard]] std::size_t cached() const noexcept { return cache_.count(); }

 private:
  struct Relay {
    Bytes message;
    Bytes extended = {};                        // the upstream's EDE
    Bytes alias = {};                           // whose answer it is, if not the question's
    const PacketCache::Entry* entry = nullptr;  // where the TTLs stand, if they must move
    bool stale = false;
    bool failed = false;  // a failure out of the cache
  };

  std::size_t answer(const Prepared& prepared, Transport transport, const ClientRef& client,
                     std::span<std::uint8_t> out) noexcept;
  std::size_t handle_tapped(const Prepared& prepared, Transport transport, const ClientRef& client,
                            std::span<std::uint8_t> out) noexcept;
  void answer_late(const ClientRef& client, Transport transport, Bytes message) noexcept;
  void tap(TapKind kind, Transport transport, Bytes message) noexcept {
    if (options_.tap == nullptr || !options_.tap->is_on()) return;
    options_.tap->push({.kind = kind, .transport = transport, .message = message});
  }
  [[nodiscard]] Transport transport_to(std::uint16_t upstream, bool over_tcp) const noexcept {
    if (protocol(upstream) == UpstreamProtocol::tls) return Transport::dot;
    return over_tcp ? Transport::tcp : Transport::udp;
  }
  std::size_t followed_soa(const Prepared& prepared, const AnswerHead& head,
                           std::span<std::uint8_t> out) noexcept;
  [[nodiscard]] bool is_client(const ClientRef& client) const noexcept {
    return !options_.clients || options_.clients->find(client.source) != policy::PrefixTable::none;
  }
  std::size_t refuse_client(const AnswerHead& head, Transport transport,
                            std::span<std::uint8_t> out) noexcept;
  std::size_t refuse(const Prepared& prepared, const AnswerHead& head,
                     std::span<std::uint8_t> out) noexcept;
  // What the policy of one client says of one answer, qname and targets.
  struct Judgement {
    policy::Verdict verdict = {};
    bool is_qname = true;
    Bytes name = {};                       // that was blocked; borrowed from whoever was judged
    const policy::NameKey* key = nullptr;  // of `name`, where a name was matched; borrowed likewise
    std::uint16_t target_at = 0;
  };
  static constexpr std::uint16_t no_target = 0xFFFF;  // an address or name server matched

  // Who asks, and how.
  struct Asker {
    const AnswerHead& head;
    const policy::NetworkPolicy& network;
    Transport transport;
    const ClientRef& client;
  };
  // An upstream's answer, as far as policy looks into it.
  struct Inside {
    Bytes message = {};
    Bytes targets = {};
    Bytes qname = {};  // folded
  };
  // How a question came to wait for the answer to another: a third party's CNAME.
  struct Way {
    policy::Source source = {};
    std::uint8_t ttl_s = 0;  // of the CNAME
  };

  [[nodiscard]] const policy::NetworkPolicy& network_of(const ClientRef& client) const noexcept {
    return networks_.value()->of(client.source, client.entry);
  }
  /// What no rule may touch (is_key_type) passes.
  [[nodiscard]] policy::Decision decide(const policy::NetworkPolicy& network,
                                        const policy::NameKey& name,
                                        std::uint16_t qtype) const noexcept {
    policy::Decision decision = decide(network, name);
    if (decision.verdict.acts() && is_key_type(qtype)) {
      decision.verdict = {.action = policy::Action::passthru};
    }
    return decision;
  }
  [[nodiscard]] policy::Decision decide(const policy::NetworkPolicy& network,
                                        const policy::NameKey& name) const noexcept {
    return networks_.value()->decide(network, *rules_.value(), name);
  }
  /// The same with what third parties want of this client.
  [[nodiscard]] policy::Decision decide(const policy::NetworkPolicy& network,
                                        const policy::NameKey& name, std::uint16_t qtype,
                                        const ClientRef& client) noexcept {
    const policy::Decision decision = decide(network, name, qtype);
    if (rules_.value()->rare == nullptr || is_key_type(qtype)) return decision;
    return with_third_parties(decision, network, client);
  }
  [[nodiscard]] Blocked reason_of(const Asker& asker, const Judgement& judgement) const noexcept {
    return {.verdict = judgement.verdict,
            .name = judgement.name,
            .is_qname = judgement.is_qname,
            .as = asker.network.blocked_as};
  }
  void count_blocked(const Asker& asker, const policy::Verdict& verdict) noexcept {
    counters_.add_blocked(verdict.source, verdict.stands_for, asker.network.row);
  }
  void count_rule(const Judgement& judgement) noexcept;
  std::size_t blocked(const Asker& asker, const Judgement& judgement,
                      std::span<std::uint8_t> out) noexcept;
  /// What a verdict that acts() does; nullopt: nothing after all, the answer is the upstream's.
  std::optional<std::size_t> act(const Asker& asker, const Judgement& judgement,
                                 std::span<std::uint8_t> out) noexcept {
    if (judgement.verdict.blocks()) return blocked(asker, judgement, out);
    return act_rarely(asker, judgement, out);
  }

  // engine_third_party.cpp
  [[nodiscard]] static Way way_of(const Waiter& waiter) noexcept {
    return {.source = {waiter.led_by}, .ttl_s = waiter.alias_ttl_s};
  }
  [[nodiscard]] policy::Decision with_third_parties(policy::Decision decision,
                                                    const policy::NetworkPolicy& network,
                                                    const ClientRef& client) const noexcept;
  /// Counts what zones would do that are only counted.
  void count_disabled(const policy::NameKey& name, const ClientRef& client) noexcept;
  /// What is inside an answer, judged by the sources before `otherwise`. The name borrows `inside`,
  /// or scratch_key_ until the next look inside.
  [[nodiscard]] Judgement judge_answer(const policy::NetworkPolicy& network, bool excepted,
                                       const Inside& inside,
                                       const policy::Verdict& otherwise) noexcept;
  std::optional<std::size_t> act_rarely(const Asker& asker, const Judgement& judgement,
                                        std::span<std::uint8_t> out) noexcept;
  std::optional<std::size_t> lead(const Asker& asker, const Judgement& judgement,
                                  const policy::LocalRecord& alias,
                                  std::span<std::uint8_t> out) noexcept;
  std::optional<std::size_t> refused_way(const Asker& asker, const Way& way,
                                         const policy::NameKey& name,
                                         std::span<std::uint8_t> out) noexcept;
  std::size_t arrive(const Asker& asker, const Way& way, const policy::NameKey& name,
                     const Inside& inside, const PacketCache::Entry* entry,
                     std::span<std::uint8_t> out) noexcept;
  // Whose answer a client gets, and what its policy says of that name.
  struct Wanted {
    const policy::NetworkPolicy& network;
    const policy::NameKey& name;
    policy::Decision decision = {};
    bool aliased = false;  // the client asked for another name
  };
  std::size_t answer_or_ask(const Prepared& prepared, const Asker& asker, const Wanted& wanted,
                            std::span<std::uint8_t> out) noexcept;
  [[nodiscard]] Bytes safe_alias(const Prepared& prepared, const policy::NetworkPolicy& network,
                                 const policy::Decision& decision) const noexcept;
  std::size_t from_cache(const Asker& asker, const Wanted& wanted, PacketCache::Entry& entry,
                         std::span<std::uint8_t> out) noexcept;
  std::optional<std::size_t> acted_on_entry(const Asker& asker, const Wanted& wanted,
                                            PacketCache::Entry& entry,
                                            std::span<std::uint8_t> out) noexcept;
  void see_hit(const Asker& asker, const Wanted& wanted, PacketCache::Entry& entry) noexcept;
  [[nodiscard]] std::uint8_t seen_rounds(const InFlight& waiting,
                                         const UpstreamAnswer& answer) const noexcept;
  std::size_t relay(const AnswerHead& head, const Relay& relay,
                    std::span<std::uint8_t> out) noexcept;
  std::size_t relay_alias(const AnswerHead& head, const Relay& relay,
                          std::span<std::uint8_t> out) noexcept;
  [[nodiscard]] std::uint32_t age_of(const PacketCache::Entry& entry) const noexcept {
    return static_cast<std::uint32_t>((now_ms_ - entry.stored_ms) / 1'000);
  }
  void add_cookie(AnswerHead& head, Bytes cookie, const ClientRef& client) noexcept;
  void no_room(const Asker& asker, Count why) noexcept;
  void wait_for_upstream(const Asker& asker, const CacheKey& key, bool aliased,
                         const Way& way) noexcept;
  /// The verdict on a name and on what its answer holds.
  [[nodiscard]] Judgement judge(const policy::NetworkPolicy& network,
                                const policy::Decision& decision, const policy::NameKey& name,
                                const Inside& inside) noexcept;
  [[nodiscard]] Judgement judge_asked(const Waiter& waiter, const policy::NetworkPolicy& network,
                                      std::uint16_t qtype, const Judgement& of_target) noexcept;
  void check_entry(const policy::NetworkPolicy& network, bool excepted,
                   PacketCache::Entry& entry) noexcept;
  [[nodiscard]] const Route& route_of(Bytes qname, std::uint16_t& number) const noexcept;

  // engine_attempts.cpp
  struct Sending {
    std::uint16_t upstream = 0;
    bool over_tcp = false;
    bool edns = true;
    bool plain_case = false;
  };
  using Waiting = InFlightTable::Waiting;
  void ask_first(InFlightTable::Number number) noexcept;
  void ask_next(InFlightTable::Number number) noexcept;
  void ask_again(InFlightTable::Number number, const Sending& sending) noexcept;
  bool send(InFlightTable::Number number, const Sending& sending) noexcept;
  [[nodiscard]] Sending how_to_ask(const InFlight& entry, std::uint16_t upstream) const noexcept;
  [[nodiscard]] std::size_t write_question(const InFlight& entry, const Attempt& attempt,
                                           std::span<std::uint8_t> out) const noexcept;
  void mix_case(InFlight& entry) noexcept;
  [[nodiscard]] bool others_are_left(const InFlight& entry) const noexcept;
  [[nodiscard]] std::int64_t wait_for(const InFlight& entry) const noexcept;
  void wake(InFlight& entry, std::int64_t due_ms) noexcept;
  void due(InFlightTable::Number number) noexcept;
  void note_overdue(InFlight& entry) noexcept;
  void attempt_failed(const Waiting& which, UpstreamFailure failure) noexcept;
  void finish(InFlightTable::Number number) noexcept;
  void linger(InFlightTable::Number number) noexcept;
  [[nodiscard]] UpstreamProtocol protocol(std::uint16_t upstream) const noexcept {
    return upstream < options_.protocols.size() ? options_.protocols[upstream]
                                                : UpstreamProtocol::udp;
  }

  // engine_replies.cpp
  void answered_late(const Waiting& which, const dns::Header& header) noexcept;
  void answered_nothing(const dns::Question& question) noexcept;
  void case_changed(const Waiting& which) noexcept;
  void truncated(const Waiting& which, std::span<std::uint8_t> message) noexcept;
  void without_edns(const Waiting& which) noexcept;
  void answered_failure(const Waiting& which) noexcept;
  void answered_well(const Waiting& which) noexcept;

  void refresh(const CacheKey& key) noexcept;
  void keep_failure(const CacheKey& key, Bytes message, Bytes extended) noexcept;
  void fail(InFlightTable::Number number) noexcept;
  bool answer_stale(InFlightTable::Number number) noexcept;
  void answer_truncated(InFlightTable::Number number) noexcept;
  void deliver(InFlightTable::Number number, const UpstreamAnswer& answer) noexcept;
  template <typename Write>
  void answer_waiters(InFlightTable::Number number, Write&& write) noexcept;

  EngineOptions options_;
  Snapshot<policy::Rules>::Reader rules_;  // never null
  bool looks_inside_;                      // third parties have rules on addresses or name servers
  Snapshot<policy::NetworkPolicies> one_network_;
  Snapshot<policy::NetworkPolicies>::Reader networks_;  // never null
  std::optional<Snapshot<Cookies>::Reader> cookies_;    // none: cookies are off
  policy::HashKey key_;
  const std::atomic<bool>& ready_;
  crypto::RandomStream random_;
  EngineSink& sink_;
  Counters& counters_;
  PacketCache cache_;
  InFlightTable in_flight_;
  UpstreamHealth health_;
  int hedge_credit_ = hedge_credit_max;  // in parts of a question
  std::int64_t next_due_ms_ = 0;         // nothing is due before
  std::int64_t now_ms_ = 0;
  std::uint32_t generation_ = 1;  // counts rules and policies seen; 0 means "never checked"
  UpstreamAnswer upstream_answer_;
  policy::NameKey scratch_key_;
  policy::NameKey alias_key_;
  Cookies::Reply cookie_;                    // of the query in hand
  std::unique_ptr<std::uint8_t[]> scratch_;  // late answers are written here
};

}  // namespace khien::resolver
