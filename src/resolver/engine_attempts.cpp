// The engine's questions to upstreams: whom to ask, how, and what to do when no answer comes.
//
// The next upstream is asked as soon as the first one is late by its own measure, and both may
// still answer. Where nobody else is left, the same ones are asked again after a second, as stubs
// would.
#include <algorithm>
#include <cstring>
#include <limits>

#include "resolver/engine.h"

namespace khien::resolver {
namespace {

constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::int64_t Engine::wait_ms(std::int64_t otherwise_ms) const noexcept {
  if (in_flight() == 0) return otherwise_ms;
  return std::clamp<std::int64_t>(next_due_ms_ - now_ms_, 1, otherwise_ms);
}

void Engine::wake(InFlight& entry, std::int64_t due_ms) noexcept {
  entry.due_ms = due_ms;
  const bool may_be_stale = !entry.finished && !entry.stale_looked_for;
  next_due_ms_ =
      std::min({next_due_ms_, due_ms, may_be_stale ? entry.started_ms + stale_after_ms : due_ms});
}

void Engine::mix_case(InFlight& entry) noexcept {
  std::array<std::uint8_t, dns::name_size_max / 8 + 1> cases{};
  random_.fill(std::span{cases}.first(entry.name_size / 8U + 1));
  for (std::size_t i = 0; i < entry.name_size; ++i) {
    const std::uint8_t octet = entry.name[i];
    const bool letter = octet >= 'a' && octet <= 'z';  // length octets are below 'a'
    const bool upper = letter && ((cases[i / 8] >> (i % 8)) & 1) != 0;
    entry.asked[i] = upper ? static_cast<std::uint8_t>(octet - 32) : octet;
  }
}

void Engine::ask_first(InFlightTable::Number number) noexcept {
  InFlight& entry = in_flight_.at(number);
  if (in_flight() == 1) next_due_ms_ = never_ms;
  entry.started_ms = now_ms_;
  // 0x20 (draft-vixie-dnsext-dns0x20): random letter case that the answer must repeat.
  mix_case(entry);
  hedge_credit_ = std::min(hedge_credit_ + 1, hedge_credit_max);
  const auto& candidates = options_.routes[entry.route].upstreams;
  ask_next(number);  // if that fails, the entry is gone and nothing waits
  if (candidates.size() == 1 || entry.attempt_count != 1 || !entry.waits()) return;
  // A copy to one of which too little is known: it delays nobody.
  const auto asked = entry.attempts[0].upstream;
  const auto chosen = static_cast<std::size_t>(
      std::distance(candidates.begin(), std::ranges::find(candidates, asked)));
  const auto other = health_.explore(candidates, chosen, now_ms_);
  if (!other) return;
  counters_.add(Count::upstream_explored);
  entry.tried |= std::uint32_t{1} << *other;
  if (!send(number, how_to_ask(entry, candidates[*other]))) --entry.error_count;
}

Engine::Sending Engine::how_to_ask(const InFlight& entry, std::uint16_t upstream) const noexcept {
  return {.upstream = upstream,
          .over_tcp = entry.tcp_only || protocol(upstream) != UpstreamProtocol::udp,
          .edns = !health_.wants_plain_edns(upstream, now_ms_),
          // One that changes the case and cannot be asked over TCP, too.
          .plain_case = health_.wants_plain_case(upstream, now_ms_) ||
                        (entry.case_changed && entry.tcp_failed)};
}

std::size_t Engine::write_question(const InFlight& entry, const Attempt& attempt,
                                   std::span<std::uint8_t> out) const noexcept {
  constexpr std::uint16_t option_padding = 12;  // RFC 7830
  constexpr std::size_t option_head_size = 4;
  const auto& name = attempt.plain_case ? entry.name : entry.asked;
  dns::store_u16(out, 0, attempt.id);
  // AD asks for the upstream's AD (RFC 6840 section 5.7), which relay() shows to those who asked.
  dns::store_u16(out, 2,
                 static_cast<std::uint16_t>(dns::flag_rd | dns::flag_ad |
                                            (entry.checking_disabled ? dns::flag_cd : 0)));
  dns::store_u16(out, 4, 1);
  dns::store_u16(out, 10, attempt.edns ? 1 : 0);
  std::size_t at = dns::header_size;
  std::memcpy(out.data() + at, name.data(), entry.name_size);
  at += entry.name_size;
  dns::store_u16(out, at, entry.qtype);
  dns::store_u16(out, at + 2, dns::class_in);
  at += 4;
  if (!attempt.edns) return at;
  dns::store_u16(out, at + 1, dns::type_opt);
  dns::store_u16(out, at + 3, dns::edns_payload_size);
  dns::store_u16(out, at + 7, entry.dnssec_ok ? 0x8000 : 0);
  at += 11;
  if (protocol(attempt.upstream) != UpstreamProtocol::tls) return at;
  const std::size_t over = (at + option_head_size) % padding_block_size;
  const std::size_t padding = over == 0 ? 0 : padding_block_size - over;
  dns::store_u16(out, at - 2, static_cast<std::uint16_t>(option_head_size + padding));
  dns::store_u16(out, at, option_padding);
  dns::store_u16(out, at + 2, static_cast<std::uint16_t>(padding));
  return at + option_head_size + padding;
}

// One attempt; false if it cannot be sent.
bool Engine::send(InFlightTable::Number number, const Sending& sending) noexcept {
  InFlight& entry = in_flight_.at(number);
  const std::size_t slot = entry.attempt_count++;
  Attempt& attempt = entry.attempts[slot];
  attempt = {.sent_ms = now_ms_,
             .upstream = sending.upstream,
             .over_tcp = sending.over_tcp,
             .edns = sending.edns,
             .plain_case = sending.plain_case};
  in_flight_.begin_attempt(number, slot, static_cast<std::uint16_t>(random_.next_u64()));
  std::array<std::uint8_t, upstream_query_size_max> query{};
  const std::size_t size = write_question(entry, attempt, query);
  const auto port =
      sink_.ask({.number = number, .upstream = sending.upstream, .over_tcp = sending.over_tcp},
                Bytes{query}.first(size));
  if (options_.tap != nullptr) [[unlikely]] {
    tap(TapKind::forwarder_query, transport_to(sending.upstream, sending.over_tcp),
        Bytes{query}.first(size));
  }
  if (!port) {
    in_flight_.end_attempt(number, slot);
    ++entry.error_count;
    entry.network_error = true;
    entry.tcp_failed = entry.tcp_failed || sending.over_tcp;
    health_.refused(sending.upstream, now_ms_);
    return false;
  }
  counters_.add(sending.over_tcp ? Count::upstream_tcp : Count::upstream_queries);
  health_.asked(sending.upstream, now_ms_);
  attempt.port = *port;
  return true;
}

// Whether one that was not asked yet is worth asking before the last one had a whole second.
bool Engine::others_are_left(const InFlight& entry) const noexcept {
  const auto& candidates = options_.routes[entry.route].upstreams;
  const Attempt& last = entry.attempts[entry.attempt_count - 1U];
  const bool last_is_up = health_.state(last.upstream) == UpstreamState::up;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const bool untried = (entry.tried >> i & 1) == 0;
    if (untried && (!last_is_up || health_.state(candidates[i]) == UpstreamState::up)) return true;
  }
  return false;
}

std::int64_t Engine::wait_for(const InFlight& entry) const noexcept {
  if (!others_are_left(entry)) {
    return retry_wait_ms[std::min<std::size_t>(entry.round, retry_wait_ms.size() - 1)];
  }
  const Attempt& last = entry.attempts[entry.attempt_count - 1U];
  const std::int64_t wait = health_.answer_wait_ms(last.upstream);
  const bool may_hedge =
      health_.state(last.upstream) != UpstreamState::up || hedge_credit_ >= hedge_credit_part;
  return may_hedge ? std::min(wait, hedge_wait_max_ms) : wait;
}

// Asks the next upstream; if there is none, and no answer can come any more, that is the end.
void Engine::ask_next(InFlightTable::Number number) noexcept {
  InFlight& entry = in_flight_.at(number);
  const auto& candidates = options_.routes[entry.route].upstreams;
  // The network may refuse each upstream once, and one of them twice: an old error may have hit a
  // new question.
  while (entry.attempt_count < attempts_max && entry.error_count <= candidates.size()) {
    const auto place = health_.choose(candidates, entry.tried, random_);
    if (!place) {
      entry.tried = 0;
      ++entry.round;
      continue;
    }
    entry.tried |= std::uint32_t{1} << *place;
    if (send(number, how_to_ask(entry, candidates[*place]))) {
      wake(entry, std::min(now_ms_ + wait_for(entry), entry.started_ms + question_budget_ms));
      return;
    }
  }
  if (entry.waits()) {
    wake(entry, entry.started_ms + question_budget_ms);
  } else {
    fail(number);
  }
}

// The same upstream in another way.
void Engine::ask_again(InFlightTable::Number number, const Sending& sending) noexcept {
  InFlight& entry = in_flight_.at(number);
  if (entry.attempt_count == attempts_max || !send(number, sending)) {
    ask_next(number);
    return;
  }
  wake(entry, std::min(now_ms_ + wait_for(entry), entry.started_ms + question_budget_ms));
}

void Engine::note_overdue(InFlight& entry) noexcept {
  for (std::size_t slot = 0; slot < entry.attempt_count; ++slot) {
    Attempt& attempt = entry.attempts[slot];
    if (!attempt.waiting || attempt.overdue) continue;
    if (now_ms_ - attempt.sent_ms < health_.answer_wait_ms(attempt.upstream)) continue;
    attempt.overdue = true;
    entry.tcp_failed = entry.tcp_failed || attempt.over_tcp;
    health_.overdue(attempt.upstream, now_ms_);
  }
}

void Engine::due(InFlightTable::Number number) noexcept {
  InFlight& entry = in_flight_.at(number);
  note_overdue(entry);
  if (entry.finished) {
    linger(number);
    return;
  }
  const bool over = now_ms_ - entry.started_ms >= question_budget_ms;
  if (over || entry.failed_rcode != 0) {
    for (std::size_t slot = 0; slot < entry.attempt_count; ++slot) {
      if (!entry.attempts[slot].waiting) continue;
      counters_.add(Count::upstream_timeouts);
      health_.lost(entry.attempts[slot].upstream, now_ms_);
      in_flight_.end_attempt(number, slot);
    }
    fail(number);
    return;
  }
  entry.network_error = false;
  if (others_are_left(entry) && entry.attempt_count < attempts_max) {
    counters_.add(Count::upstream_hedged);
    hedge_credit_ = std::max(hedge_credit_ - hedge_credit_part, 0);
  }
  ask_next(number);
}

void Engine::tick() noexcept {
  if (in_flight() == 0 || now_ms_ < next_due_ms_) return;
  next_due_ms_ = never_ms;
  in_flight_.for_each([&](InFlightTable::Number number) {
    InFlight& entry = in_flight_.at(number);
    if (now_ms_ >= entry.due_ms) {
      due(number);  // which says when it is due next
      return;
    }
    next_due_ms_ = std::min(next_due_ms_, entry.due_ms);
  });
  // Stale answers have a time of their own.
  in_flight_.for_each([&](InFlightTable::Number number) {
    InFlight& entry = in_flight_.at(number);
    if (entry.finished || entry.stale_looked_for) return;
    if (now_ms_ - entry.started_ms >= stale_after_ms) {
      entry.stale_looked_for = true;
      (void)answer_stale(number);
    } else {
      next_due_ms_ = std::min(next_due_ms_, entry.started_ms + stale_after_ms);
    }
  });
}

// It has its answer. What was asked elsewhere tells how those upstreams do.
void Engine::finish(InFlightTable::Number number) noexcept {
  if (!in_flight_.finish(number)) return;
  in_flight_.at(number).finished_ms = now_ms_;
  linger(number);
}

// From the answer on, whenever they were asked: where the answer was late, the late ones' answers
// are still on their way, and would count as forged if nobody listened.
void Engine::linger(InFlightTable::Number number) noexcept {
  InFlight& entry = in_flight_.at(number);
  std::int64_t next = never_ms;
  for (std::size_t slot = 0; slot < entry.attempt_count; ++slot) {
    Attempt& attempt = entry.attempts[slot];
    if (!attempt.waiting) continue;
    const std::int64_t until_ms = attempt.overdue
                                      ? entry.finished_ms + linger_ms
                                      : attempt.sent_ms + health_.answer_wait_ms(attempt.upstream);
    if (!attempt.overdue || now_ms_ < until_ms) {
      next = std::min(next, std::max(until_ms, now_ms_ + 1));
      continue;
    }
    health_.lost(attempt.upstream, now_ms_);
    in_flight_.end_attempt(number, slot);
  }
  if (next == never_ms) {
    in_flight_.remove(number);
  } else {
    wake(entry, next);
  }
}

// The network refused it, or its connection broke.
void Engine::attempt_failed(const Waiting& which, UpstreamFailure failure) noexcept {
  InFlight& entry = in_flight_.at(which.number);
  const Attempt& attempt = entry.attempts[which.slot];
  counters_.add(Count::upstream_refused);
  in_flight_.end_attempt(which.number, which.slot);
  // That a server closes a connection is its right, and says nothing of its health.
  if (failure == UpstreamFailure::refused) health_.refused(attempt.upstream, now_ms_);
  if (entry.finished) {
    if (!entry.waits()) in_flight_.remove(which.number);
    return;
  }
  ++entry.error_count;
  entry.network_error = true;
  entry.tcp_failed = entry.tcp_failed || attempt.over_tcp;
  if (entry.waits() && !others_are_left(entry)) return;
  ask_next(which.number);
}

void Engine::upstream_failed(std::uint16_t port, bool over_tcp, UpstreamFailure failure) noexcept {
  in_flight_.for_each([&](InFlightTable::Number number) {
    const InFlight& entry = in_flight_.at(number);
    for (std::uint16_t slot = 0; slot < entry.attempt_count; ++slot) {
      const Attempt& attempt = entry.attempts[slot];
      if (!attempt.waiting || attempt.port != port || attempt.over_tcp != over_tcp) continue;
      attempt_failed({.number = number, .slot = slot}, failure);
      return;  // the entry may be gone, or asked again by the same port
    }
  });
}

}  // namespace khien::resolver
