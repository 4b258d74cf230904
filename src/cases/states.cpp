#include "cases/states.h"

#include <algorithm>

namespace khien::cases {
namespace {

template <typename State>
struct Move {
  State from;
  State to;
};

constexpr std::array<std::string_view, 9> report_words{"received", "screening", "quarantined",
                                                       "rejected", "accepted",  "linked",
                                                       "answered", "closed",    "withdrawn"};
constexpr std::array<std::string_view, 7> case_words{"open",       "triaged", "assessing", "acting",
                                                     "monitoring", "on_hold", "closed"};
constexpr std::array<std::string_view, 16> order_words{
    "draft",     "impact_checked", "proposed",       "returned",     "refused",   "approved",
    "published", "enforced",       "verified",       "due_review",   "suspended", "renewed",
    "lifted",    "lapsed",         "lift_published", "lift_verified"};
constexpr std::array<std::string_view, 6> appeal_words{"lodged",   "inadmissible", "admitted",
                                                       "assigned", "decided",      "executed"};
constexpr std::array<std::string_view, 6> enforcement_words{
    "pending", "applied", "verified", "drifted", "lift_pending", "lift_verified"};

constexpr std::array order_states{
    OrderState::draft,        OrderState::impact_checked, OrderState::proposed,
    OrderState::returned,     OrderState::refused,        OrderState::approved,
    OrderState::published,    OrderState::enforced,       OrderState::verified,
    OrderState::due_review,   OrderState::suspended,      OrderState::renewed,
    OrderState::lifted,       OrderState::lapsed,         OrderState::lift_published,
    OrderState::lift_verified};

using enum ReportState;
constexpr std::array report_moves{
    Move{received, screening},    Move{received, quarantined},  Move{received, rejected},
    Move{received, accepted},     Move{received, linked},       Move{received, withdrawn},
    Move{screening, quarantined}, Move{screening, rejected},    Move{screening, accepted},
    Move{screening, linked},      Move{screening, withdrawn},   Move{quarantined, screening},
    Move{quarantined, rejected},  Move{quarantined, withdrawn}, Move{accepted, linked},
    Move{accepted, rejected},     Move{accepted, withdrawn},    Move{linked, accepted},
    Move{linked, answered},       Move{linked, withdrawn},      Move{answered, linked},
    Move{answered, closed},       Move{answered, withdrawn}};

// Any working state may follow any other: people go back and forth. `closed` only reopens.
constexpr std::array case_working{CaseState::open,   CaseState::triaged,    CaseState::assessing,
                                  CaseState::acting, CaseState::monitoring, CaseState::on_hold};

constexpr std::array order_moves{
    Move{OrderState::draft, OrderState::impact_checked},
    Move{OrderState::impact_checked, OrderState::draft},
    Move{OrderState::impact_checked, OrderState::proposed},
    Move{OrderState::impact_checked, OrderState::approved},  // emergency, one signature
    Move{OrderState::proposed, OrderState::returned},
    Move{OrderState::proposed, OrderState::refused},
    Move{OrderState::proposed, OrderState::approved}, Move{OrderState::returned, OrderState::draft},
    Move{OrderState::returned, OrderState::impact_checked},
    // Never proposed, or proposed and forgotten: what has passed its end date cannot be signed.
    Move{OrderState::draft, OrderState::refused},
    Move{OrderState::impact_checked, OrderState::refused},
    Move{OrderState::returned, OrderState::refused},
    Move{OrderState::approved, OrderState::published},
    Move{OrderState::published, OrderState::enforced},
    Move{OrderState::published, OrderState::verified},
    Move{OrderState::enforced, OrderState::verified},
    Move{OrderState::verified, OrderState::published},  // a probe disagrees, or a new resolver
    Move{OrderState::enforced, OrderState::published},
    Move{OrderState::published, OrderState::due_review},
    Move{OrderState::enforced, OrderState::due_review},
    Move{OrderState::verified, OrderState::due_review},
    Move{OrderState::due_review, OrderState::published},
    Move{OrderState::due_review, OrderState::enforced},
    Move{OrderState::due_review, OrderState::verified},
    Move{OrderState::approved, OrderState::suspended},
    Move{OrderState::published, OrderState::suspended},
    Move{OrderState::enforced, OrderState::suspended},
    Move{OrderState::verified, OrderState::suspended},
    Move{OrderState::due_review, OrderState::suspended},
    Move{OrderState::suspended, OrderState::approved},  // resumed: published again from there
    Move{OrderState::approved, OrderState::lifted}, Move{OrderState::published, OrderState::lifted},
    Move{OrderState::enforced, OrderState::lifted}, Move{OrderState::verified, OrderState::lifted},
    Move{OrderState::due_review, OrderState::lifted},
    Move{OrderState::suspended, OrderState::lifted}, Move{OrderState::approved, OrderState::lapsed},
    Move{OrderState::published, OrderState::lapsed}, Move{OrderState::enforced, OrderState::lapsed},
    Move{OrderState::verified, OrderState::lapsed},
    Move{OrderState::due_review, OrderState::lapsed},
    Move{OrderState::suspended, OrderState::lapsed},
    Move{OrderState::approved, OrderState::renewed},
    Move{OrderState::published, OrderState::renewed},
    Move{OrderState::enforced, OrderState::renewed},
    Move{OrderState::verified, OrderState::renewed},
    Move{OrderState::due_review, OrderState::renewed},
    Move{OrderState::lifted, OrderState::lift_published},
    Move{OrderState::lapsed, OrderState::lift_published},
    Move{OrderState::lift_published, OrderState::lift_verified}};

constexpr std::array appeal_moves{Move{AppealState::lodged, AppealState::inadmissible},
                                  Move{AppealState::lodged, AppealState::admitted},
                                  Move{AppealState::admitted, AppealState::assigned},
                                  Move{AppealState::assigned, AppealState::decided},
                                  Move{AppealState::decided, AppealState::executed}};

constexpr std::array enforcement_moves{
    Move{EnforcementState::pending, EnforcementState::applied},
    Move{EnforcementState::pending, EnforcementState::verified},
    Move{EnforcementState::applied, EnforcementState::verified},
    Move{EnforcementState::verified, EnforcementState::drifted},
    Move{EnforcementState::drifted, EnforcementState::verified},
    Move{EnforcementState::pending, EnforcementState::lift_pending},
    Move{EnforcementState::applied, EnforcementState::lift_pending},
    Move{EnforcementState::verified, EnforcementState::lift_pending},
    Move{EnforcementState::drifted, EnforcementState::lift_pending},
    Move{EnforcementState::lift_pending, EnforcementState::lift_verified},
    Move{EnforcementState::lift_verified, EnforcementState::lift_pending},  // it answers again
    Move{EnforcementState::lift_pending, EnforcementState::pending},        // resumed
    Move{EnforcementState::lift_verified, EnforcementState::pending}};

template <typename State, std::size_t size>
std::string_view word_of(const std::array<std::string_view, size>& words, State state) noexcept {
  return words[static_cast<std::size_t>(state)];
}

template <typename State, std::size_t size>
std::optional<State> state_of(const std::array<std::string_view, size>& words,
                              std::string_view word) noexcept {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) return std::nullopt;
  return static_cast<State>(found - words.begin());
}

template <typename State, std::size_t size>
bool has(const std::array<Move<State>, size>& moves, State from, State to) noexcept {
  return std::any_of(moves.begin(), moves.end(),
                     [&](const Move<State>& move) { return move.from == from && move.to == to; });
}

bool is_working(CaseState state) noexcept {
  return std::find(case_working.begin(), case_working.end(), state) != case_working.end();
}

}  // namespace

