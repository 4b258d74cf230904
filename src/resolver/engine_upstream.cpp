// The engine's other half: questions under way.
#include <algorithm>
#include <cstring>

#include "resolver/engine.h"

namespace khien::resolver {
namespace {

AnswerHead head_of(const Waiter& waiter) noexcept {
  return {.id = waiter.id,
          .query_flags = waiter.flags,
          .question = Bytes{waiter.question}.first(waiter.question_size),
          .has_edns = waiter.has_edns,
          .dnssec_ok = waiter.dnssec_ok,
          .size_max = waiter.answer_size_max};
}

bool is_at_or_below(Bytes name, Bytes zone) noexcept {
  return name.size() >= zone.size() &&
         dns::NameView::checked(name).is_at_or_below(dns::NameView::checked(zone));
}

}  // namespace

const Route& Engine::route_of(Bytes qname, std::uint16_t& number) const noexcept {
  std::size_t best = 0;
  std::size_t best_size = 0;
  for (std::size_t i = 0; i < options_.routes.size(); ++i) {
    const Route& route = options_.routes[i];
    if (route.zone.size() > best_size && is_at_or_below(qname, route.zone)) {
      best = i;
      best_size = route.zone.size();
    }
  }
  number = static_cast<std::uint16_t>(best);
  return options_.routes[best];
}

void Engine::wait_for_upstream(const Prepared& prepared, Transport transport, const CacheKey& key,
                               const ClientRef& client) noexcept {
  InFlightTable::Number number = in_flight_.find(key);
  const bool joining = number != 0;
  if (!joining) {
    number = in_flight_.add(key);
    if (number == 0) {
      counters_.add(Count::dropped_in_flight);
      return;
    }
  }
  Waiter* waiter = in_flight_.add_waiter(number);
  if (waiter == nullptr) {
    counters_.add(Count::dropped_waiters);
    if (!joining) in_flight_.remove(number);
    return;
  }
  const AnswerHead head = AnswerHead::of(prepared.query, prepared.message);
  waiter->client = client;
  waiter->id = head.id;
  waiter->flags = head.query_flags;
  waiter->transport = transport;
  waiter->has_edns = head.has_edns;
  waiter->dnssec_ok = head.dnssec_ok;
  waiter->answer_size_max = static_cast<std::uint16_t>(head.size_max);
  waiter->question_size = static_cast<std::uint16_t>(head.question.size());
  std::memcpy(waiter->question.data(), head.question.data(), head.question.size());
  if (joining) {
    counters_.add(Count::joined);
    return;
  }
  InFlight& entry = in_flight_.at(number);
  entry.started_ms = now_ms_;
  (void)route_of(key.qname, entry.route);
  if (!send(number)) next_attempt(number);
}

// Sends the attempt that is due; false if it cannot be sent.
bool Engine::send(InFlightTable::Number number) noexcept {
  InFlight& entry = in_flight_.at(number);
  const auto& upstreams = options_.routes[entry.route].upstreams;
  entry.upstream = upstreams[entry.attempt % upstreams.size()];
  const std::uint64_t bits = random_.next_u64();
  in_flight_.set_id(number, static_cast<std::uint16_t>(bits));

  // 0x20 (draft-vixie-dnsext-dns0x20): random letter case that the answer must repeat; not in the
  // last attempt, for upstreams that do not keep it.
  std::array<std::uint8_t, dns::name_size_max / 8 + 1> cases{};
  if (entry.attempt + 1 < attempts_max)
    random_.fill(std::span{cases}.first(entry.name_size / 8U + 1));
  for (std::size_t i = 0; i < entry.name_size; ++i) {
    const std::uint8_t octet = entry.name[i];
    const bool letter = octet >= 'a' && octet <= 'z';  // length octets are below 'a'
    const bool upper = letter && ((cases[i / 8] >> (i % 8)) & 1) != 0;
    entry.asked[i] = upper ? static_cast<std::uint8_t>(octet - 32) : octet;
  }

  std::array<std::uint8_t, upstream_query_size_max> query{};
  dns::store_u16(query, 0, entry.id);
  // AD asks for the upstream's AD (RFC 6840 section 5.7), which relay() shows to those who asked.
  dns::store_u16(query, 2,
                 static_cast<std::uint16_t>(dns::flag_rd | dns::flag_ad |
                                            (entry.checking_disabled ? dns::flag_cd : 0)));
  dns::store_u16(query, 4, 1);
  dns::store_u16(query, 10, 1);
  std::size_t at = dns::header_size;
  std::memcpy(query.data() + at, entry.asked.data(), entry.name_size);
  at += entry.name_size;
  dns::store_u16(query, at, entry.qtype);
  dns::store_u16(query, at + 2, dns::class_in);
  at += 4;
  dns::store_u16(query, at + 1, dns::type_opt);
  dns::store_u16(query, at + 3, dns::edns_payload_size);
  dns::store_u16(query, at + 7, entry.dnssec_ok ? 0x8000 : 0);
  at += 11;

  const auto port =
      sink_.ask({.number = number, .upstream = entry.upstream, .over_tcp = entry.over_tcp},
                Bytes{query}.first(at));
  if (!port) return false;
  counters_.add(entry.over_tcp ? Count::upstream_tcp : Count::upstream_queries);
  entry.port = *port;
  entry.due_ms = now_ms_ + attempt_timeout_ms[entry.attempt];
  return true;
}

void Engine::next_attempt(InFlightTable::Number number) noexcept {
  InFlight& entry = in_flight_.at(number);
  while (++entry.attempt < attempts_max) {
    entry.over_tcp = false;
    if (send(number)) return;
    entry.network_error = true;
  }
  fail(number);
}

template <typename Write>
void Engine::answer_waiters(InFlightTable::Number number, Write&& write) noexcept {
  in_flight_.for_each_waiter(number, [&](Waiter& waiter) {
    if (waiter.answered) return;
    const std::size_t size_max =
        waiter.transport == Transport::tcp ? dns::message_size_max : udp_answer_size_max;
    const std::size_t size = write(waiter, head_of(waiter), std::span{scratch_.get(), size_max});
    if (size != 0) sink_.answer(waiter.client, Bytes{scratch_.get(), size});
    waiter.answered = true;
  });
}

bool Engine::answer_stale(InFlightTable::Number number) noexcept {
  InFlight& waiting = in_flight_.at(number);
  PacketCache::Entry* entry = cache_.find(waiting.key());
  if (entry == nullptr || !entry->usable_stale(now_ms_)) return false;
  entry->retry_at_ms = now_ms_ + stale_retry_after_ms;
  policy::NameKey name{waiting.qname(), rules_.value()->key()};
  policy::Decision decision;
  std::uint32_t decided = 0;  // for which policies `decision` stands
  answer_waiters(
      number, [&](const Waiter& waiter, const AnswerHead& head, std::span<std::uint8_t> out) {
        const policy::NetworkPolicy& network = network_of(waiter.client);
        if (decided != network.decision) {
          decision = decide(network, name);
          decided = network.decision;
        }
        if (decision.verdict.blocks()) {
          return blocked(head, network, {.verdict = decision.verdict, .name = name.name()}, out);
        }
        counters_.add(Count::cache_stale);
        return from_cache(head, network, decision, *entry, out);
      });
  return true;
}

void Engine::fail(InFlightTable::Number number) noexcept {
  if (!answer_stale(number)) {
    const bool network = in_flight_.at(number).network_error;
    answer_waiters(number, [&](const Waiter&, const AnswerHead& head, std::span<std::uint8_t> out) {
      counters_.add(Count::answered_servfail);
      const Extended why =
          network ? Extended{.info_code = ede_network_error, .text = "upstream unreachable"}
                  : Extended{.info_code = dns::ede_no_reachable_authority,
                             .text = "upstream does not answer"};
      return write_error(head, dns::rcode_servfail, why, out);
    });
  }
  in_flight_.remove(number);
}

Engine::Judgement Engine::judge(const policy::NetworkPolicy& network, const policy::NameKey& name,
                                Bytes targets) noexcept {
  const policy::Decision decision = decide(network, name);
  if (decision.verdict.action != policy::Action::none) {
    return {.verdict = decision.verdict, .name = name.name()};
  }
  std::uint16_t target_at = 0;
  const policy::Verdict verdict = check_targets(network, decision.excepted, targets, target_at);
  return {.verdict = verdict, .is_qname = false, .name = scratch_key_.name()};
}

void Engine::deliver(InFlightTable::Number number, const UpstreamAnswer& answer) noexcept {
  const InFlight& waiting = in_flight_.at(number);
  (void)cache_.put(waiting.key(), {.message = answer.message(),
                                   .ttl_at = answer.ttl_at(),
                                   .targets = answer.targets(),
                                   .extended = answer.extended(),
                                   .now_ms = now_ms_,
                                   .ttl_s = answer.ttl_s()});
  // The rules and policies of now decide, not those of when it was asked; each client's its own,
  // which is judged once for the clients that share it.
  const policy::NameKey name{waiting.qname(), rules_.value()->key()};
  Judgement judgement;
  std::uint32_t judged = 0;  // for which policies `judgement` stands
  answer_waiters(
      number, [&](const Waiter& waiter, const AnswerHead& head, std::span<std::uint8_t> out) {
        const policy::NetworkPolicy& network = network_of(waiter.client);
        if (judged != network.decision) {
          judgement = judge(network, name, answer.targets());
          judged = network.decision;
        }
        if (judgement.verdict.blocks()) return blocked(head, network, judgement, out);
        return relay(head, {.message = answer.message(), .extended = answer.extended()}, out);
      });
  in_flight_.remove(number);
}

void Engine::upstream_answered(std::uint16_t port, bool over_tcp,
                               std::span<std::uint8_t> message) noexcept {
  const auto header = dns::parse_header(message);
  const auto question = dns::parse_question(message);
  if (!header || !question || !header->is_response()) {
    counters_.add(Count::upstream_malformed);
    return;
  }
  const InFlightTable::Number number = in_flight_.by_id(header->id);
  // RFC 5452 section 9.1: source, port, id, and the question octet by octet. The source is the
  // connected socket's peer.
  const auto is_ours = [&](const InFlight& entry) {
    return entry.port == port && entry.over_tcp == over_tcp && question->qtype == entry.qtype &&
           question->qclass == dns::class_in &&
           std::ranges::equal(question->qname, Bytes{entry.asked}.first(entry.name_size));
  };
  if (number == 0 || !is_ours(in_flight_.at(number))) {
    counters_.add(Count::upstream_mismatch);
    return;
  }
  InFlight& entry = in_flight_.at(number);
  if (!upstream_answer_.read(message)) {
    counters_.add(Count::upstream_malformed);
    next_attempt(number);
    return;
  }
  counters_.add(Count::upstream_answers);
  if (upstream_answer_.truncated()) {
    if (options_.tcp_upstream && !over_tcp) {
      entry.over_tcp = true;
      if (!send(number)) next_attempt(number);
      return;
    }
    // Clients get no more over UDP than we asked for: they come again over TCP.
    answer_waiters(number, [&](const Waiter&, const AnswerHead& head, std::span<std::uint8_t> out) {
      counters_.add(Count::answered_truncated);
      return write_truncated(head, out);
    });
    in_flight_.remove(number);
    return;
  }
  const std::uint16_t rcode = upstream_answer_.rcode();
  const bool failed = rcode != dns::rcode_noerror && rcode != dns::rcode_nxdomain;
  if (failed) {
    if (options_.routes[entry.route].upstreams.size() > entry.attempt + 1U) {
      next_attempt(number);
      return;
    }
    if (answer_stale(number)) {
      in_flight_.remove(number);
      return;
    }
  }
  deliver(number, upstream_answer_);
}

void Engine::upstream_failed(std::uint16_t port, bool over_tcp) noexcept {
  in_flight_.for_each([&](InFlightTable::Number number) {
    const InFlight& entry = in_flight_.at(number);
    if (entry.port == port && entry.over_tcp == over_tcp) question_failed(number);
  });
}

void Engine::question_failed(InFlightTable::Number number) noexcept {
  counters_.add(Count::upstream_refused);
  in_flight_.at(number).network_error = true;
  next_attempt(number);
}

void Engine::tick() noexcept {
  in_flight_.for_each([&](InFlightTable::Number number) {
    InFlight& entry = in_flight_.at(number);
    if (now_ms_ >= entry.due_ms) {
      counters_.add(Count::upstream_timeouts);
      entry.network_error = false;
      next_attempt(number);
    } else if (now_ms_ - entry.started_ms >= stale_after_ms) {
      (void)answer_stale(number);
    }
  });
}

}  // namespace khien::resolver
