// What one worker counts. Each number has one writer, its worker; anybody may read at any time. The
// numbers are sums over everybody: no name, no client and no time of a query is kept anywhere.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "policy/third_party.h"

namespace khien::resolver {

enum class Count : std::uint8_t {
  queries_udp,
  queries_tcp,
  passed,        // a rule of the pass zone, or another PASSTHRU, matched
  led,           // answered with local data
  tcp_only,      // a rule wants TCP: truncated
  disabled,      // a third party's zone that is only counted matched
  cache_hits,    // answered from the cache
  cache_stale,   // answered from the cache past its time, with EDE 3
  cache_misses,  // asked upstream, or joined a query under way
  joined,        // of those, joined
  refreshes,     // asked upstream ahead of a cached answer's end
  upstream_queries,
  upstream_answers,
  upstream_tcp,  // asked again over TCP
  upstream_timeouts,
  upstream_refused,   // port unreachable and the like
  upstream_mismatch,  // an answer to nothing we asked: wrong id, port, name or case
  upstream_malformed,
  upstream_case,        // right but for the letter case: asked again over TCP
  upstream_distrusted,  // so many mismatches that only TCP was believed
  upstream_hedged,      // asked a second upstream because the first one was late
  upstream_explored,    // a copy to one of which too little was known
  upstream_plain_edns,  // asked again without EDNS
  answered_servfail,
  answered_formerr,
  answered_notimp,
  answered_refused,
  answered_badvers,
  answered_truncated,
  safe_search,      // answered with the name that a search engine publishes for it
  answered_any,     // with one record of our own, RFC 8482
  cookies_known,    // queries with a cookie that proves their address
  cookies_unknown,  // with a cookie to begin with, an old or a foreign one
  clients_refused,  // whoever is not among the networks that are served
  not_ready,        // refused because no rules were loaded yet
  notifies,
  dropped_policy,     // a rule says DROP
  dropped_malformed,  // shorter than a header, or a response
  dropped_frame,      // taken by AF_XDP, but not whole, not right or not for us
  dropped_in_flight,  // as many questions under way as there may be
  dropped_waiters,    // as many clients waiting as there may be
  dropped_refresh,    // not asked ahead: too much is under way, or it is already
  dropped_send,       // the kernel's send buffer was full
  dropped_receive,    // the kernel's receive buffer was full; it counts, see set()
  streams_tcp,        // connections admitted, by kind
  streams_dot,
  streams_doh,
  queries_dot,  // of queries_tcp
  queries_doh,
  stream_refused_total,   // as many connections as there may be
  stream_refused_prefix,  // as many of one network
  stream_refused_rate,    // too many handshakes of one network
  stream_refused_table,   // as many networks as are counted
  stream_accept_paused,   // no descriptor left
  stream_closed_idle,
  stream_closed_handshake,  // PROXY header or TLS handshake not there in time
  stream_closed_unsent,     // the client does not read
  tls_full,                 // handshakes
  tls_resumed,
  tls_failed,
  tls_no_alpn,  // DoH without h2
  proxy_accepted,
  proxy_refused,
  doh_refused,           // answered with another status than 200
  doh_fields_too_large,  // header fields of one request
  doh_idle_floods,       // connections that sent too many frames that ask for nothing
  rounds,  // of the thread's loop, also idle ones: five a second at least while it lives
  count_,
};
constexpr std::size_t count_kinds = static_cast<std::size_t>(Count::count_);

class Counters {
 public:
  void add(Count kind, std::uint64_t amount = 1) noexcept {
    bump(counts_[static_cast<std::size_t>(kind)], amount);
  }
  /// For what the kernel counts: whoever reads it there, for a page of counters, writes it here.
  void set(Count kind, std::uint64_t value) noexcept {
    counts_[static_cast<std::size_t>(kind)].store(value, std::memory_order_relaxed);
  }
  void add_blocked(policy::Source source) noexcept { bump(blocked_[source.index], 1); }

  [[nodiscard]] std::uint64_t value(Count kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t blocked(policy::Source source) const noexcept {
    return blocked_[source.index].load(std::memory_order_relaxed);
  }

 private:
  // One writer: a load and a store, without the bus lock of fetch_add.
  static void bump(std::atomic<std::uint64_t>& number, std::uint64_t amount) noexcept {
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::array<std::atomic<std::uint64_t>, count_kinds> counts_{};
  std::array<std::atomic<std::uint64_t>, policy::source_max + 1> blocked_{};
};

/// The sums of all `workers` in the Prometheus text format. `third_party`, if not null, gives third
/// parties' sources their names.
[[nodiscard]] std::string exposition(std::span<const Counters* const> workers,
                                     const policy::ThirdParty* third_party = nullptr);

}  // namespace khien::resolver
