// Objections to an order by whom it affects, without an account: a random code, stored as a hash,
// shows what became of it. Decided by somebody who took no part in the order. A manifest error
// needs none of this: any duty officer lifts at once (order.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cases/context.h"
#include "cases/ids.h"
#include "cases/order.h"
#include "cases/page.h"
#include "cases/states.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

constexpr std::size_t appeal_text_size_max = 10'000 * 4;  // octets
constexpr int appeal_answer_days = 1;                     // working days, DOMAIN 7.3
constexpr int appeal_decision_days = 5;

enum class AppealOutcome : std::uint8_t {
  upheld,  ///< the objector is right: the order is lifted
  partly,  ///< lifted, and a narrower order may be proposed: a signed order is never rewritten
  denied,
};
[[nodiscard]] std::string_view to_string(AppealOutcome outcome) noexcept;
[[nodiscard]] std::optional<AppealOutcome> parse_appeal_outcome(std::string_view word) noexcept;

struct AppealDraft {
  std::string order;  ///< id, number or blocked name (the newest order about it)
  std::string text;
  std::string contact = {};  ///< sealed, in a table of its own
  std::string language = "vi";
  std::string submission = {};  ///< as in ReportDraft
};
struct AppealReceipt {
  AppealId appeal;
  std::string code;  ///< shown this once
  std::string number;
  OrderId order;
  InstantMs lodged_at_ms = 0;
  InstantMs answer_due_ms = 0;
};
/// not_found "unknown_order"; conflict "order_over" if its end is proven; invalid_argument
/// "appeal_empty". Leaf appeal.lodged.
[[nodiscard]] Result<AppealReceipt> lodge_appeal(store::Transaction& tx, const Context& context,
                                                 const AppealDraft& draft);

struct Appeal {
  AppealId id;
  std::string number;
  std::int64_t version = 1;
  AppealState state = AppealState::lodged;
  OrderId order;
  CaseId case_id;
  std::string text;
  bool has_contact = false;
  bool suspends = false;  ///< the order stays suspended until the decision
  identity::AccountId assignee;
  std::optional<AppealOutcome> outcome;
  std::string reason;  ///< of the last decision about it
  InstantMs lodged_at_ms = 0;
  std::optional<InstantMs> answer_due_ms;
  std::optional<InstantMs> decided_at_ms;
  std::int64_t cursor = 0;
};
[[nodiscard]] Result<Appeal> load_appeal(store::Executor& db, const AppealId& id);
[[nodiscard]] Result<Page<Appeal>> list_appeals(store::Executor& db,
                                                std::optional<AppealState> state,
                                                const PageRequest& page);
/// The contact that the objector left; nullopt if none. Only for whom may() lets decide this
/// appeal: the caller asks, with took_part() among the facts.
[[nodiscard]] Result<std::optional<std::string>> open_appeal_contact(store::Executor& db,
                                                                     const Context& context,
                                                                     const AppealId& id);
/// By the objector's code; not_found for every code that is none.
[[nodiscard]] Result<Appeal> appeal_status(store::Executor& db, std::string_view code);
/// True if the account has left a trace in the order: drafted, signed, returned, lifted…
[[nodiscard]] Result<bool> took_part(store::Executor& db, const OrderId& order,
                                     const identity::AccountId& account);

// ---- moves: right appeal.decide, denied "touched_order" for whoever did --------------

struct AppealMove {
  AppealId id;
  std::int64_t version;
  std::string reason;
};
/// Leaf appeal.inadmissible.
[[nodiscard]] Result<Appeal> refuse_appeal(store::Transaction& tx, const Context& context,
                                           const identity::Actor& actor, const AppealMove& move);
/// `suspend`: the order leaves force until the decision. Leaf appeal.admitted (and
/// order.suspended).
[[nodiscard]] Result<Appeal> admit_appeal(store::Transaction& tx, const Context& context,
                                          const identity::Actor& actor, const AppealMove& move,
                                          bool suspend);
/// `account` must hold an appeals role (the caller knows) and must not have taken part. Leaf
/// appeal.assigned.
[[nodiscard]] Result<Appeal> assign_appeal(store::Transaction& tx, const Context& context,
                                           const identity::Actor& actor, const AppealMove& move,
                                           const identity::AccountId& account);
/// By the assignee. upheld and partly lift the order, denied resumes one that the appeal suspended.
/// The appeal is executed in the same transaction. Leaves appeal.decided, appeal.executed and the
/// order's.
[[nodiscard]] Result<Appeal> decide_appeal(store::Transaction& tx, const Context& context,
                                           const identity::Actor& actor, const AppealMove& move,
                                           AppealOutcome outcome);

}  // namespace khien::cases
