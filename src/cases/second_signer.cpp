#include "cases/second_signer.h"

#include "base/log.h"
#include "cases/order_rules.h"
#include "store/jobs.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_due =
    "SELECT due_at_ms FROM deadline WHERE record_id = $1 AND kind = 'approve' "
    "AND done_at_ms IS NULL ORDER BY id DESC LIMIT 1";

}  // namespace

bool waits_for_second(const Order& order) noexcept {
  if (order.state == OrderState::proposed) return true;
  return order.emergency_ends_at_ms && order.approver.empty() && is_in_force(order.state);
}

Result<std::optional<InstantMs>> second_signature_due(store::Executor& db, const Order& order) {
  if (!waits_for_second(order)) return std::optional<InstantMs>{};
  if (order.emergency_ends_at_ms) return order.emergency_ends_at_ms;
  auto row = db.query_one(sql_due, {order.id});
  if (!row) return propagate(std::move(row).error(), "see when a signature is due");
  if (!row->has_value()) return std::optional<InstantMs>{};
  return std::optional{(*row)->integer(0)};
}

identity::Facts second_signature_facts(const Order& order) { return signing_facts(order); }

identity::Verdict may_sign_second(const identity::Actor& actor, const Order& order) {
  return identity::may(actor, identity::Action::order_approve, signing_facts(order));
}

Result<void> tell_second_signers(store::Transaction& tx, const Context& context,
                                 const Order& order) {
  if (!context.tell_second_signers) return {};
  auto counts = store::count_jobs(tx, job_second_signature);
  if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
  if (counts->waiting >= second_signature_jobs_max) {
    KHIEN_LOG(warning, "second_signers_not_told", {"order", order.id.value},
              {"waiting", counts->waiting});
    return {};
  }
  auto queued = store::enqueue_job(tx, context.clock,
                                   {.kind = std::string{job_second_signature},
                                    .payload = order.id.value,
                                    .dedupe_key = order.id.value,
                                    .attempts_max = second_signature_attempts_max});
  if (!queued) return tl::unexpected<Error>{std::move(queued).error()};
  return {};
}

}  // namespace khien::cases
