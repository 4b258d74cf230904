// What one worker counts. Each number has one writer, its worker; anybody may read at any time. The
// numbers are sums: over everybody, by policy of the policy document, and by rule, which only
// khiend is told (RuleTally). No client and no time of a query is kept anywhere.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/page_buffer.h"
#include "policy/name_key.h"
#include "policy/third_party.h"
#include "resolver/policy_rows.h"
#include "resolver/rule_tally.h"

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

/// What is counted beside the sums over everybody.
struct CounterOptions {
  bool policies = false;  ///< by policy: there is a document
  bool rules = false;     ///< by rule: somebody is told
};

/// A policy's blocked queries are shown in steps of so many: no single question of a small network
/// can be seen in them.
constexpr std::uint64_t policy_blocked_step = 10;

class Counters {
 public:
  explicit Counters(CounterOptions options = {});
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  void add(Count kind, std::uint64_t amount = 1) noexcept {
    bump(counts_[static_cast<std::size_t>(kind)], amount);
  }
  /// For what the kernel counts: whoever reads it there, for a page of counters, writes it here.
  void set(Count kind, std::uint64_t value) noexcept {
    counts_[static_cast<std::size_t>(kind)].store(value, std::memory_order_relaxed);
  }
  /// A query of a client whose policy is counted in `row` (NetworkPolicy::row).
  void add_query(std::uint32_t row) noexcept { bump(cell(row, column_queries), 1); }
  /// A query that was answered otherwise than upstream says: by which source, which of khiend's has
  /// its category, and the client's row.
  void add_blocked(policy::Source source, policy::Source stands_for, std::uint32_t row) noexcept {
    bump(blocked_[source.index], 1);
    bump(cell(row, columns_.data()[stands_for.index]), 1);  // at most source_max
  }
  /// The rule that decided it, of a source of khiend's: the one at suffix `index` of `name`.
  void add_rule(policy::Source source, const policy::NameKey& name, std::size_t index) noexcept {
    if (rules_ != nullptr) rules_->add(source, name.hash(index), name.suffix(index));
  }
  /// Once a batch.
  void begin_batch() noexcept {
    if (rules_ != nullptr) rules_->hand_over_if_asked();
  }
  /// For the thread that tells them; null: rules are not counted.
  [[nodiscard]] RuleTally* rules() const noexcept { return rules_.get(); }

  [[nodiscard]] std::uint64_t value(Count kind) const noexcept {
    return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t blocked(policy::Source source) const noexcept {
    return blocked_[source.index].load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t policy_queries(std::uint32_t row) const noexcept {
    return cell(row, column_queries).load(std::memory_order_relaxed);
  }
  /// `stands_for` is a source of khiend's, or the networks' own.
  [[nodiscard]] std::uint64_t policy_blocked(std::uint32_t row,
                                             policy::Source stands_for) const noexcept {
    return cell(row, columns_[stands_for.index]).load(std::memory_order_relaxed);
  }

 private:
  // A row: two cache lines, the first number and those of most categories in the first one.
  static constexpr std::size_t column_queries = 0;
  static constexpr std::size_t column_emergency = 14;  // behind the 13 categories
  static constexpr std::size_t column_own = 15;
  static constexpr std::size_t columns = 16;
  static_assert(category_count < column_emergency);

  // One writer: a load and a store, without the bus lock of fetch_add.
  static void bump(std::atomic<std::uint64_t>& number, std::uint64_t amount) noexcept {
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  static void bump(std::atomic_ref<std::uint64_t> number, std::uint64_t amount) noexcept {
    number.store(number.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  [[nodiscard]] std::atomic_ref<std::uint64_t> cell(std::uint32_t row,
                                                    std::size_t column) const noexcept {
    return std::atomic_ref{rows_[row * columns + column]};
  }
  std::array<std::atomic<std::uint64_t>, count_kinds> counts_{};
  std::array<std::atomic<std::uint64_t>, policy::source_max + 1> blocked_{};
  std::array<std::uint8_t, policy::source_max + 1> columns_{};  // by the source that it stands for
  alignas(64) std::array<std::uint64_t, columns> nobodys_row_{};
  PageBuffer pages_;  // of all rows; empty without policies
  std::uint64_t* rows_ = nobodys_row_.data();
  std::unique_ptr<RuleTally> rules_;
};

/// What gives the numbers their names.
struct CounterNames {
  const policy::ThirdParty* third_party = nullptr;  ///< null: none
  std::span<const PolicyRow> policies = {};         ///< empty: there is no document
};

/// The sums of all `workers` in the Prometheus text format.
[[nodiscard]] std::string exposition(std::span<const Counters* const> workers,
                                     const CounterNames& names = {});

}  // namespace khien::resolver
