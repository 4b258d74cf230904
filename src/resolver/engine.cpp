#include "resolver/engine.h"

#include <algorithm>
#include <cstring>

#include "dns/writer.h"
#include "resolver/alias_answer.h"

namespace khien::resolver {
namespace {

// True if the folded wire name `wire` is written `text`, absolute with its last dot.
bool is_spelled(Bytes wire, std::string_view text) noexcept {
  for (std::size_t at = 0; wire[at] != 0; at += 1 + std::size_t{wire[at]}) {
    const std::string_view label = as_text(wire.subspan(at + 1, wire[at]));
    if (!text.starts_with(label) || text.substr(label.size(), 1) != ".") return false;
    text.remove_prefix(label.size() + 1);
  }
  return text.empty();
}

std::size_t upstream_count(const std::vector<Route>& routes) noexcept {
  std::size_t count = 0;
  for (const Route& route : routes) {
    KHIEN_ASSERT(!route.upstreams.empty() && route.upstreams.size() <= candidates_max);
    for (const std::uint16_t upstream : route.upstreams) {
      count = std::max<std::size_t>(count, upstream + std::size_t{1});
    }
  }
  return count;
}

CacheKey key_of(const ClientQuery& query, const policy::NameKey& name) noexcept {
  return {.qname = name.name(),
          .hash = name.hash(0),
          .qtype = query.question.qtype,
          .dnssec_ok = query.dnssec_ok,
          .checking_disabled = query.header.has(dns::flag_cd)};
}

/// Whether third parties have rules on addresses or name servers.
bool wants_answers(const policy::Rules& rules) noexcept {
  return rules.rare != nullptr && (rules.rare->late() | rules.rare->zones().disabled()) != 0;
}

}  // namespace

Engine::Engine(EngineOptions options, Snapshot<policy::Rules>& rules,
               const std::atomic<bool>& ready, Rng& random, EngineSink& sink, Counters& counters)
    : options_(std::move(options)),
      rules_(rules),
      looks_inside_(wants_answers(*rules_.value())),
      one_network_(policy::NetworkPolicies::one(options_.policy)),
      networks_(options_.networks == nullptr ? one_network_ : *options_.networks),
      key_(rules_.value()->key()),
      ready_(ready),
      random_(random),
      sink_(sink),
      counters_(counters),
      cache_(options_.cache_size),
      health_(upstream_count(options_.routes)),
      scratch_(std::make_unique<std::uint8_t[]>(dns::message_size_max)) {
  KHIEN_ASSERT(!options_.routes.empty());
  if (options_.cookies != nullptr) cookies_.emplace(*options_.cookies);
}

void Engine::begin_batch(std::int64_t now_ms) noexcept {
  now_ms_ = now_ms;
  if (cookies_) (void)cookies_->refresh();
  counters_.begin_batch();
  const bool new_rules = rules_.refresh();
  const bool new_networks = networks_.refresh();
  if (!new_rules && !new_networks) return;
  ++generation_;
  // Cached answers are found by hashes with this key: it stays the same for the life of a process.
  KHIEN_ASSERT(rules_.value()->key() == key_);
  looks_inside_ = wants_answers(*rules_.value());
}

void Engine::prepare(Bytes message, Transport transport, Prepared& out) noexcept {
  out.message = message;
  out.query = read_query(message, transport);
  if (out.query.fault != Fault::none) return;
  out.key.assign(out.query.question.qname, rules_.value()->key());
  rules_.value()->prefetch(out.key);
}

void Engine::look_ahead(std::span<Prepared> batch) const noexcept {
  for (Prepared& prepared : batch) {
    prepared.may_be_cached =
        prepared.query.fault == Fault::none && !rules_.value()->prefetch_names(prepared.key);
    if (prepared.may_be_cached) cache_.prefetch(prepared.key.hash(0));
  }
  for (const Prepared& prepared : batch) {
    if (prepared.may_be_cached) cache_.prefetch_entry(key_of(prepared.query, prepared.key));
  }
}

std::size_t Engine::refuse(const Prepared& prepared, const AnswerHead& head,
                           std::span<std::uint8_t> out) noexcept {
  switch (prepared.query.fault) {
    case Fault::formerr:
      counters_.add(Count::answered_formerr);
      return write_error(head, dns::rcode_formerr, {}, out);
    case Fault::notimp:
      counters_.add(Count::answered_notimp);
      return write_error(head, dns::rcode_notimp, {}, out);
    case Fault::refused:
      counters_.add(Count::answered_refused);
      return write_error(head, dns::rcode_refused, {}, out);
    case Fault::badvers:
      counters_.add(Count::answered_badvers);
      return write_error(head, dns::rcode_badvers, {}, out);
    default: return 0;
  }
}

// Not for us to answer: an open resolver lets strangers flood third parties.
std::size_t Engine::refuse_client(const AnswerHead& head, Transport transport,
                                  std::span<std::uint8_t> out) noexcept {
  counters_.add(Count::clients_refused);
  if (options_.drop_refused_clients && transport == Transport::udp) return 0;
  return write_error(head, dns::rcode_refused,
                     {.info_code = ede_prohibited, .text = "your network is not served here"}, out);
}

// Which serial of a policy zone we follow, so that the control plane can see how far its changes
// have got. 0 if the question is for no zone of ours.
std::size_t Engine::followed_soa(const Prepared& prepared, const AnswerHead& head,
                                 std::span<std::uint8_t> out) noexcept {
  for (const policy::ZoneState& zone : rules_.value()->zones) {
    if (!is_spelled(prepared.key.name(), zone.name)) continue;
    dns::MessageWriter writer{out, std::min(head.size_max, out.size())};
    writer.begin(head.id, static_cast<std::uint16_t>(dns::flag_qr | dns::flag_ra |
                                                     (head.query_flags & dns::flag_rd)));
    // Two root names and five numbers; only the serial says something.
    std::array<std::uint8_t, 22> soa{};
    dns::store_u32(soa, 2, zone.serial);
    dns::store_u32(soa, 6, zone.refresh_s);
    dns::store_u32(soa, 10, zone.retry_s);
    dns::store_u32(soa, 14, zone.expire_s);
    if (!writer.add_question(prepared.query.question.name(), dns::type_soa, dns::class_in) ||
        !writer.add_record(dns::Section::answer, prepared.query.question.name(),
                           {.type = dns::type_soa}, soa)) {
      return 0;
    }
    return append_edns(head, dns::rcode_noerror, {}, out, writer.size());
  }
  return 0;
}

void Engine::add_cookie(AnswerHead& head, Bytes cookie, const ClientRef& client) noexcept {
  if (client.source == policy::AddressKey{}) return;
  std::array<std::uint8_t, 16> octets;
  dns::store_u32(octets, 0, static_cast<std::uint32_t>(client.source.high >> 32));
  dns::store_u32(octets, 4, static_cast<std::uint32_t>(client.source.high));
  dns::store_u32(octets, 8, static_cast<std::uint32_t>(client.source.low >> 32));
  dns::store_u32(octets, 12, static_cast<std::uint32_t>(client.source.low));
  const Bytes address = client.source.is_v4() ? Bytes{octets}.last(4) : Bytes{octets};
  cookie_ = cookies_->value()->answer(cookie, address);
  counters_.add(cookie_.known ? Count::cookies_known : Count::cookies_unknown);
  head.cookie = cookie_.octets;
}

std::size_t Engine::handle_tapped(const Prepared& prepared, Transport transport,
                                  const ClientRef& client, std::span<std::uint8_t> out) noexcept {
  const Fault fault = prepared.query.fault;
  const bool is_query = fault != Fault::drop && fault != Fault::notify;
  if (is_query) tap(TapKind::client_query, transport, prepared.message);
  const std::size_t size = answer(prepared, transport, client, out);
  if (is_query && size != 0) tap(TapKind::client_response, transport, Bytes{out}.first(size));
  return size;
}

void Engine::answer_late(const ClientRef& client, Transport transport, Bytes message) noexcept {
  tap(TapKind::client_response, transport, message);
  sink_.answer(client, message);
}

std::size_t Engine::answer(const Prepared& prepared, Transport transport, const ClientRef& client,
                           std::span<std::uint8_t> out) noexcept {
  counters_.add(transport == Transport::udp ? Count::queries_udp : Count::queries_tcp);
  const ClientQuery& query = prepared.query;
  if (query.fault == Fault::drop) {
    counters_.add(Count::dropped_malformed);
    return 0;
  }
  if (query.fault == Fault::notify) {
    counters_.add(Count::notifies);
    return sink_.notify(prepared.message, client, out);
  }
  AnswerHead head = AnswerHead::of(query, prepared.message);
  if (!is_client(client)) return refuse_client(head, transport, out);
  if (!query.cookie.empty() && cookies_) {
    add_cookie(head, query.cookie, client);
  }
  if (query.fault != Fault::none) return refuse(prepared, head, out);
  if (options_.refuse_without_rules && !ready_.load(std::memory_order_relaxed)) {
    counters_.add(Count::not_ready);
    return write_error(head, dns::rcode_servfail,
                       {.info_code = ede_not_ready, .text = "no rules loaded yet"}, out);
  }

  const policy::NameKey& name = prepared.key;
  const policy::NetworkPolicy& network = network_of(client);
  const Asker asker{head, network, transport, client};
  counters_.add_query(network.row);
  policy::Decision decision = decide(network, name, query.question.qtype, client);
  if (rules_.value()->rare != nullptr) count_disabled(name, client);
  if (decision.verdict.acts() && !decision.waits) {
    const auto size =
        act(asker, {.verdict = decision.verdict, .name = name.name(), .key = &name}, out);
    if (size) return *size;
    decision.verdict.action = policy::Action::passthru;
  }
  if (query.question.qtype == dns::type_soa) {
    const std::size_t size = followed_soa(prepared, head, out);
    if (size != 0) return size;
  }
  if (decision.verdict.action == policy::Action::passthru) counters_.add(Count::passed);
  if (!query.header.has(dns::flag_rd)) {
    // We know nothing of our own, and the cache shall not tell what others asked.
    counters_.add(Count::answered_refused);
    return write_error(head, dns::rcode_refused, {}, out);
  }
  if (query.question.qtype == dns::type_any) {
    counters_.add(Count::answered_any);
    return write_minimal_any(head, out);
  }

  const Bytes alias = safe_alias(prepared, network, decision);
  if (alias.empty()) {
    return answer_or_ask(prepared, asker, {network, name, decision}, out);
  }
  alias_key_.assign(alias, rules_.value()->key());
  const Wanted target{network, alias_key_, decide(network, alias_key_, query.question.qtype), true};
  if (target.decision.verdict.blocks()) {
    return blocked(asker,
                   {.verdict = target.decision.verdict,
                    .is_qname = false,
                    .name = alias_key_.name(),
                    .key = &alias_key_},
                   out);
  }
  counters_.add(Count::safe_search);
  return answer_or_ask(prepared, asker, target, out);
}

// The name that safe search puts in place of the question's, or nothing: for other types, and where
// the network itself allows the name.
Bytes Engine::safe_alias(const Prepared& prepared, const policy::NetworkPolicy& network,
                         const policy::Decision& decision) const noexcept {
  if (network.safe_search == 0 || decision.excepted) return {};
  const std::uint16_t qtype = prepared.query.question.qtype;
  if (qtype != dns::type_a && qtype != dns::type_aaaa && qtype != dns::type_https) return {};
  return policy::safe_search_target(network.safe_search, prepared.key.name());
}

std::size_t Engine::answer_or_ask(const Prepared& prepared, const Asker& asker,
                                  const Wanted& wanted, std::span<std::uint8_t> out) noexcept {
  const CacheKey key = key_of(prepared.query, wanted.name);
  PacketCache::Entry* entry = cache_.find(key);
  if (entry != nullptr) {
    if (entry->fresh(now_ms_)) {
      counters_.add(Count::cache_hits);
      const bool ahead = now_ms_ >= entry->ask_again_ms && entry->uses >= refresh_uses_min;
      if (ahead) entry->ask_again_ms = entry->expires_ms;
      const std::size_t size = from_cache(asker, wanted, *entry, out);
      if (ahead) refresh(key);  // last: what fails may change the cache
      return size;
    }
    if (now_ms_ < entry->ask_again_ms && entry->usable_stale(now_ms_)) {
      counters_.add(Count::cache_stale);
      return from_cache(asker, wanted, *entry, out);
    }
  }
  counters_.add(Count::cache_misses);
  wait_for_upstream(asker, key, wanted.aliased, {});
  return 0;
}

// Of khiend's own rules alone: what a third party or a network itself wrote is not khiend's to
// know. The name is the rule's, which may be above the one that was asked for, or a target's.
void Engine::count_rule(const Judgement& judgement) noexcept {
  const policy::Verdict& verdict = judgement.verdict;
  if (verdict.source.index >= policy::source_count || judgement.key == nullptr) return;
  const policy::NameKey& name = *judgement.key;
  for (std::size_t index = 0; index < name.label_count(); ++index) {
    if (name.suffix_at(index) != verdict.trigger_at) continue;
    counters_.add_rule(verdict.source, name, index);
    return;
  }
}

std::size_t Engine::blocked(const Asker& asker, const Judgement& judgement,
                            std::span<std::uint8_t> out) noexcept {
  count_blocked(asker, judgement.verdict);
  count_rule(judgement);
  return write_blocked(asker.head, reason_of(asker, judgement), options_.block, out);
}

// Brings the entry's verdict on what it holds up to date for this policy. Nearly every entry holds
// nothing that any zone acts on: it is marked so once, and costs one comparison whoever asks, but
// for networks with names of their own.
void Engine::check_entry(const policy::NetworkPolicy& network, bool excepted,
                         PacketCache::Entry& entry) noexcept {
  const std::uint64_t everybody = std::uint64_t{generation_} << 32;
  if (entry.checked_by == everybody && !network.has_lists()) return;
  const std::uint64_t ours = everybody | (network.decision << 1) | (excepted ? 1 : 0);
  if (entry.checked_by == ours) return;
  const Inside inside{
      .message = entry.message(), .targets = entry.targets(), .qname = entry.qname()};
  const auto check = [&](const policy::NetworkPolicy& by, bool is_excepted) {
    const Judgement found = judge_answer(by, is_excepted, inside, {});
    entry.target_verdict = found.verdict;
    entry.target_at = found.target_at;
  };
  if (entry.checked_by < everybody) {  // for the first time with these rules
    check({.policy = {}}, false);
    if (entry.target_verdict.action == policy::Action::none) {
      entry.checked_by = everybody;
      if (!network.has_lists()) return;
    }
  }
  check(network, excepted);
  entry.checked_by = ours;
}

/// What policy makes of what the entry holds; nullopt: nothing.
std::optional<std::size_t> Engine::acted_on_entry(const Asker& asker, const Wanted& wanted,
                                                  PacketCache::Entry& entry,
                                                  std::span<std::uint8_t> out) noexcept {
  const policy::Decision& decision = wanted.decision;
  if (decision.verdict.action == policy::Action::none) {
    check_entry(asker.network, decision.excepted, entry);
    if (!entry.target_verdict.acts()) return std::nullopt;
    const bool is_target = entry.target_at != no_target;
    scratch_key_.assign(
        is_target ? dns::NameView::parse_prefix(entry.targets().subspan(entry.target_at))->wire()
                  : entry.qname(),
        rules_.value()->key());
    return act(asker,
               {.verdict = entry.target_verdict,
                .is_qname = !is_target && !wanted.aliased,
                .name = scratch_key_.name(),
                .key = &scratch_key_},
               out);
  }
  if (!is_third_party(decision.verdict.source)) return std::nullopt;
  const policy::NameKey name{entry.qname(), rules_.value()->key()};
  Judgement found =
      judge(asker.network, decision, name,
            {.message = entry.message(), .targets = entry.targets(), .qname = name.name()});
  // What was too large for UDP has to be seen before a later zone's match stands.
  const bool is_unseen = decision.waits && (dns::load_u16(entry.message(), 2) & dns::flag_tc) != 0;
  if (!found.verdict.acts() || is_unseen) return std::nullopt;
  found.is_qname = found.is_qname && !wanted.aliased;
  return act(asker, found, out);
}

std::size_t Engine::from_cache(const Asker& asker, const Wanted& wanted, PacketCache::Entry& entry,
                               std::span<std::uint8_t> out) noexcept {
  if (entry.targets_size != 0 || looks_inside_) {
    if (const auto size = acted_on_entry(asker, wanted, entry, out)) return *size;
  }
  if (entry.seen_rounds != 0) see_hit(asker, wanted, entry);
  return relay(asker.head,
               {.message = entry.message(),
                .extended = entry.extended(),
                .alias = wanted.aliased ? wanted.name.name() : Bytes{},
                .entry = &entry,
                .stale = !entry.fresh(now_ms_),
                .failed = entry.failures != 0},
               out);
}

std::size_t Engine::relay_alias(const AnswerHead& head, const Relay& relay,
                                std::span<std::uint8_t> out) noexcept {
  const std::size_t size = write_alias(head,
                                       {.target = relay.alias,
                                        .message = relay.message,
                                        .age_s = relay.entry == nullptr ? 0 : age_of(*relay.entry),
                                        .stale = relay.stale},
                                       out);
  if (size == 0) {
    counters_.add(Count::answered_truncated);
    return write_truncated(head, out);
  }
  return append_edns(head, dns::load_u16(out, 2) & 0x0F,
                     {.info_code = relay.stale ? dns::ede_stale_answer : std::uint16_t{0}}, out,
                     size);
}

std::size_t Engine::relay(const AnswerHead& head, const Relay& relay,
                          std::span<std::uint8_t> out) noexcept {
  if (!relay.alias.empty()) return relay_alias(head, relay, out);
  const std::size_t size = relay.message.size();
  const std::uint16_t upstream_flags = dns::load_u16(relay.message, 2);
  if ((upstream_flags & dns::flag_tc) != 0 ||
      size + edns_size_min(head) > std::min(head.size_max, out.size())) {
    counters_.add(Count::answered_truncated);
    return write_truncated(head, out);
  }
  std::memcpy(out.data(), relay.message.data(), size);
  // AD only to those who understand it (RFC 6840 section 5.8).
  const bool wants_ad = head.dnssec_ok || (head.query_flags & dns::flag_ad) != 0;
  const auto flags = static_cast<std::uint16_t>(
      dns::flag_qr | dns::flag_ra | (head.query_flags & (dns::flag_rd | dns::flag_cd)) |
      (upstream_flags & 0x0F) | (wants_ad ? upstream_flags & dns::flag_ad : 0));
  dns::store_u16(out, 0, head.id);
  dns::store_u16(out, 2, flags);
  std::memcpy(out.data() + dns::header_size, head.question.data(), head.question.size());
  if (relay.entry != nullptr) {
    const std::uint32_t age_s = age_of(*relay.entry);
    for (std::size_t i = 0; i < relay.entry->ttl_count; ++i) {
      const std::size_t at = relay.entry->ttl_at(i);
      const std::uint32_t ttl = dns::load_u32(out, at);
      dns::store_u32(out, at, relay.stale ? stale_ttl_s : ttl > age_s ? ttl - age_s : 0);
    }
  }
  return append_edns(head, upstream_flags & 0x0F,
                     {.info_code = relay.stale    ? dns::ede_stale_answer
                                   : relay.failed ? dns::ede_cached_error
                                                  : std::uint16_t{0},
                      .upstream = relay.extended},
                     out, size);
}

}  // namespace khien::resolver
