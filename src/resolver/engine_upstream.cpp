// The engine's other half: who waits for an answer, and what they get. engine_attempts.cpp asks,
// engine_replies.cpp judges what comes.
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
  (void)route_of(key.qname, in_flight_.at(number).route);
  ask_first(number);
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

void Engine::answer_truncated(InFlightTable::Number number) noexcept {
  answer_waiters(number, [&](const Waiter&, const AnswerHead& head, std::span<std::uint8_t> out) {
    counters_.add(Count::answered_truncated);
    return write_truncated(head, out);
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
    const bool answered = in_flight_.at(number).failed_rcode != 0;
    answer_waiters(number, [&](const Waiter&, const AnswerHead& head, std::span<std::uint8_t> out) {
      counters_.add(Count::answered_servfail);
      if (answered) return write_error(head, dns::rcode_servfail, {}, out);
      const Extended why =
          network ? Extended{.info_code = ede_network_error, .text = "upstream unreachable"}
                  : Extended{.info_code = dns::ede_no_reachable_authority,
                             .text = "upstream does not answer"};
      return write_error(head, dns::rcode_servfail, why, out);
    });
  }
  finish(number);
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
}

}  // namespace khien::resolver
