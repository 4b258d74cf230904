#include "resolver/counters.h"

#include <fmt/format.h>

namespace khien::resolver {
namespace {

struct Named {
  Count kind;
  std::string_view name;  // behind "khien_dnsd_", with its labels
};

constexpr std::array<Named, count_kinds> names{{
    {Count::queries_udp, "queries_total{transport=\"udp\"}"},
    {Count::queries_tcp, "queries_total{transport=\"tcp\"}"},
    {Count::passed, "passed_total"},
    {Count::led, "local_data_total"},
    {Count::tcp_only, "tcp_only_total"},
    {Count::disabled, "disabled_matches_total"},
    {Count::cache_hits, "cache_total{result=\"hit\"}"},
    {Count::cache_stale, "cache_total{result=\"stale\"}"},
    {Count::cache_misses, "cache_total{result=\"miss\"}"},
    {Count::joined, "joined_total"},
    {Count::refreshes, "refreshes_total"},
    {Count::upstream_queries, "upstream_queries_total"},
    {Count::upstream_answers, "upstream_answers_total"},
    {Count::upstream_tcp, "upstream_tcp_total"},
    {Count::upstream_timeouts, "upstream_failures_total{why=\"timeout\"}"},
    {Count::upstream_refused, "upstream_failures_total{why=\"refused\"}"},
    {Count::upstream_mismatch, "upstream_failures_total{why=\"mismatch\"}"},
    {Count::upstream_malformed, "upstream_failures_total{why=\"malformed\"}"},
    {Count::upstream_case, "upstream_case_total"},
    {Count::upstream_distrusted, "upstream_distrusted_total"},
    {Count::upstream_hedged, "upstream_hedged_total"},
    {Count::upstream_explored, "upstream_explored_total"},
    {Count::upstream_plain_edns, "upstream_plain_edns_total"},
    {Count::answered_servfail, "errors_total{rcode=\"SERVFAIL\"}"},
    {Count::answered_formerr, "errors_total{rcode=\"FORMERR\"}"},
    {Count::answered_notimp, "errors_total{rcode=\"NOTIMP\"}"},
    {Count::answered_refused, "errors_total{rcode=\"REFUSED\"}"},
    {Count::answered_badvers, "errors_total{rcode=\"BADVERS\"}"},
    {Count::answered_truncated, "truncated_total"},
    {Count::safe_search, "safe_search_total"},
    {Count::answered_any, "minimal_any_total"},
    {Count::cookies_known, "cookies_total{result=\"known\"}"},
    {Count::cookies_unknown, "cookies_total{result=\"unknown\"}"},
    {Count::clients_refused, "clients_refused_total"},
    {Count::not_ready, "not_ready_total"},
    {Count::notifies, "notifies_total"},
    {Count::dropped_policy, "dropped_total{why=\"policy\"}"},
    {Count::dropped_malformed, "dropped_total{why=\"malformed\"}"},
    {Count::dropped_frame, "dropped_total{why=\"frame\"}"},
    {Count::dropped_in_flight, "dropped_total{why=\"in_flight\"}"},
    {Count::dropped_waiters, "dropped_total{why=\"waiters\"}"},
    {Count::dropped_refresh, "dropped_total{why=\"refresh\"}"},
    {Count::dropped_send, "dropped_total{why=\"send\"}"},
    {Count::dropped_receive, "dropped_total{why=\"receive_buffer\"}"},
    {Count::streams_tcp, "streams_total{transport=\"tcp\"}"},
    {Count::streams_dot, "streams_total{transport=\"dot\"}"},
    {Count::streams_doh, "streams_total{transport=\"doh\"}"},
    {Count::queries_dot, "encrypted_queries_total{transport=\"dot\"}"},
    {Count::queries_doh, "encrypted_queries_total{transport=\"doh\"}"},
    {Count::stream_refused_total, "streams_refused_total{why=\"connections\"}"},
    {Count::stream_refused_prefix, "streams_refused_total{why=\"network_connections\"}"},
    {Count::stream_refused_rate, "streams_refused_total{why=\"network_handshakes\"}"},
    {Count::stream_refused_table, "streams_refused_total{why=\"networks\"}"},
    {Count::stream_accept_paused, "streams_refused_total{why=\"descriptors\"}"},
    {Count::stream_closed_idle, "streams_closed_total{why=\"idle\"}"},
    {Count::stream_closed_handshake, "streams_closed_total{why=\"handshake\"}"},
    {Count::stream_closed_unsent, "streams_closed_total{why=\"unsent\"}"},
    {Count::tls_full, "tls_handshakes_total{result=\"full\"}"},
    {Count::tls_resumed, "tls_handshakes_total{result=\"resumed\"}"},
    {Count::tls_failed, "tls_handshakes_total{result=\"failed\"}"},
    {Count::tls_no_alpn, "tls_handshakes_total{result=\"no_alpn\"}"},
    {Count::proxy_accepted, "proxy_headers_total{result=\"accepted\"}"},
    {Count::proxy_refused, "proxy_headers_total{result=\"refused\"}"},
    {Count::doh_refused, "doh_refused_total{why=\"request\"}"},
    {Count::doh_fields_too_large, "doh_refused_total{why=\"fields\"}"},
    {Count::doh_idle_floods, "doh_refused_total{why=\"flood\"}"},
    {Count::rounds, "rounds_total"},
}};

// The emergency zone says no category; what a network blocks for itself is none of ours.
std::string_view category_label(policy::Source source) {
  const auto category = policy::category_of(source);
  if (category) return to_string(*category);
  return source == policy::source_network ? "own" : "";
}

std::string_view basis_label(policy::Source source) {
  const auto basis = policy::basis_of(source);
  return basis ? to_string(*basis) : "";
}

// Text out of a document as a label's value.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

template <typename Value>
std::uint64_t sum_of(std::span<const Counters* const> workers, Value&& value) {
  std::uint64_t sum = 0;
  for (const Counters* worker : workers) sum += value(*worker);
  return sum;
}

void write_blocked(std::string& out, std::span<const Counters* const> workers,
                   const policy::ThirdParty* third_party) {
  out += "# TYPE khien_dnsd_blocked_total counter\n";
  for (std::uint8_t i = 0; i <= policy::source_network.index; ++i) {
    const policy::Source source{i};
    const std::uint64_t sum =
        sum_of(workers, [&](const Counters& worker) { return worker.blocked(source); });
    if (sum == 0) continue;
    const bool is_known = third_party != nullptr && is_third_party(source) &&
                          source.index - policy::source_count < third_party->size();
    const policy::Source stands_for = is_known ? third_party->stands_for(source) : source;
    out += fmt::format(
        "khien_dnsd_blocked_total{{source=\"{}\",basis=\"{}\",category=\"{}\"}} {}\n",
        is_known ? "zone:" + third_party->zone_of(source).name : policy::source_id(source),
        basis_label(stands_for), category_label(stands_for), sum);
  }
}

// One number for each category, not for each source: two sources of one category differ in who
// decided, and that stands in the sums over everybody.
void write_policies(std::string& out, std::span<const Counters* const> workers,
                    std::span<const PolicyRow> policies) {
  std::string blocked;
  out += "# TYPE khien_dnsd_policy_queries_total counter\n";
  for (const PolicyRow& policy : policies) {
    const std::string name = escaped(policy.policy);
    const std::uint64_t queries =
        sum_of(workers, [&](const Counters& worker) { return worker.policy_queries(policy.row); });
    if (queries == 0) continue;
    out += fmt::format("khien_dnsd_policy_queries_total{{policy=\"{}\"}} {}\n", name, queries);
    const auto write = [&](policy::Source source, std::string_view category) {
      const std::uint64_t sum = sum_of(workers, [&](const Counters& worker) {
        return worker.policy_blocked(policy.row, source);
      });
      if (sum < policy_blocked_step) return;
      blocked +=
          fmt::format("khien_dnsd_policy_blocked_total{{policy=\"{}\",category=\"{}\"}} {}\n", name,
                      category, sum - sum % policy_blocked_step);
    };
    for (const CategoryFacts& facts : all_categories()) {
      const Basis basis = is_choice(facts.category) ? Basis::choice : Basis::orders;
      write(*policy::source_of(basis, facts.category), facts.id);
    }
    write(policy::source_emergency, "emergency");
    write(policy::source_network, "own");
  }
  out += "# TYPE khien_dnsd_policy_blocked_total counter\n" + blocked;
}

}  // namespace

Counters::Counters(CounterOptions options) {
  for (std::uint8_t i = 0; i < columns_.size(); ++i) {
    const auto category = policy::category_of({i});
    columns_[i] = static_cast<std::uint8_t>(category ? 1 + static_cast<std::size_t>(*category)
                                            : i == policy::source_network.index ? column_own
                                                                                : column_emergency);
  }
  if (options.policies) {
    pages_ = PageBuffer{policy_rows_max * columns * sizeof(std::uint64_t)};
    rows_ = static_cast<std::uint64_t*>(static_cast<void*>(pages_.octets().data()));
  }
  if (options.rules) rules_ = std::make_unique<RuleTally>();
}

std::string exposition(std::span<const Counters* const> workers, const CounterNames& labels) {
  std::string out;
  std::string_view family;
  for (const Named& named : names) {
    const std::uint64_t sum =
        sum_of(workers, [&](const Counters& worker) { return worker.value(named.kind); });
    const auto this_family = named.name.substr(0, named.name.find('{'));
    if (this_family != family) {
      out += fmt::format("# TYPE khien_dnsd_{} counter\n", this_family);
      family = this_family;
    }
    out += fmt::format("khien_dnsd_{} {}\n", named.name, sum);
  }
  write_blocked(out, workers, labels.third_party);
  if (!labels.policies.empty()) write_policies(out, workers, labels.policies);
  return out;
}

}  // namespace khien::resolver
