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
          .wants_structured = waiter.wants_structured,
          .wants_padding = waiter.wants_padding,
          .cookie = Bytes{waiter.cookie}.first(waiter.cookie_octets),
          .size_max = waiter.answer_size_max};
}

// What is kept of a question that nobody answered: SERVFAIL with the reason.
class KeptFailure {
 public:
  KeptFailure(const InFlight& entry, const Extended& why) noexcept {
    dns::store_u16(message_, 2, dns::flag_qr | dns::flag_ra | dns::rcode_servfail);
    dns::store_u16(message_, 4, 1);
    const auto end = std::ranges::copy(entry.qname(), message_.begin() + dns::header_size).out;
    size_ = static_cast<std::size_t>(end - message_.begin()) + 4;
    dns::store_u16(message_, size_ - 4, entry.qtype);
    dns::store_u16(message_, size_ - 2, dns::class_in);
    if (why.info_code == 0) return;
    extended_size_ =
        dns::make_extended_error({.info_code = why.info_code, .text = why.text}, extended_)
            .data.size();
  }
  [[nodiscard]] Bytes message() const noexcept { return Bytes{message_}.first(size_); }
  [[nodiscard]] Bytes extended() const noexcept { return Bytes{extended_}.first(extended_size_); }

 private:
  std::array<std::uint8_t, dns::header_size + dns::name_size_max + 4> message_{};
  std::array<std::uint8_t, 64> extended_;
  std::size_t size_ = 0;
  std::size_t extended_size_ = 0;
};

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

// Over UDP the client asks again. On a stream it would wait for an answer that never comes, and its
// connection would count the query as under way.
void Engine::no_room(const Asker& asker, Count why) noexcept {
  counters_.add(why);
  if (asker.transport == Transport::udp) return;
  const std::span out{scratch_.get(), dns::message_size_max};
  const std::size_t size = write_error(asker.head, dns::rcode_servfail, {}, out);
  counters_.add(Count::answered_servfail);
  answer_late(asker.client, asker.transport, Bytes{out}.first(size));
}

void Engine::wait_for_upstream(const Asker& asker, const CacheKey& key, bool aliased,
                               const Way& way) noexcept {
  InFlightTable::Number number = in_flight_.find(key);
  const bool joining = number != 0;
  if (!joining) {
    number = in_flight_.add(key);
    if (number == 0) return no_room(asker, Count::dropped_in_flight);
  }
  Waiter* waiter = in_flight_.add_waiter(number);
  if (waiter == nullptr) {
    if (!joining) in_flight_.remove(number);
    return no_room(asker, Count::dropped_waiters);
  }
  const AnswerHead& head = asker.head;
  waiter->client = asker.client;
  waiter->id = head.id;
  waiter->flags = head.query_flags;
  waiter->transport = asker.transport;
  waiter->aliased = aliased;
  waiter->led_by = way.source.index;
  waiter->alias_ttl_s = way.ttl_s;
  waiter->has_edns = head.has_edns;
  waiter->dnssec_ok = head.dnssec_ok;
  waiter->wants_structured = head.wants_structured;
  waiter->wants_padding = head.wants_padding;
  waiter->cookie_octets = static_cast<std::uint8_t>(head.cookie.size());
  std::ranges::copy(head.cookie, waiter->cookie.begin());
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
        waiter.transport == Transport::udp ? udp_answer_size_max : dns::message_size_max;
    const std::size_t size = write(waiter, head_of(waiter), std::span{scratch_.get(), size_max});
    if (size != 0) answer_late(waiter.client, waiter.transport, Bytes{scratch_.get(), size});
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
  PacketCache::Entry* entry = cache_.peek(waiting.key());
  if (entry == nullptr || !entry->usable_stale(now_ms_)) return false;
  const bool stale = !entry->fresh(now_ms_);  // or it was asked for ahead
  if (stale) entry->ask_again_ms = now_ms_ + stale_retry_after_ms;
  const policy::NameKey name{waiting.qname(), rules_.value()->key()};
  answer_waiters(
      number, [&](const Waiter& waiter, const AnswerHead& head, std::span<std::uint8_t> out) {
        const Asker asker{head, network_of(waiter.client), waiter.transport, waiter.client};
        if (waiter.led_by != 0) {
          counters_.add(Count::cache_stale);
          return arrive(asker, way_of(waiter), name,
                        {.message = entry->message(), .targets = entry->targets()}, entry, out);
        }
        policy::Decision decision = decide(asker.network, name, waiting.qtype, waiter.client);
        const Judgement judgement =
            judge_asked(waiter, asker.network, waiting.qtype,
                        {.verdict = decision.verdict, .name = name.name(), .key = &name});
        if (judgement.verdict.acts() && !decision.waits) {
          if (const auto size = act(asker, judgement, out)) return *size;
          decision.verdict.action = policy::Action::passthru;
        }
        counters_.add(Count::cache_stale);
        return from_cache(asker, {asker.network, name, decision, waiter.aliased}, *entry, out);
      });
  return true;
}

