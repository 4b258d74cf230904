// The engine's third part: what zones of third parties want beyond plain blocks (ADR 0603). Nobody
// else comes here.
#include <algorithm>
#include <cstring>

#include "resolver/answer_match.h"
#include "resolver/engine.h"
#include "resolver/local_answer.h"

namespace khien::resolver {
namespace {

using policy::Action;
using policy::SourceMask;

/// The client's address as rules hold it.
struct ClientAddress {
  std::array<std::uint8_t, 16> octets{};
  std::size_t size = 16;

  explicit ClientAddress(policy::AddressKey key) noexcept {
    if (key.is_v4()) {
      size = 4;
      dns::store_u32(octets, 0, static_cast<std::uint32_t>(key.low));
      return;
    }
    dns::store_u32(octets, 0, static_cast<std::uint32_t>(key.high >> 32));
    dns::store_u32(octets, 4, static_cast<std::uint32_t>(key.high));
    dns::store_u32(octets, 8, static_cast<std::uint32_t>(key.low >> 32));
    dns::store_u32(octets, 12, static_cast<std::uint32_t>(key.low));
  }
  [[nodiscard]] Bytes bytes() const noexcept { return Bytes{octets}.first(size); }
};

/// The third parties that `verdict` does not go before.
SourceMask before(const policy::Verdict& verdict) noexcept {
  if (verdict.action == Action::none) return ~SourceMask{0};
  return is_third_party(verdict.source) ? mask_of(verdict.source) - 1 : 0;
}

}  // namespace

policy::Decision Engine::with_third_parties(policy::Decision decision,
                                            const policy::NetworkPolicy& network,
                                            const ClientRef& client) const noexcept {
  policy::Verdict& verdict = decision.verdict;
  const bool is_final = verdict.action != Action::none && !is_third_party(verdict.source);
  if (is_final || decision.excepted) return decision;
  const policy::RareRules& rare = *rules_.value()->rare;
  const SourceMask sources = rules_.value()->deciding(network.policy);
  // In one zone the client's address goes before the name.
  const SourceMask up_to = verdict.action == Action::none
                               ? sources
                               : sources & (before(verdict) | mask_of(verdict.source));
  if ((rare.client_ip() & up_to) != 0) {
    const ClientAddress address{client.source};
    policy::RareMatch match;
    rare.match_address(dns::RpzTriggerKind::client_ip, address.bytes(), up_to, match);
    if (match.verdict.action != Action::none) verdict = match.verdict;
  }
  decision.waits = verdict.action != Action::none && (rare.late() & sources & before(verdict)) != 0;
  return decision;
}

void Engine::count_disabled(const policy::NameKey& name, const ClientRef& client) noexcept {
  const policy::Rules& rules = *rules_.value();
  const SourceMask disabled = rules.rare->zones().disabled() & ~rules.expired;
  if (disabled == 0) return;
  const ClientAddress address{client.source};
  policy::RareMatch match;
  rules.rare->match_address(dns::RpzTriggerKind::client_ip, address.bytes(), disabled, match);
  const bool is_match = match.verdict.action != Action::none ||
                        rules.find_among(name, disabled).action != Action::none;
  if (is_match) counters_.add(Count::disabled);
}

Engine::Judgement Engine::judge_answer(const policy::NetworkPolicy& network, bool excepted,
                                       const Inside& inside,
                                       const policy::Verdict& otherwise) noexcept {
  const policy::Rules& rules = *rules_.value();
  const policy::Policy lawful{.sources = network.policy.sources & policy::lawful_sources()};
  SourceMask third_parties = before(otherwise);
  Judgement found;
  for (std::size_t at = 0; at < inside.targets.size();) {
    const Bytes target = dns::NameView::parse_prefix(inside.targets.subspan(at))->wire();
    scratch_key_.assign(target, rules.key());
    const policy::Verdict verdict =
        excepted ? rules.find(scratch_key_, lawful) : decide(network, scratch_key_).verdict;
    const bool counts =
        !is_third_party(verdict.source) || (mask_of(verdict.source) & third_parties) != 0;
    if (counts && verdict.acts()) {
      found = {.verdict = verdict,
               .is_qname = false,
               .name = scratch_key_.name(),
               .key = &scratch_key_,
               .target_at = static_cast<std::uint16_t>(at)};
      third_parties &= before(verdict);
      break;
    }
    if (counts && is_third_party(verdict.source)) {
      // A PASSTHRU on the way silences the zones behind it.
      found = {.verdict = verdict, .is_qname = false, .name = inside.qname};
      third_parties &= before(verdict);
    }
    at += target.size();
  }
  if (rules.rare == nullptr) return found;
  const policy::RareRules& rare = *rules.rare;
  const SourceMask deciding = excepted ? 0 : rules.deciding(network.policy);
  const auto match = match_answer(rare, inside.message, third_parties & deciding);
  if (match.verdict.action != Action::none) {
    found = {.verdict = match.verdict, .name = inside.qname, .target_at = no_target};
  }
  const SourceMask disabled = rare.zones().disabled() & ~rules.expired;
  if (match_answer(rare, inside.message, disabled).verdict.action != Action::none) {
    counters_.add(Count::disabled);
  }
  return found;
}

std::optional<std::size_t> Engine::act_rarely(const Asker& asker, const Judgement& judgement,
                                              std::span<std::uint8_t> out) noexcept {
  const policy::RareRules& rare = *rules_.value()->rare;
  switch (judgement.verdict.action) {
    case Action::drop:
      count_blocked(asker, judgement.verdict);
      counters_.add(Count::dropped_policy);
      if (asker.transport != Transport::udp) sink_.drop(asker.client);
      return 0;
    case Action::tcp_only:
      if (asker.transport != Transport::udp) return std::nullopt;
      counters_.add(Count::tcp_only);
      return write_truncated(asker.head, out);
    case Action::local_data: break;
    default: return std::nullopt;
  }
  policy::LocalRecord alias;
  rare.for_each_local(judgement.verdict, [&](const policy::LocalRecord& record) {
    if (record.type == dns::type_cname) alias = record;
  });
  if (!alias.rdata.empty()) return lead(asker, judgement, alias, out);
  count_blocked(asker, judgement.verdict);
  counters_.add(Count::led);
  return write_local(asker.head, reason_of(asker, judgement), rare, options_.block, out);
}

std::optional<std::size_t> Engine::lead(const Asker& asker, const Judgement& judgement,
                                        const policy::LocalRecord& alias,
                                        std::span<std::uint8_t> out) noexcept {
  // `*.garden.example`: the name that matched goes in front.
  std::array<std::uint8_t, dns::name_size_max> wire;
  const dns::NameView written = dns::NameView::checked(alias.rdata);
  const Bytes tail = written.is_wildcard() ? written.parent().wire() : written.wire();
  const Bytes front =
      written.is_wildcard() ? judgement.name.first(judgement.name.size() - 1) : Bytes{};
  if (front.size() > wire.size() - tail.size()) {
    Judgement gone = judgement;
    gone.verdict.action = Action::nxdomain;
    return blocked(asker, gone, out);
  }
  std::ranges::copy(front, wire.begin());
  std::ranges::copy(tail, wire.begin() + static_cast<std::ptrdiff_t>(front.size()));
  const Bytes target = Bytes{wire}.first(front.size() + tail.size());
  const Bytes asked = asker.head.question.first(asker.head.question.size() - 4);
  if (dns::NameView::checked(target) == dns::NameView::checked(asked)) return std::nullopt;

  const std::uint16_t qtype = dns::load_u16(asker.head.question, asked.size());
  const policy::NameKey name{target, rules_.value()->key()};
  const std::uint32_t ttl_s = std::min(alias.ttl, blocked_ttl_s);
  counters_.add(Count::led);
  // Where the question is for the alias itself, it is the whole answer.
  if (qtype == dns::type_cname || qtype == dns::type_any ||
      (asker.head.query_flags & dns::flag_rd) == 0) {
    count_blocked(asker, judgement.verdict);
    return write_local_alias(asker.head, reason_of(asker, judgement),
                             {.target = name.name(), .ttl_s = ttl_s}, options_.block, out);
  }
  const Way way{.source = judgement.verdict.source, .ttl_s = static_cast<std::uint8_t>(ttl_s)};
  if (const auto size = refused_way(asker, way, name, out)) return size;
  const CacheKey key{.qname = name.name(),
                     .hash = name.hash(0),
                     .qtype = qtype,
                     .dnssec_ok = asker.head.dnssec_ok,
                     .checking_disabled = (asker.head.query_flags & dns::flag_cd) != 0};
  const PacketCache::Entry* entry = cache_.find(key);
  const bool is_fresh = entry != nullptr && entry->fresh(now_ms_);
  if (is_fresh ||
      (entry != nullptr && now_ms_ < entry->ask_again_ms && entry->usable_stale(now_ms_))) {
    counters_.add(is_fresh ? Count::cache_hits : Count::cache_stale);
    return arrive(asker, way, name, {.message = entry->message(), .targets = entry->targets()},
                  entry, out);
  }
  counters_.add(Count::cache_misses);
  wait_for_upstream(asker, key, false, way);
  return 0;
}

// Zones before the one that leads may forbid the name that it leads to; itself and later ones not.
std::optional<std::size_t> Engine::refused_way(const Asker& asker, const Way& way,
                                               const policy::NameKey& name,
                                               std::span<std::uint8_t> out) noexcept {
  const policy::Rules& rules = *rules_.value();
  const SourceMask sources = rules.deciding(asker.network.policy) & (mask_of(way.source) - 1);
  const policy::Verdict verdict = rules.find_among(name, sources);
  if (!verdict.acts()) return std::nullopt;
  Judgement judgement{.verdict = verdict, .is_qname = false, .name = name.name(), .key = &name};
  // Nobody is led on from where he was led to.
  if (!verdict.blocks()) judgement.verdict.action = Action::nxdomain;
  return blocked(asker, judgement, out);
}

std::size_t Engine::arrive(const Asker& asker, const Way& way, const policy::NameKey& name,
                           const Inside& inside, const PacketCache::Entry* entry,
                           std::span<std::uint8_t> out) noexcept {
  const policy::Rules& rules = *rules_.value();
  const policy::Verdict led{.action = Action::local_data,
                            .source = way.source,
                            .stands_for = rules.rare->zones().stands_for(way.source)};
  Judgement found = judge_answer(asker.network, false, inside, led);
  if (found.verdict.acts()) {
    if (!found.verdict.blocks()) found.verdict.action = Action::nxdomain;
    found.is_qname = false;
    if (found.target_at == no_target) found.name = name.name();
    return blocked(asker, found, out);
  }
  count_blocked(asker, led);
  const Bytes asked = asker.head.question.first(asker.head.question.size() - 4);
  scratch_key_.assign(asked, rules.key());
  return write_led(asker.head, reason_of(asker, {.verdict = led, .name = scratch_key_.name()}),
                   {.alias = {.target = name.name(), .ttl_s = way.ttl_s},
                    .message = inside.message,
                    .entry = entry,
                    .now_ms = now_ms_,
                    .stale = entry != nullptr && !entry->fresh(now_ms_)},
                   options_.block, out);
}

}  // namespace khien::resolver