std::string_view to_string(ReportState state) noexcept { return word_of(report_words, state); }
std::string_view to_string(CaseState state) noexcept { return word_of(case_words, state); }
std::string_view to_string(OrderState state) noexcept { return word_of(order_words, state); }
std::string_view to_string(AppealState state) noexcept { return word_of(appeal_words, state); }
std::string_view to_string(EnforcementState state) noexcept {
  return word_of(enforcement_words, state);
}

std::optional<ReportState> parse_report_state(std::string_view word) noexcept {
  return state_of<ReportState>(report_words, word);
}
std::optional<CaseState> parse_case_state(std::string_view word) noexcept {
  return state_of<CaseState>(case_words, word);
}
std::optional<OrderState> parse_order_state(std::string_view word) noexcept {
  return state_of<OrderState>(order_words, word);
}
std::optional<AppealState> parse_appeal_state(std::string_view word) noexcept {
  return state_of<AppealState>(appeal_words, word);
}
std::optional<EnforcementState> parse_enforcement_state(std::string_view word) noexcept {
  return state_of<EnforcementState>(enforcement_words, word);
}

bool may_move(ReportState from, ReportState to) noexcept { return has(report_moves, from, to); }
bool may_move(OrderState from, OrderState to) noexcept { return has(order_moves, from, to); }
bool may_move(AppealState from, AppealState to) noexcept { return has(appeal_moves, from, to); }
bool may_move(EnforcementState from, EnforcementState to) noexcept {
  return has(enforcement_moves, from, to);
}
bool may_move(CaseState from, CaseState to) noexcept {
  if (from == to) return false;
  if (from == CaseState::closed) return to == CaseState::triaged;  // reopened
  // Nothing goes back to `open`, which means that nobody has looked yet.
  return is_working(from) && to != CaseState::open;
}

std::span<const OrderState> all_order_states() noexcept { return order_states; }

bool is_in_force(OrderState state) noexcept {
  switch (state) {
    case OrderState::approved:
    case OrderState::published:
    case OrderState::enforced:
    case OrderState::verified:
    case OrderState::due_review: return true;
    default: return false;
  }
}

bool is_over(OrderState state) noexcept {
  switch (state) {
    case OrderState::refused:
    case OrderState::renewed:
    case OrderState::lifted:
    case OrderState::lapsed:
    case OrderState::lift_published:
    case OrderState::lift_verified: return true;
    default: return false;
  }
}

bool is_editable(OrderState state) noexcept {
  return state == OrderState::draft || state == OrderState::impact_checked ||
         state == OrderState::returned;
}

}  // namespace khien::cases