// Asks for what is about to end, so that nobody has to wait for it: without a client, once.
void Engine::refresh(const CacheKey& key) noexcept {
  if (in_flight_.size() >= refreshes_max || in_flight_.find(key) != 0) {
    counters_.add(Count::dropped_refresh);
    return;
  }
  const InFlightTable::Number number = in_flight_.add(key);
  if (number == 0) return;
  counters_.add(Count::refreshes);
  (void)route_of(key.qname, in_flight_.at(number).route);
  ask_first(number);
}

// RFC 9520: a failure is kept for a moment, so that clients which repeat do not multiply it.
void Engine::keep_failure(const CacheKey& key, Bytes message, Bytes extended) noexcept {
  const PacketCache::Entry* before = cache_.peek(key);
  const bool again = before != nullptr && before->failures != 0 &&
                     now_ms_ - before->expires_ms < failure_memory_ms;
  const std::size_t count =
      again ? std::min<std::size_t>(before->failures + 1U, failure_ttl_s.size()) : 1;
  (void)cache_.put(key, {.message = message,
                         .extended = extended,
                         .now_ms = now_ms_,
                         .ttl_s = failure_ttl_s[count - 1],
                         .failures = static_cast<std::uint8_t>(count)});
}

void Engine::fail(InFlightTable::Number number) noexcept {
  if (!answer_stale(number)) {
    const InFlight& entry = in_flight_.at(number);
    Extended why;  // nothing of ours where an upstream said so
    if (entry.failed_rcode == 0) {
      why = entry.network_error
                ? Extended{.info_code = ede_network_error, .text = "upstream unreachable"}
                : Extended{.info_code = dns::ede_no_reachable_authority,
                           .text = "upstream does not answer"};
    }
    const KeptFailure kept{entry, why};
    keep_failure(entry.key(), kept.message(), kept.extended());
    const policy::NameKey name{entry.qname(), rules_.value()->key()};
    answer_waiters(number, [&](const Waiter& waiter, const AnswerHead& head,
                               std::span<std::uint8_t> out) {
      if (waiter.led_by == 0 && rules_.value()->rare != nullptr) {
        // A match that waited for the answer stands without it.
        const Asker asker{head, network_of(waiter.client), waiter.transport, waiter.client};
        const policy::Decision decision = decide(asker.network, name, entry.qtype, waiter.client);
        if (decision.verdict.acts()) {
          const auto size =
              act(asker, {.verdict = decision.verdict, .name = name.name(), .key = &name}, out);
          if (size) return *size;
        }
      }
      counters_.add(Count::answered_servfail);
      return write_error(head, dns::rcode_servfail, why, out);
    });
  }
  finish(number);
}

Engine::Judgement Engine::judge(const policy::NetworkPolicy& network,
                                const policy::Decision& decision, const policy::NameKey& name,
                                const Inside& inside) noexcept {
  const bool is_final =
      decision.verdict.action != policy::Action::none && !is_third_party(decision.verdict.source);
  if (!is_final) {
    const Judgement found = judge_answer(network, decision.excepted, inside, decision.verdict);
    if (found.verdict.action != policy::Action::none) return found;
  }
  return {.verdict = decision.verdict, .name = name.name(), .key = &name};
}

// What is blocked for a client whose question policy turned into the one under way: what it asked,
// or `of_target`, which then is no name in its question.
Engine::Judgement Engine::judge_asked(const Waiter& waiter, const policy::NetworkPolicy& network,
                                      std::uint16_t qtype, const Judgement& of_target) noexcept {
  if (!waiter.aliased) return of_target;
  constexpr std::size_t type_and_class = 4;
  const Bytes question = Bytes{waiter.question}.first(waiter.question_size);
  alias_key_.assign(question.first(question.size() - type_and_class), rules_.value()->key());
  const policy::Decision asked = decide(network, alias_key_, qtype);
  if (asked.verdict.blocks()) {
    return {.verdict = asked.verdict, .name = alias_key_.name(), .key = &alias_key_};
  }
  return {.verdict = of_target.verdict,
          .is_qname = false,
          .name = of_target.name,
          .key = of_target.key};
}

