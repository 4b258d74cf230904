#include "cases/lift_proposal.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/enum_words.h"
#include "cases/deadline_rows.h"
#include "cases/lift_proposal_rows.h"
#include "cases/order_force.h"
#include "cases/settings.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 5> finding_words{"dead", "parked", "sinkholed",
                                                        "reregistered", "content_gone"};
constexpr std::array<std::string_view, 5> state_words{"open", "kept", "lifted", "lapsed",
                                                      "withdrawn"};

#define KHIEN_PROPOSALS                                                            \
  "SELECT id, order_id, finding, looks, since_ms, server, state, proposed_at_ms, " \
  "lapses_at_ms, settled_by, settled_at_ms, reason FROM lift_proposal WHERE "
constexpr std::string_view sql_open = KHIEN_PROPOSALS "order_id = $1 AND state = 'open'";
constexpr std::string_view sql_of_order = KHIEN_PROPOSALS "order_id = $1 ORDER BY id DESC LIMIT $2";
constexpr std::string_view sql_all_open =
    KHIEN_PROPOSALS "state = 'open' ORDER BY lapses_at_ms, id LIMIT $1";
#undef KHIEN_PROPOSALS
constexpr std::string_view sql_count_open =
    "SELECT count(*) FROM lift_proposal WHERE state = 'open'";
constexpr std::string_view sql_to_tell = R"(
SELECT count(*) FROM lift_proposal
WHERE state = 'open' AND (proposed_at_ms >= $1 OR lapses_at_ms <= $2))";
constexpr std::string_view sql_kept_lately = R"(
SELECT count(*) FROM lift_proposal
WHERE order_id = $1 AND finding = $2 AND state = 'kept' AND settled_at_ms > $3)";
constexpr std::string_view sql_insert_proposal = R"(
INSERT INTO lift_proposal (order_id, finding, looks, since_ms, server, state, proposed_at_ms,
  lapses_at_ms)
VALUES ($1, $2, $3, $4, $5, 'open', $6, $7))";
constexpr std::string_view sql_settle = R"(
UPDATE lift_proposal SET state = $2, settled_by = $3, settled_at_ms = $4, reason = $5
WHERE order_id = $1 AND state = 'open')";

Result<LiftProposal> read_proposal(const store::Row& row) {
  const auto finding = parse_recheck_finding(row.text(2));
  const auto state = std::find(state_words.begin(), state_words.end(), row.text(6));
  if (!finding || state == state_words.end()) {
    return fail(ErrorCode::corrupt, "a proposal with an unknown word");
  }
  return LiftProposal{
      .id = row.integer(0),
      .order = OrderId{row.text(1)},
      .finding = *finding,
      .grounds = {.looks = row.integer(3), .since_ms = row.integer(4), .server = row.text(5)},
      .state = static_cast<ProposalState>(state - state_words.begin()),
      .proposed_at_ms = row.integer(7),
      .lapses_at_ms = row.integer(8),
      .settled_by = {row.optional_text(9).value_or("")},
      .settled_at_ms = row.optional_integer(10),
      .reason = row.text(11)};
}

Result<std::vector<LiftProposal>> read_proposals(const Result<std::vector<store::Row>>& rows) {
  if (!rows) return propagate(Error{rows.error()}, "list proposals to lift");
  std::vector<LiftProposal> proposals;
  for (const auto& row : *rows) {
    auto proposal = read_proposal(row);
    if (!proposal) return tl::unexpected<Error>{std::move(proposal).error()};
    proposals.push_back(std::move(*proposal));
  }
  return proposals;
}

bool lives(const Order& order, InstantMs now_ms) noexcept {
  const auto end_ms = leaves_force_at(order);
  const bool in_time = end_ms && *end_ms > now_ms;
  return in_time && (is_in_force(order.state) || order.state == OrderState::suspended);
}

Result<std::int64_t> proposal_life_ms(store::Executor& db, RecheckFinding finding,
                                      InstantMs now_ms) {
  auto written = read_setting(db, Setting::proposal_days, now_ms);
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  std::int64_t days = proposal_days_default;
  std::from_chars(written->data(), written->data() + written->size(), days);
  const auto life_ms = std::clamp<std::int64_t>(days, 1, proposal_days_max) * ms_per_day;
  switch (finding) {
    case RecheckFinding::reregistered: return std::min(life_ms, reregistered_life_ms);
    case RecheckFinding::content_gone: return std::max(life_ms, content_gone_life_min_ms);
    default: return life_ms;
  }
}

