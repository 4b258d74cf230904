#include "identity/actor.h"

#include <array>

namespace khien::identity {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, role_count> names{
    "administrator", "intake",        "analyst",         "legal_reviewer",
    "approver",      "duty_operator", "appeals_officer", "evidence_custodian",
    "auditor"};

}  // namespace

std::string_view to_string(Role role) noexcept { return names[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view id) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == id) return static_cast<Role>(i);
  }
  return std::nullopt;
}

bool may_hold_together(Role a, Role b) noexcept {
  const auto stands_alone = [](Role role) {
    return role == Role::administrator || role == Role::auditor;
  };
  return a == b || (!stands_alone(a) && !stands_alone(b));
}

}  // namespace khien::identity