// How often to look through the networks that ask for this answer; 0: nobody shall see who asks for
// it. That is so for what holds no record, and for zones of the operator's own (--forward).
std::uint8_t Engine::seen_rounds(const InFlight& waiting,
                                 const UpstreamAnswer& answer) const noexcept {
  const bool is_positive =
      answer.rcode() == dns::rcode_noerror && dns::load_u16(answer.message(), 6) != 0;
  const bool is_ours = options_.routes[waiting.route].zone.size() > 1;
  return options_.seen == nullptr || !is_positive || is_ours ? 0 : options_.seen->rounds();
}

// A hit on an answer that is still looked at. What safe search answers is a name that nobody asked
// for.
void Engine::see_hit(const Asker& asker, const Wanted& wanted, PacketCache::Entry& entry) noexcept {
  if (wanted.aliased || !entry.fresh(now_ms_)) return;
  const NetworkHash network = options_.seen->network_of(asker.client.source);
  if (network == 0 || !entry.is_news(network)) return;
  if (options_.seen->push(network, wanted.name)) entry.mark(network);
}

void Engine::deliver(InFlightTable::Number number, const UpstreamAnswer& answer) noexcept {
  const InFlight& waiting = in_flight_.at(number);
  const bool failed = answer.rcode() != dns::rcode_noerror && answer.rcode() != dns::rcode_nxdomain;
  if (failed) keep_failure(waiting.key(), answer.message(), answer.extended());
  const std::uint32_t ttl_s =
      answer.ttl_s() == 0
          ? 0
          : std::clamp(answer.ttl_s(), options_.cache_ttl_min_s, options_.cache_ttl_max_s);
  const std::uint8_t rounds = seen_rounds(waiting, answer);
  (void)cache_.put(waiting.key(), {.message = answer.message(),
                                   .ttl_at = answer.ttl_at(),
                                   .targets = answer.targets(),
                                   .extended = answer.extended(),
                                   .now_ms = now_ms_,
                                   .ttl_s = ttl_s,
                                   .seen_rounds = rounds});
  // The rules and policies of now decide, not those of when it was asked; each client's its own,
  // which is judged once for the clients that share it, unless rules ask for the client's address.
  const policy::NameKey name{waiting.qname(), rules_.value()->key()};
  const Inside inside{
      .message = answer.message(), .targets = answer.targets(), .qname = name.name()};
  const policy::RareRules* rare = rules_.value()->rare.get();
  const bool by_client = rare != nullptr && rare->client_ip() != 0;
  Judgement judgement;
  std::uint32_t judged = 0;  // for which policies `judgement` stands
  answer_waiters(number, [&](const Waiter& waiter, const AnswerHead& head,
                             std::span<std::uint8_t> out) {
    const Asker asker{head, network_of(waiter.client), waiter.transport, waiter.client};
    if (waiter.led_by != 0) {
      judged = 0;  // what it borrows is written over
      return arrive(asker, way_of(waiter), name, inside, nullptr, out);
    }
    if (judged != asker.network.decision || by_client) {
      const policy::Decision decision = decide(asker.network, name, waiting.qtype, waiter.client);
      judgement = judge(asker.network, decision, name, inside);
      judged = asker.network.decision;
    }
    const Judgement ours = judge_asked(waiter, asker.network, waiting.qtype, judgement);
    if (ours.verdict.acts()) {
      // Leading somebody elsewhere writes over what the judgement may borrow.
      if (ours.verdict.action == policy::Action::local_data) judged = 0;
      if (const auto size = act(asker, ours, out)) return *size;
    }
    if (rounds != 0 && !waiter.aliased) {
      const NetworkHash network = options_.seen->network_of(waiter.client.source);
      if (network != 0) options_.seen->push(network, name);
    }
    return relay(head,
                 {.message = answer.message(),
                  .extended = answer.extended(),
                  .alias = waiter.aliased ? name.name() : Bytes{}},
                 out);
  });
}

}  // namespace khien::resolver
