// Questions that wait for an upstream: one entry a name, type and flags (single flight), with the
// clients that want its answer. All memory is taken at construction; at the limits a question or a
// client is refused, and the caller counts it. One worker owns one.
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
#include "resolver/packet_cache.h"

namespace khien::resolver {

constexpr std::size_t in_flight_max = 2'048;     // questions under way, a worker
constexpr std::size_t waiters_max = 8'192;       // clients that wait, a worker
constexpr std::size_t waiters_a_name_max = 512;  // clients that wait for one question

constexpr std::uint16_t no_port = 0xFFFF;  // nothing was sent yet

/// Whom an answer goes to, opaque to the engine, and where the question came from, by which it
/// chooses the policy.
struct ClientRef {
  std::array<std::uint8_t, 28> address{};  // large enough for a sockaddr_in6
  std::uint8_t address_size = 0;
  std::uint8_t socket = 0;
  std::uint64_t connection = 0;    // TCP
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
  bool answered = false;  // with a stale answer already
  std::uint16_t answer_size_max = 0;
  std::uint16_t question_size = 0;
  std::uint16_t next = 0;                                     // index plus 1
  std::array<std::uint8_t, dns::name_size_max + 4> question;  // as the client wrote it
};

struct InFlight {
  std::uint64_t hash = 0;  // keyed hash of the name
  std::int64_t started_ms = 0;
  std::int64_t due_ms = 0;  // when the attempt under way is given up
  std::uint16_t id = 0;
  std::uint16_t qtype = 0;
  std::uint16_t route = 0;
  std::uint16_t upstream = 0;
  std::uint16_t port = 0;  // which of our sockets
  std::uint16_t waiter_count = 0;
  std::uint16_t first_waiter = 0;  // index plus 1
  std::uint16_t next_in_bucket = 0;
  std::uint16_t previous_active = 0;
  std::uint16_t next_active = 0;
  std::uint8_t attempt = 0;
  std::uint8_t name_size = 0;
  bool dnssec_ok = false;
  bool checking_disabled = false;
  bool over_tcp = false;
  bool network_error = false;                          // the last attempt failed at once
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
  /// Gives the entry an id that nobody else has, near `wish`.
  void set_id(Number number, std::uint16_t wish) noexcept;
  /// The entry that waits for an answer with this id; 0 if none.
  [[nodiscard]] Number by_id(std::uint16_t id) const noexcept { return by_id_[id]; }
  /// A new waiter of the entry; nullptr at a limit.
  [[nodiscard]] Waiter* add_waiter(Number number) noexcept;
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
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t bucket_count = 4'096;
  [[nodiscard]] std::uint16_t& bucket_of(const CacheKey& key) noexcept;

  std::unique_ptr<InFlight[]> entries_;
  std::unique_ptr<Waiter[]> waiters_;
  std::unique_ptr<std::uint16_t[]> by_id_;
  std::array<std::uint16_t, bucket_count> buckets_{};
  std::uint16_t first_active_ = 0;
  std::uint16_t free_entry_ = 0;   // list through next_in_bucket
  std::uint16_t free_waiter_ = 0;  // list through next
  std::size_t size_ = 0;
};

}  // namespace khien::resolver
