// The states of every record and the moves between them, as pure tables: what is not in a table
// cannot happen, whoever asks. The words are those of the database, of the API and of
// docs/cases.md, which draws them. Who may make a move is identity's; what else it needs is in
// report.h, case.h, order.h and appeal.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace khien::cases {

enum class ReportState : std::uint8_t {
  received,
  screening,    ///< meets a decision "benign", or an officer looks at it
  quarantined,  ///< content that must not be looked at by just anybody
  rejected,     ///< out of scope, abuse of the form, or empty
  accepted,     ///< ours, but in no case
  linked,       ///< ours, in a case
  answered,     ///< its case has closed and the reporter's page says how
  closed,
  withdrawn,  ///< by the reporter
};

enum class CaseState : std::uint8_t {
  open,
  triaged,
  assessing,   ///< evidence, appraisal
  acting,      ///< an order is on its way
  monitoring,  ///< an order is in force
  on_hold,
  closed,
};

enum class OrderState : std::uint8_t {
  draft,
  impact_checked,
  proposed,  ///< one signature
  returned,  ///< to the proposer, with a reason
  refused,
  approved,  ///< two signatures (an emergency order: one, for four hours); publication is asked for
  published,   ///< our primary serves it
  enforced,    ///< every resolver that we follow has loaded it
  verified,    ///< and answers as ordered, as probes saw it
  due_review,  ///< in force; the recheck is due
  suspended,   ///< not in force; resumes or is lifted
  renewed,     ///< a successor took its place without a gap
  lifted,      ///< ended by a person
  lapsed,      ///< ended by its date
  lift_published,
  lift_verified,
};

enum class AppealState : std::uint8_t {
  lodged,
  inadmissible,
  admitted,
  assigned,
  decided,
  executed
};

/// Of one order at one resolver.
enum class EnforcementState : std::uint8_t {
  pending,
  applied,   ///< the resolver loaded the serial (claimed)
  verified,  ///< a probe saw the answer
  drifted,   ///< was verified, then a probe saw another answer
  lift_pending,
  lift_verified,
};

[[nodiscard]] std::string_view to_string(ReportState state) noexcept;
[[nodiscard]] std::string_view to_string(CaseState state) noexcept;
[[nodiscard]] std::string_view to_string(OrderState state) noexcept;
[[nodiscard]] std::string_view to_string(AppealState state) noexcept;
[[nodiscard]] std::string_view to_string(EnforcementState state) noexcept;

[[nodiscard]] std::optional<ReportState> parse_report_state(std::string_view word) noexcept;
[[nodiscard]] std::optional<CaseState> parse_case_state(std::string_view word) noexcept;
[[nodiscard]] std::optional<OrderState> parse_order_state(std::string_view word) noexcept;
[[nodiscard]] std::optional<AppealState> parse_appeal_state(std::string_view word) noexcept;
[[nodiscard]] std::optional<EnforcementState> parse_enforcement_state(
    std::string_view word) noexcept;

/// True if the table has the move. A state never moves to itself.
[[nodiscard]] bool may_move(ReportState from, ReportState to) noexcept;
[[nodiscard]] bool may_move(CaseState from, CaseState to) noexcept;
[[nodiscard]] bool may_move(OrderState from, OrderState to) noexcept;
[[nodiscard]] bool may_move(AppealState from, AppealState to) noexcept;
[[nodiscard]] bool may_move(EnforcementState from, EnforcementState to) noexcept;

/// Every state, in the order of the enum.
[[nodiscard]] std::span<const OrderState> all_order_states() noexcept;

/// True where the order belongs into the published set: approved … due_review. The register, the
/// publication rows and the served zones are compared with exactly this.
[[nodiscard]] bool is_in_force(OrderState state) noexcept;
/// True where nothing can happen any more but the proof of the lift.
[[nodiscard]] bool is_over(OrderState state) noexcept;
/// True while the proposer may still change what the order says.
[[nodiscard]] bool is_editable(OrderState state) noexcept;

}  // namespace khien::cases