/// Whether what was seen speaks against an open finding.
bool refutes(Sighting seen, RecheckFinding finding) noexcept {
  switch (finding) {
    case RecheckFinding::reregistered: return false;
    case RecheckFinding::content_gone: return seen != Sighting::name;
    default: return true;
  }
}

std::string what_is_gone(RecheckFinding finding) {
  if (finding == RecheckFinding::content_gone) return "the pages gone";
  return "the name " + std::string{to_string(finding)};
}

std::string_view why_withdrawn(Sighting seen, RecheckFinding finding) noexcept {
  if (finding != RecheckFinding::content_gone) return "the name answers again";
  return seen == Sighting::page ? "a page is there again" : "pages are looked at no more";
}

/// Whether `finding` may be proposed now: not twice, and not against a fresh "keep".
Result<bool> is_news(store::Executor& db, const LiftFinding& finding,
                     const std::optional<LiftProposal>& open, InstantMs now_ms) {
  if (open) return open->finding != finding.finding;
  auto kept = db.query_one(sql_kept_lately,
                           {finding.order, to_string(finding.finding), now_ms - kept_for_ms});
  if (!kept) return propagate(std::move(kept).error(), "look what was turned down");
  return (*kept)->integer(0) == 0;
}

Result<void> move_to_review(store::Transaction& tx, const Context& context, const OrderRow& row,
                            const LiftFinding& finding, InstantMs lapses_at_ms) {
  auto after = row.order;
  if (may_move(after.state, OrderState::due_review)) after.state = OrderState::due_review;
  auto moved = finish_order_move(tx, context, row, after,
                                 {.kind = "order.lift_proposed",
                                  .record = {},
                                  .record_id = {},
                                  .text = std::string{to_string(finding.finding)},
                                  .fields = {{"reason", std::string{to_string(finding.finding)}},
                                             {"due_at_ms", lapses_at_ms}}});
  if (!moved) return tl::unexpected<Error>{std::move(moved).error()};
  return open_deadline(tx, context,
                       {.kind = DeadlineKind::proposal_end,
                        .record = "order",
                        .record_id = row.order.id.value,
                        .case_id = row.order.case_id,
                        .due_at_ms = lapses_at_ms});
}

}  // namespace

std::string_view to_string(RecheckFinding finding) noexcept {
  return finding_words[static_cast<std::size_t>(finding)];
}
std::optional<RecheckFinding> parse_recheck_finding(std::string_view word) noexcept {
  return parse_word<RecheckFinding>(finding_words, word);
}
std::string_view to_string(ProposalState state) noexcept {
  return state_words[static_cast<std::size_t>(state)];
}

Result<std::optional<LiftProposal>> propose_lift(store::Transaction& tx, const Context& context,
                                                 const LiftFinding& finding) {
  const auto now_ms = context.clock.now_ms();
  auto row = load_order_row(tx, finding.order);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  if (!lives(row->order, now_ms)) return std::optional<LiftProposal>{};
  auto open = open_proposal(tx, finding.order);
  if (!open) return open;
  auto news = is_news(tx, finding, *open, now_ms);
  if (!news) return tl::unexpected<Error>{std::move(news).error()};
  if (!*news) return std::optional<LiftProposal>{};
  auto life_ms = proposal_life_ms(tx, finding.finding, now_ms);
  if (!life_ms) return tl::unexpected<Error>{std::move(life_ms).error()};
  auto lapses_at_ms = std::min(now_ms + *life_ms, *leaves_force_at(row->order));
  if (*open) {
    lapses_at_ms = std::min(lapses_at_ms, (*open)->lapses_at_ms);
    auto settled =
        settle_proposal(tx, context, finding.order,
                        {.state = ProposalState::withdrawn, .reason = "another finding"});
    if (!settled) return tl::unexpected<Error>{std::move(settled).error()};
  }
  if (lapses_at_ms <= now_ms) return std::optional<LiftProposal>{};  // its timer is about to act
  const auto& grounds = finding.grounds;
  auto done =
      tx.execute(sql_insert_proposal, {finding.order, to_string(finding.finding), grounds.looks,
                                       grounds.since_ms, grounds.server, now_ms, lapses_at_ms});
  if (!done) return propagate(std::move(done).error(), "propose a lift");
  auto moved = move_to_review(tx, context, *row, finding, lapses_at_ms);
  if (!moved) return tl::unexpected<Error>{std::move(moved).error()};
  return open_proposal(tx, finding.order);
}

