// What upstreams say to the engine's questions, judged: whether it answers anything that we asked
// (RFC 5452 section 9.1), and whether it is of use. Everything here is hostile until then.
#include <algorithm>
#include <bit>

#include "resolver/engine.h"

namespace khien::resolver {
namespace {

// RFC 6891 section 7: how servers say that they do not know EDNS. BADVERS cannot be meant for
// version 0, but some send it.
bool dislikes_edns(std::uint16_t rcode) noexcept {
  return rcode == dns::rcode_formerr || rcode == dns::rcode_notimp || rcode == dns::rcode_badvers;
}

}  // namespace

void Engine::upstream_answered(std::uint16_t port, bool over_tcp,
                               std::span<std::uint8_t> message) noexcept {
  const auto header = dns::parse_header(message);
  if (!header || !header->is_response() || header->opcode() != dns::opcode_query) {
    counters_.add(Count::upstream_malformed);
    return;
  }
  // The source address is the connected socket's peer, so port and id are left, and the question.
  const Waiting which = in_flight_.by_id(header->id);
  const bool known = which.number != 0 &&
                     in_flight_.at(which.number).attempts[which.slot].port == port &&
                     in_flight_.at(which.number).attempts[which.slot].over_tcp == over_tcp;
  const auto question = dns::parse_question(message);
  if (!question) {
    counters_.add(Count::upstream_malformed);
    // Old servers send a bare header with FORMERR when they see EDNS.
    const bool bare = message.size() == dns::header_size && header->question_count == 0;
    if (known && bare && header->rcode() == dns::rcode_formerr) without_edns(which);
    return;
  }
  const auto is_ours = [&](const InFlight& entry) {
    return question->qtype == entry.qtype && question->qclass == dns::class_in &&
           question->name() == dns::NameView::checked(entry.qname());
  };
  if (!known || !is_ours(in_flight_.at(which.number))) {
    answered_nothing(*question);
    return;
  }
  InFlight& entry = in_flight_.at(which.number);
  Attempt& attempt = entry.attempts[which.slot];
  if (options_.tap != nullptr) [[unlikely]] {
    tap(TapKind::forwarder_response, transport_to(attempt.upstream, over_tcp), message);
  }
  if (entry.finished) {
    answered_late(which, *header);
    return;
  }
  const Bytes asked = Bytes{attempt.plain_case ? entry.name : entry.asked}.first(entry.name_size);
  if (!std::ranges::equal(question->qname, asked)) {
    if (!over_tcp) {
      case_changed(which);
      return;
    }
    // Nobody forges a stream: this upstream does not keep the case.
    if (entry.case_changed) health_.set_plain_case(attempt.upstream, now_ms_);
  }
  if (!upstream_answer_.read(message) || (over_tcp && upstream_answer_.truncated())) {
    counters_.add(Count::upstream_malformed);
    health_.malformed(attempt.upstream);
    attempt.failed = true;
    in_flight_.end_attempt(which.number, which.slot);
    // Others that were asked may know better.
    if (!entry.waits() || others_are_left(entry)) ask_next(which.number);
    return;
  }
  counters_.add(Count::upstream_answers);
  const std::uint16_t rcode = upstream_answer_.rcode();
  const bool good = rcode == dns::rcode_noerror || rcode == dns::rcode_nxdomain;
  const bool usual_way = over_tcp == (protocol(attempt.upstream) != UpstreamProtocol::udp);
  health_.answered(
      attempt.upstream,
      {.good = good, .rtt_ms = usual_way ? std::optional{now_ms_ - attempt.sent_ms} : std::nullopt},
      now_ms_);
  if (upstream_answer_.truncated()) {
    truncated(which, message);
  } else if (good) {
    answered_well(which);
  } else if (attempt.edns && dislikes_edns(rcode)) {
    without_edns(which);
  } else {
    answered_failure(which);
  }
}

// To a question that another upstream has answered meanwhile.
void Engine::answered_late(const Waiting& which, const dns::Header& header) noexcept {
  const Attempt& attempt = in_flight_.at(which.number).attempts[which.slot];
  counters_.add(Count::upstream_answers);
  const bool good = header.rcode() == dns::rcode_noerror || header.rcode() == dns::rcode_nxdomain;
  health_.answered(attempt.upstream, {.good = good, .rtt_ms = now_ms_ - attempt.sent_ms}, now_ms_);
  in_flight_.end_attempt(which.number, which.slot);
  if (!in_flight_.at(which.number).waits()) in_flight_.remove(which.number);
}

// A wrong id or port, or a wrong question: forged, or very late. Too many of them that name what we
// have asked are an attack: from then on that question is believed over TCP alone.
void Engine::answered_nothing(const dns::Question& question) noexcept {
  counters_.add(Count::upstream_mismatch);
  scratch_key_.assign(question.qname, rules_.value()->key());
  for (const int kind : {0, 1, 2, 3}) {
    const InFlightTable::Number number = in_flight_.find({.qname = scratch_key_.name(),
                                                          .hash = scratch_key_.hash(0),
                                                          .qtype = question.qtype,
                                                          .dnssec_ok = (kind & 1) != 0,
                                                          .checking_disabled = (kind & 2) != 0});
    if (number == 0) continue;
    InFlight& entry = in_flight_.at(number);
    if (entry.tcp_only || ++entry.mismatch_count < mismatches_max) continue;
    counters_.add(Count::upstream_distrusted);
    entry.tcp_only = true;
    const std::uint16_t upstream = entry.attempts[entry.attempt_count - 1U].upstream;
    for (std::size_t slot = 0; slot < entry.attempt_count; ++slot) {
      if (!entry.attempts[slot].over_tcp) in_flight_.end_attempt(number, slot);
    }
    ask_again(number, how_to_ask(entry, upstream));
  }
}

// Right but for the letter case: a guess, or a server that does not keep it. TCP will tell.
void Engine::case_changed(const Waiting& which) noexcept {
  counters_.add(Count::upstream_case);
  InFlight& entry = in_flight_.at(which.number);
  const Attempt& attempt = entry.attempts[which.slot];
  entry.case_changed = true;
  in_flight_.end_attempt(which.number, which.slot);
  Sending sending = how_to_ask(entry, attempt.upstream);
  sending.over_tcp = sending.over_tcp || !entry.tcp_failed;
  ask_again(which.number, sending);
}

void Engine::truncated(const Waiting& which, std::span<std::uint8_t> message) noexcept {
  InFlight& entry = in_flight_.at(which.number);
  const Attempt& attempt = entry.attempts[which.slot];
  in_flight_.end_attempt(which.number, which.slot);
  if (options_.tcp_upstream) {
    Sending sending = how_to_ask(entry, attempt.upstream);
    sending.over_tcp = true;
    ask_again(which.number, sending);
    return;
  }
  // Clients get no more over UDP than we asked for: they come again over TCP. To fetch it here as
  // well would cost a connection for an answer that no client of this worker can take. That it is
  // large is kept instead: a header and a question.
  for (const std::size_t count_at : {6U, 8U, 10U}) dns::store_u16(message, count_at, 0);
  const std::size_t size = dns::header_size + entry.name_size + 4U;
  (void)cache_.put(
      entry.key(),
      {.message = Bytes{message}.first(size), .now_ms = now_ms_, .ttl_s = truncated_ttl_s});
  answer_truncated(which.number);
  finish(which.number);
}

void Engine::without_edns(const Waiting& which) noexcept {
  InFlight& entry = in_flight_.at(which.number);
  Sending sending = how_to_ask(entry, entry.attempts[which.slot].upstream);
  if (entry.finished || !entry.attempts[which.slot].edns) return;
  counters_.add(Count::upstream_plain_edns);
  in_flight_.end_attempt(which.number, which.slot);
  sending.edns = false;
  ask_again(which.number, sending);
}

void Engine::answered_failure(const Waiting& which) noexcept {
  InFlight& entry = in_flight_.at(which.number);
  const auto& candidates = options_.routes[entry.route].upstreams;
  in_flight_.end_attempt(which.number, which.slot);
  entry.attempts[which.slot].failed = true;
  const bool untried = std::popcount(entry.tried) < static_cast<int>(candidates.size());
  if (entry.round == 0 && untried && entry.attempt_count < attempts_max) {
    ask_next(which.number);
    return;
  }
  if (entry.waits()) {  // another may know better, but not for long
    entry.failed_rcode = static_cast<std::uint8_t>(upstream_answer_.rcode());
    wake(entry, std::min(entry.due_ms, now_ms_ + failed_wait_ms));
    return;
  }
  if (answer_stale(which.number)) {
    finish(which.number);
    return;
  }
  deliver(which.number, upstream_answer_);
  finish(which.number);
}

void Engine::answered_well(const Waiting& which) noexcept {
  InFlight& entry = in_flight_.at(which.number);
  const Attempt& attempt = entry.attempts[which.slot];
  in_flight_.end_attempt(which.number, which.slot);
  if (!attempt.edns && !health_.wants_plain_edns(attempt.upstream, now_ms_)) {
    // Asked without EDNS because it did not like it: it shall be asked so for a while.
    health_.set_plain_edns(attempt.upstream, now_ms_);
  }
  for (std::size_t slot = 0; slot < entry.attempt_count; ++slot) {
    const Attempt& other = entry.attempts[slot];
    if (other.failed && other.upstream != attempt.upstream) {
      health_.outdone(other.upstream, now_ms_);
    }
  }
  deliver(which.number, upstream_answer_);
  finish(which.number);
}

}  // namespace khien::resolver
