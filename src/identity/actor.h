// Who acts: an account, its roles at this moment, and where it belongs. Values without behaviour;
// what an actor may do is answered by rights.h, and by nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"

namespace khien::identity {

struct AccountTag;
using AccountId = Id<AccountTag>;
struct SessionTag;
using SessionId = Id<SessionTag>;  ///< names a session in lists and logs; opens nothing

/// What a person is there to do (DOMAIN 7.4). Closed: a new role is a change of the program.
enum class Role : std::uint8_t {
  administrator,       ///< accounts and the system; no content, no signature
  intake,              ///< screens reports
  analyst,             ///< works cases, proposes orders and feeds
  legal_reviewer,      ///< reads, comments, sends orders back
  approver,            ///< the second signature, never on an own order
  duty_operator,       ///< suspends and lifts, alone and at once
  appeals_officer,     ///< decides appeals against orders that they never touched
  evidence_custodian,  ///< keeps evidence
  auditor,             ///< reads everything, changes nothing
};
constexpr std::size_t role_count = 9;

/// "duty_operator": in API, ledger and database.
[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::optional<Role> parse_role(std::string_view id) noexcept;

/// A set of roles.
class Roles {
 public:
  constexpr Roles() noexcept = default;
  constexpr Roles(std::initializer_list<Role> roles) noexcept {
    for (const Role role : roles) add(role);
  }
  constexpr void add(Role role) noexcept { bits_ |= bit(role); }
  [[nodiscard]] constexpr bool has(Role role) const noexcept { return (bits_ & bit(role)) != 0; }
  [[nodiscard]] constexpr bool has_any(Roles other) const noexcept {
    return (bits_ & other.bits_) != 0;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  friend constexpr bool operator==(Roles, Roles) noexcept = default;

 private:
  static constexpr std::uint16_t bit(Role role) noexcept {
    return static_cast<std::uint16_t>(1U << static_cast<unsigned>(role));
  }
  std::uint16_t bits_ = 0;
};

/// False for two roles that one person may not hold together: the administrator and the auditor
/// each stand alone, so that who opens doors, who decides and who checks are different people.
[[nodiscard]] bool may_hold_together(Role a, Role b) noexcept;

/// The person behind a request. Made from a session (session.h) or, for the machine's own timers,
/// by system_actor().
struct Actor {
  AccountId account_id;  ///< empty for the machine itself
  Roles roles = {};
  std::string unit = {};  ///< organisational unit, empty if none is set
  std::string name = {};  ///< for showing; never into a ledger leaf
  SessionId session_id = {};
  std::int64_t factor_at_ms = 0;  ///< when the second factor was last shown in this session

  [[nodiscard]] bool is_system() const noexcept { return account_id.empty(); }
};

/// The machine acting by a timer: lapses, rechecks. It holds no role, so may() refuses it
/// everything; functions that timers call do not ask may().
[[nodiscard]] inline Actor system_actor() { return Actor{}; }

}  // namespace khien::identity