Result<bool> withdraw_lift_proposal(store::Transaction& tx, const Context& context,
                                    const OrderId& order, Sighting seen) {
  auto open = open_proposal(tx, order);
  if (!open) return tl::unexpected<Error>{std::move(open).error()};
  if (!*open || !refutes(seen, (*open)->finding)) return false;
  auto row = load_order_row(tx, order);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  auto noted = finish_order_move(tx, context, *row, row->order,
                                 {.kind = "order.lift_withdrawn", .record = {}, .record_id = {}});
  if (!noted) return tl::unexpected<Error>{std::move(noted).error()};
  return settle_proposal(tx, context, order,
                         {.state = ProposalState::withdrawn,
                          .reason = std::string{why_withdrawn(seen, (*open)->finding)}});
}

Result<bool> settle_proposal(store::Transaction& tx, const Context& context, const OrderId& order,
                             const ProposalEnd& end) {
  std::optional<std::string> actor;
  if (!end.actor.empty()) actor = end.actor.value;
  auto done = tx.execute(sql_settle,
                         {order, to_string(end.state), actor, context.clock.now_ms(), end.reason});
  if (!done) return propagate(std::move(done).error(), "settle a proposal");
  if (*done == 0) return false;
  auto closed = close_deadline(tx, context, order.value, DeadlineKind::proposal_end);
  if (!closed) return tl::unexpected<Error>{std::move(closed).error()};
  return true;
}

Result<bool> lapse_if_proposed(store::Transaction& tx, const Context& context,
                               const OrderId& order) {
  auto open = open_proposal(tx, order);
  if (!open) return tl::unexpected<Error>{std::move(open).error()};
  if (!*open || (*open)->lapses_at_ms > context.clock.now_ms()) return false;
  auto row = load_order_row(tx, order);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  const std::string word{to_string((*open)->finding)};
  auto done = end_order(
      tx, context, *row,
      {.to = OrderState::lapsed,
       .kind = "order.lapsed",
       .reason = "recheck found " + what_is_gone((*open)->finding) + ", and nobody decided in time",
       .fields = {{"reason", "recheck-" + word}}});
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return true;
}

Result<std::optional<LiftProposal>> open_proposal(store::Executor& db, const OrderId& order) {
  auto row = db.query_one(sql_open, {order});
  if (!row) return propagate(std::move(row).error(), "look for a proposal");
  if (!row->has_value()) return std::optional<LiftProposal>{};
  auto proposal = read_proposal(**row);
  if (!proposal) return tl::unexpected<Error>{std::move(proposal).error()};
  return std::optional{std::move(*proposal)};
}

Result<std::vector<LiftProposal>> proposals_of(store::Executor& db, const OrderId& order) {
  return read_proposals(db.query(sql_of_order, {order, proposals_listed_max}));
}

Result<std::vector<LiftProposal>> list_open_proposals(store::Executor& db) {
  return read_proposals(db.query(sql_all_open, {proposals_listed_max}));
}

Result<std::int64_t> count_open_proposals(store::Executor& db) {
  auto row = db.query_one(sql_count_open);
  if (!row) return propagate(std::move(row).error(), "count proposals");
  return (*row)->integer(0);
}

Result<bool> any_proposal_to_tell(store::Executor& db, InstantMs since_ms, InstantMs soon_ms) {
  auto row = db.query_one(sql_to_tell, {since_ms, soon_ms});
  if (!row) return propagate(std::move(row).error(), "see which proposals are news");
  return (*row)->integer(0) > 0;
}

}  // namespace khien::cases
