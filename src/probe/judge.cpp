#include "probe/judge.h"

#include "dns/edns.h"

namespace khien::probe {
namespace {

constexpr std::uint16_t ede_stale_nxdomain = 19;  // RFC 8914 section 4.20
constexpr std::size_t neighbour_labels_min = 2;   // a top-level domain is nobody's neighbour
constexpr std::size_t random_label_size = 12;

bool is_stale(const Observation& seen) noexcept {
  return seen.extended_error == dns::ede_stale_answer || seen.extended_error == ede_stale_nxdomain;
}

// Resolvers that say nothing about policy show a block as a name that does not exist.
bool looks_blocked(const Observation& seen) noexcept {
  return says_blocked(seen) || seen.rcode == dns::rcode_nxdomain;
}

bool is_usable(const Observation& seen) noexcept {
  return !seen.truncated && (seen.rcode == dns::rcode_noerror || seen.rcode == dns::rcode_nxdomain);
}

std::optional<Observation> observe_name(const Look& look, const net::SocketAddress& resolver,
                                        const dns::Name& name, const Clock& clock, Rng& rng) {
  Ask question{.resolver = resolver, .name = name, .timeout_ms = look.timeout_ms};
  auto seen = ask(question, clock, rng);
  if (!seen || seen->truncated) {
    question.transport = Transport::tcp;
    seen = ask(question, clock, rng);
  }
  return seen ? std::optional{std::move(*seen)} : std::nullopt;
}

std::optional<dns::Name> random_sibling(const dns::Name& name, Rng& rng) {
  std::string label = "probe-";
  for (std::size_t i = 0; i < random_label_size; ++i) {
    label.push_back(static_cast<char>('a' + rng.below(26)));
  }
  auto sibling = name.parent().prepend(as_bytes(label));
  return sibling ? std::optional{std::move(*sibling)} : std::nullopt;
}

}  // namespace

std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::enforced: return "enforced";
    case Verdict::not_enforced: return "not_enforced";
    case Verdict::lifted: return "lifted";
    case Verdict::over_enforced: return "over_enforced";
    case Verdict::stale: return "stale";
    case Verdict::no_answer: return "no_answer";
  }
  return "no_answer";
}

bool says_blocked(const Observation& seen) noexcept {
  const auto code = seen.extended_error;
  return seen.rpz_soa || code == dns::ede_blocked || code == dns::ede_censored ||
         code == dns::ede_filtered;
}

Verdict judge(Expected expected, const Sight& sight) noexcept {
  if (!sight.name || !is_usable(*sight.name)) return Verdict::no_answer;
  const Observation& name = *sight.name;
  if (is_stale(name)) return Verdict::stale;
  if (expected == Expected::blocked) {
    if (!looks_blocked(name)) return Verdict::not_enforced;
    // A random sibling rarely exists, so only a resolver that says so makes it "blocked".
    const bool parent_blocked = sight.parent && looks_blocked(*sight.parent);
    const bool sibling_blocked = sight.sibling && says_blocked(*sight.sibling);
    return parent_blocked || sibling_blocked ? Verdict::over_enforced : Verdict::enforced;
  }
  if (says_blocked(name)) return Verdict::enforced;
  if (name.rcode != dns::rcode_nxdomain) return Verdict::lifted;
  // Gone for everybody is not blocked.
  const bool gone = sight.reference && sight.reference->rcode == dns::rcode_nxdomain &&
                    !says_blocked(*sight.reference);
  return gone ? Verdict::lifted : Verdict::enforced;
}

Seen look(const Look& look, const Clock& clock, Rng& rng) {
  Seen seen;
  seen.sight.name = observe_name(look, look.resolver, look.name, clock, rng);
  if (!seen.sight.name) return seen;
  const dns::Name parent = look.name.parent();
  if (look.expected == Expected::blocked && look.neighbours &&
      parent.label_count() >= neighbour_labels_min) {
    seen.sight.parent = observe_name(look, look.resolver, parent, clock, rng);
    if (const auto sibling = random_sibling(look.name, rng)) {
      seen.sight.sibling = observe_name(look, look.resolver, *sibling, clock, rng);
    }
  }
  if (look.expected == Expected::resolving && look.reference &&
      seen.sight.name->rcode == dns::rcode_nxdomain) {
    seen.sight.reference = observe_name(look, *look.reference, look.name, clock, rng);
  }
  seen.verdict = judge(look.expected, seen.sight);
  return seen;
}

}  // namespace khien::probe
