// Questions that wait for an upstream: one entry a name, type and flags (single flight), with the
// clients that want its answer. All memory is taken at construction; at the limits a question or a
// client is refused, and the caller counts it. One worker owns one.
//
// A question may be under way to several upstreams: each attempt has an id of its own, and the
// first right answer wins. An entry that has its answer lingers a moment for those of its other
// attempts, which say how their upstreams do.
//
// Client addresses stand here only while they wait for their answer.
#pragma once

#include <array>
#include <memory>

#include "dns/name.h"
#include "policy/address_key.h"
#include "policy/entry_point.h"
#include "policy/name_key.h"
#include "resolver/client_query.h"
#include "resolver/cookies.h"
#include "resolver/packet_cache.h"

namespace khien::resolver {

constexpr std::size_t in_flight_max = 2'048;     // questions under way, a worker
constexpr std::size_t waiters_max = 8'192;       // clients that wait, a worker
constexpr std::size_t waiters_a_name_max = 512;  // clients that wait for one question

constexpr std::size_t attempts_max = 6;     // upstream queries for one question, copies too
constexpr std::size_t lingering_max = 256;  // answered entries that still listen, a worker

constexpr std::uint16_t no_port = 0xFFFF;  // nothing was sent yet

/// Whom an answer goes to, opaque to the engine, and where the question came from, by which it
/// chooses the policy.
struct ClientRef {
  std::array<std::uint8_t, 28> address{};  // a sockaddr_in or sockaddr_in6
  std::uint8_t address_size = 0;
  std::uint8_t socket = 0;
  std::uint64_t connection = 0;    // of the listener's own: TCP connection, AF_XDP neighbour
  std::uint32_t stream = 0;        // of an HTTP/2 connection
  bool keepalive = false;          // asked how long its connection lives (RFC 7828)
  policy::AddressKey source = {};  // behind a proxy: whom the proxy speaks for
  policy::EntryPoint entry = policy::no_entry_point;
};

struct Waiter {
  ClientRef client;
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  Transport transport = Transport::udp;
  bool has_edns = false;
  bool dnssec_ok = false;
  bool answered = false;         // with a stale answer already
  std::uint8_t led_by = 0;       // the third party whose CNAME led here; 0: none did
  std::uint8_t alias_ttl_s = 0;  // of that CNAME
  bool aliased = false;          // asked for a name that policy turned into the one under way
  bool wants_structured = false;
  bool wants_padding = false;
  std::uint8_t cookie_octets = 0;
  std::uint16_t answer_size_max = 0;
  std::uint16_t question_size = 0;
  std::uint16_t next = 0;                                     // index plus 1
  std::array<std::uint8_t, cookie_size> cookie;               // to send back
  std::array<std::uint8_t, dns::name_size_max + 4> question;  // as the client wrote it
};

/// One query to one upstream.
struct Attempt {
  std::int64_t sent_ms = 0;
  std::uint16_t id = 0;
  std::uint16_t upstream = 0;
  std::uint16_t port = no_port;  // which of our sockets or connections
  bool waiting = false;          // an answer to it is believed
  bool over_tcp = false;
  bool edns = false;
  bool plain_case = false;  // asked without 0x20
  bool overdue = false;     // its upstream's health knows already
  bool failed = false;      // it was answered, but by nothing of use
};

struct InFlight {
  std::uint64_t hash = 0;  // keyed hash of the name
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;  // once it is finished
  std::int64_t due_ms = 0;       // when something must be done: ask the next one, or give up
  std::uint32_t tried = 0;       // bits of the route's upstreams that were asked
  std::uint16_t qtype = 0;
  std::uint16_t route = 0;
  std::uint16_t waiter_count = 0;
  std::uint16_t first_waiter = 0;  // index plus 1
  std::uint16_t next_in_bucket = 0;
  std::uint16_t previous_active = 0;
  std::uint16_t next_active = 0;
  std::uint8_t name_size = 0;
  std::uint8_t attempt_count = 0;
  std::uint8_t error_count = 0;     // attempts that the network refused
  std::uint8_t round = 0;           // how often all upstreams were tried
  std::uint8_t mismatch_count = 0;  // answers that were nearly right
  std::uint8_t failed_rcode = 0;    // of the last answer that was a failure
  bool dnssec_ok = false;
  bool checking_disabled = false;
  bool network_error = false;  // the last attempt failed at once
  bool case_changed = false;   // an answer had other letter case than we sent
  bool tcp_only = false;       // somebody sends forged answers: UDP is not believed any more
  bool tcp_failed = false;
  bool stale_looked_for = false;
  bool finished = false;  // answered; lingers
  std::array<Attempt, attempts_max> attempts;
  std::array<std::uint8_t, dns::name_size_max> name;   // folded
  std::array<std::uint8_t, dns::name_size_max> asked;  // in the letter case that we sent

