// From what a provider's resolvers told to what is found about one order there. Pure functions over
// statement.h: the same statement gives the same findings again, years later.
//
// judge.h judges one resolver of ours, which says itself what it blocks. Other people's resolvers
// often say nothing, so a name that does not exist is compared with what a resolver of ours says.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "probe/statement.h"

namespace khien::probe {

enum class Finding : std::uint8_t {
  enforced,       ///< blocked, as ordered
  lifted,         ///< resolves again, as it should
  stale_serial,   ///< not blocked, and the resolver's zone is older than the order
  lift_pending,   ///< still blocked after the lift
  not_enforced,   ///< not blocked
  over_enforced,  ///< blocked, and the parent or a name beside it is as well
  probe_broken,   ///< nothing that can be judged: it says nothing about the provider
};
[[nodiscard]] std::string_view to_string(Finding finding) noexcept;
[[nodiscard]] std::optional<Finding> parse_finding(std::string_view word) noexcept;
/// enforced or lifted.
[[nodiscard]] bool is_as_ordered(Finding finding) noexcept;

/// Whether a line of a probe to a resolver can be believed, and if not, why.
enum class LineState : std::uint8_t {
  good,
  silent,            ///< no canary was answered
  canaries_fail,     ///< answers came, but no good name resolves
  nonce_unanswered,  ///< our own name gives nothing: something in between answers
  wrong_resolver,    ///< our own name was asked for by a resolver that is not the provider's
};
[[nodiscard]] std::string_view to_string(LineState state) noexcept;
[[nodiscard]] std::optional<LineState> parse_line_state(std::string_view word) noexcept;

/// From canaries and nonce; wrong_resolver is the caller's to find, who sees our own name's
/// questions. Good with half of the canaries: a site that is down is no broken line.
[[nodiscard]] LineState judge_line(const ResolverTold& told) noexcept;
/// How many canaries the resolver itself says that it blocks.
[[nodiscard]] std::size_t blocked_canaries(const ResolverTold& told) noexcept;

struct NameCase {
  Expected expected = Expected::blocked;
  const NameTold* told = nullptr;                 ///< null: not in the statement
  const NameTold* control = nullptr;              ///< what a resolver of ours said
  std::optional<std::uint32_t> serial_due = {};   ///< of the zone, with which the order is served
  std::optional<std::uint32_t> serial_told = {};  ///< that the resolver said
  /// Where the provider leads those who ask for a blocked name.
  std::span<const net::IpAddress> landing = {};
};
/// Of one resolver whose line is good.
[[nodiscard]] Finding judge_name(const NameCase& name) noexcept;

/// Of one provider with several resolvers: what a user may meet at worst. Broken ones count only
/// where all are; none is broken.
[[nodiscard]] Finding combine(std::span<const Finding> findings) noexcept;

}  // namespace khien::probe
