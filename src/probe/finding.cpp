#include "probe/finding.h"

#include <algorithm>
#include <array>

#include "dns/edns.h"
#include "dns/serial.h"

namespace khien::probe {
namespace {

// In the order of the enum, which is from best to worst among those that can be judged.
constexpr std::array<std::string_view, 7> finding_words{
    "enforced",     "lifted",        "stale_serial", "lift_pending",
    "not_enforced", "over_enforced", "probe_broken"};
constexpr std::array<std::string_view, 5> line_words{"good", "silent", "canaries_fail",
                                                     "nonce_unanswered", "wrong_resolver"};
constexpr std::uint16_t ede_stale_nxdomain = 19;  // RFC 8914 section 4.20

template <typename Word, std::size_t size>
std::optional<Word> parse_word(const std::array<std::string_view, size>& words,
                               std::string_view word) noexcept {
  const auto* found = std::ranges::find(words, word);
  if (found == words.end()) return std::nullopt;
  return static_cast<Word>(found - words.begin());
}

bool is_stale(const Observation& seen) noexcept {
  return seen.extended_error == dns::ede_stale_answer || seen.extended_error == ede_stale_nxdomain;
}

/// An answer of now that says whether the name is there.
const Observation* usable(const Told& told) noexcept {
  if (!told || told->truncated || is_stale(*told)) return nullptr;
  const bool says = told->rcode == dns::rcode_noerror || told->rcode == dns::rcode_nxdomain;
  return says || says_blocked(*told) ? &*told : nullptr;
}
const Observation* usable(const std::optional<Told>& told) noexcept {
  return told ? usable(*told) : nullptr;
}

bool is_absent(const Observation& seen) noexcept { return seen.rcode == dns::rcode_nxdomain; }

/// A resolver of ours says that the name is there.
bool exists(const Observation* control) noexcept {
  return control != nullptr && !is_absent(*control) && !says_blocked(*control);
}

/// The resolver says so, or it leads to the provider's page about blocked names.
bool is_blocked(const Observation& seen, std::span<const net::IpAddress> landing) noexcept {
  return says_blocked(seen) || std::ranges::any_of(seen.addresses, [&](const net::IpAddress& ip) {
           return std::ranges::find(landing, ip) != landing.end();
         });
}

/// A name that must resolve is kept away: it is blocked, or this resolver alone does not know it.
bool is_withheld(const NameCase& name, const Observation& seen,
                 const Observation* control) noexcept {
  return is_blocked(seen, name.landing) || (is_absent(seen) && exists(control));
}

bool is_over_enforced(const NameCase& name) noexcept {
  const Observation* parent = usable(name.told->parent);
  const Observation* control = name.control != nullptr ? usable(name.control->parent) : nullptr;
  // What our own resolver blocks as well stands in a list of ours.
  const bool ours = control != nullptr && says_blocked(*control);
  if (parent != nullptr && !ours && is_withheld(name, *parent, control)) return true;
  // A random sibling rarely exists, so only a resolver that says so makes it "blocked".
  const Observation* sibling = usable(name.told->sibling);
  const Observation* control_sibling =
      name.control != nullptr ? usable(name.control->sibling) : nullptr;
  const bool sibling_ours = control_sibling != nullptr && says_blocked(*control_sibling);
  return sibling != nullptr && !sibling_ours && is_blocked(*sibling, name.landing);
}

Finding judge_block(const NameCase& name, const Observation& seen) noexcept {
  if (is_blocked(seen, name.landing) || is_absent(seen)) {
    return is_over_enforced(name) ? Finding::over_enforced : Finding::enforced;
  }
  const bool behind = name.serial_due && name.serial_told &&
                      dns::serial_before(*name.serial_told, *name.serial_due);
  return behind ? Finding::stale_serial : Finding::not_enforced;
}

Finding judge_lift(const NameCase& name, const Observation& seen) noexcept {
  if (is_blocked(seen, name.landing)) return Finding::lift_pending;
  if (!is_absent(seen)) return Finding::lifted;
  const Observation* control = name.control != nullptr ? usable(name.control->told) : nullptr;
  // Without a second opinion a name that is gone cannot be told from one that is still blocked.
  if (control == nullptr || says_blocked(*control)) return Finding::probe_broken;
  return is_absent(*control) ? Finding::lifted : Finding::lift_pending;
}

}  // namespace

std::string_view to_string(Finding finding) noexcept {
  return finding_words[static_cast<std::size_t>(finding)];
}
std::optional<Finding> parse_finding(std::string_view word) noexcept {
  return parse_word<Finding>(finding_words, word);
}
std::string_view to_string(LineState state) noexcept {
  return line_words[static_cast<std::size_t>(state)];
}
std::optional<LineState> parse_line_state(std::string_view word) noexcept {
  return parse_word<LineState>(line_words, word);
}

bool is_as_ordered(Finding finding) noexcept {
  return finding == Finding::enforced || finding == Finding::lifted;
}

LineState judge_line(const ResolverTold& told) noexcept {
  std::size_t answered = 0;
  std::size_t good = 0;
  for (const auto& canary : told.canaries) {
    if (!canary.told) continue;
    ++answered;
    const Observation* seen = usable(canary.told);
    if (seen != nullptr && seen->rcode == dns::rcode_noerror && !says_blocked(*seen)) ++good;
  }
  if (answered == 0) return LineState::silent;
  if (good * 2 < told.canaries.size()) return LineState::canaries_fail;
  if (!told.nonce) return LineState::good;
  const Observation* nonce = usable(told.nonce);
  const bool came_back =
      nonce != nullptr && nonce->rcode == dns::rcode_noerror && nonce->answer_count > 0;
  return came_back ? LineState::good : LineState::nonce_unanswered;
}

std::size_t blocked_canaries(const ResolverTold& told) noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(
      told.canaries, [](const CanaryTold& one) { return one.told && says_blocked(*one.told); }));
}

Finding judge_name(const NameCase& name) noexcept {
  const Observation* seen = name.told != nullptr ? usable(name.told->told) : nullptr;
  if (seen == nullptr) return Finding::probe_broken;
  return name.expected == Expected::blocked ? judge_block(name, *seen) : judge_lift(name, *seen);
}

Finding combine(std::span<const Finding> findings) noexcept {
  std::optional<Finding> worst;
  for (const Finding finding : findings) {
    if (finding == Finding::probe_broken) continue;
    if (!worst || finding > *worst) worst = finding;
  }
  return worst.value_or(Finding::probe_broken);
}

}  // namespace khien::probe