  [[nodiscard]] Bytes qname() const noexcept { return {name.data(), name_size}; }
  [[nodiscard]] CacheKey key() const noexcept {
    return {.qname = qname(),
            .hash = hash,
            .qtype = qtype,
            .dnssec_ok = dnssec_ok,
            .checking_disabled = checking_disabled};
  }
  [[nodiscard]] bool waits() const noexcept {
    for (std::size_t i = 0; i < attempt_count; ++i) {
      if (attempts[i].waiting) return true;
    }
    return false;
  }
};

class InFlightTable {
 public:
  InFlightTable();

  /// Number of an entry; 0 is none.
  using Number = std::uint16_t;

  [[nodiscard]] InFlight& at(Number number) noexcept { return entries_[number - 1U]; }
  [[nodiscard]] Number find(const CacheKey& key) noexcept;
  /// A new entry for `key` without id; 0 if there is no room.
  [[nodiscard]] Number add(const CacheKey& key) noexcept;
  /// Gives the attempt an id that nobody else has, near `wish`, and lets it wait.
  void begin_attempt(Number number, std::size_t slot, std::uint16_t wish) noexcept;
  /// Its id is free again: no answer to it is believed.
  void end_attempt(Number number, std::size_t slot) noexcept;
  /// The attempt that waits for an answer with this id; the number is 0 if none does.
  struct Waiting {
    Number number = 0;
    std::uint16_t slot = 0;
  };
  [[nodiscard]] Waiting by_id(std::uint16_t id) const noexcept {
    return {.number = static_cast<Number>(by_id_[id] / slot_count),
            .slot = static_cast<std::uint16_t>(by_id_[id] % slot_count)};
  }
  /// A new waiter of the entry; nullptr at a limit.
  [[nodiscard]] Waiter* add_waiter(Number number) noexcept;
  /// The entry has its answer: its waiters go, and so does it unless attempts still wait and there
  /// is room for it to linger. Whether it lingers.
  bool finish(Number number) noexcept;
  /// Forgets the entry and its waiters.
  void remove(Number number) noexcept;

  template <typename Visit>
  void for_each_waiter(Number number, Visit&& visit) {
    for (std::uint16_t i = at(number).first_waiter; i != 0; i = waiters_[i - 1U].next) {
      visit(waiters_[i - 1U]);
    }
  }
  /// Visits every entry; `visit` may remove the one it is given.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (Number number = first_active_; number != 0;) {
      const Number next = at(number).next_active;
      visit(number);
      number = next;
    }
  }
  /// Questions that are not answered yet.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t lingering() const noexcept { return lingering_; }

 private:
  static constexpr std::size_t bucket_count = 4'096;
  static constexpr std::size_t slot_count = 8;  // of by_id_: number times this, plus the attempt
  static_assert(attempts_max <= slot_count);
  static_assert((in_flight_max + lingering_max + 1) * slot_count <= 65'536);
  void leave_bucket(Number number) noexcept;
  void free_waiters(InFlight& entry) noexcept;
  [[nodiscard]] std::uint16_t& bucket_of(const CacheKey& key) noexcept;

  std::unique_ptr<InFlight[]> entries_;
  std::unique_ptr<Waiter[]> waiters_;
  std::unique_ptr<std::uint16_t[]> by_id_;
  std::array<std::uint16_t, bucket_count> buckets_{};
  std::uint16_t first_active_ = 0;
  std::uint16_t free_entry_ = 0;   // list through next_in_bucket
  std::uint16_t free_waiter_ = 0;  // list through next
  std::size_t size_ = 0;
  std::size_t lingering_ = 0;
};

}  // namespace khien::resolver
