// The counts beside the menu, how mail fares, and the public texts that programs show.
#include <algorithm>
#include <array>

#include "api/handler.h"
#include "api/input.h"
#include "api/routes_deadlines.h"
#include "api/routes_session.h"
#include "api/services.h"
#include "cases/appeal.h"
#include "cases/case.h"
#include "cases/lift_proposal.h"
#include "cases/listing_objection.h"
#include "cases/order.h"
#include "cases/second_signer.h"
#include "evidence/destruction.h"
#include "identity/account_change.h"
#include "identity/rights.h"
#include "notice/lift_proposals.h"
#include "notice/second_signer.h"
#include "store/jobs.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using identity::Action;

constexpr std::int64_t lapsing_within_ms = 14 * ms_per_day;
constexpr std::int64_t due_soon_ms = 2 * ms_per_hour;     // or overdue
constexpr std::int64_t count_max = cases::page_size_max;  // the menu shows "200" for more

template <typename T>
std::int64_t count_of(const std::vector<T>& items) {
  return std::min<std::int64_t>(static_cast<std::int64_t>(items.size()), count_max);
}

/// Cases that `filter` finds, up to count_max.
Result<std::int64_t> count_cases(store::Executor& db, const cases::CaseFilter& filter) {
  auto found = cases::list_cases(db, filter, {.size = cases::page_size_max});
  if (!found) return propagate(std::move(found).error(), "count cases");
  return count_of(found->items);
}

/// Appeals that wait for somebody, up to count_max.
Result<std::int64_t> count_open_appeals(store::Executor& db) {
  std::int64_t count = 0;
  for (const auto state :
       {cases::AppealState::lodged, cases::AppealState::admitted, cases::AppealState::assigned}) {
    auto found = cases::list_appeals(db, state, {.size = cases::page_size_max});
    if (!found) return propagate(std::move(found).error(), "count appeals");
    count += count_of(found->items);
  }
  auto listings = cases::count_open_listing_objections(db);
  if (!listings) return listings;
  return std::min(count + *listings, count_max);
}

/// Counts only what the person's roles open; the rest is 0.
Result<Response> overview(const Services& services, const Request& request) {
  const auto& actor = actor_of(request);
  const auto opens = [&](Action action) { return identity::may(actor, action).allowed; };
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    Json out = Json::object({{"cases_new", 0},
                             {"cases_mine", 0},
                             {"orders_waiting", 0},
                             {"orders_lapsing", 0},
                             {"lifts_proposed", 0},
                             {"due_soon", 0},
                             {"appeals_open", 0},
                             {"destructions_waiting", 0},
                             {"changes_pending", 0}});
    const auto set = [&](std::string_view key, Result<std::int64_t> count) -> Result<void> {
      if (!count) return tl::unexpected<Error>{std::move(count).error()};
      out.set(key, *count);
      return {};
    };
    if (opens(Action::case_read)) {
      auto fresh = set("cases_new", count_cases(db, {.state = cases::CaseState::open}));
      if (!fresh) return tl::unexpected<Error>{std::move(fresh).error()};
      auto mine = set("cases_mine", count_cases(db, {.assignee = actor.account_id.value}));
      if (!mine) return tl::unexpected<Error>{std::move(mine).error()};
    }
    if (opens(Action::order_approve)) {
      auto waiting = cases::list_waiting(db, actor);
      if (!waiting) return tl::unexpected<Error>{std::move(waiting).error()};
      out.set("orders_waiting", count_of(*waiting));
    }
    if (opens(Action::order_read)) {
      auto lapsing = cases::list_lapsing(db, services.clock.now_ms() + lapsing_within_ms);
      if (!lapsing) return tl::unexpected<Error>{std::move(lapsing).error()};
      out.set("orders_lapsing", count_of(*lapsing));
      auto proposed = set("lifts_proposed", cases::count_open_proposals(db));
      if (!proposed) return tl::unexpected<Error>{std::move(proposed).error()};
    }
    auto due = set("due_soon", count_due(db, actor, services.clock.now_ms() + due_soon_ms));
    if (!due) return tl::unexpected<Error>{std::move(due).error()};
    if (opens(Action::appeal_read)) {
      auto appeals = set("appeals_open", count_open_appeals(db));
      if (!appeals) return tl::unexpected<Error>{std::move(appeals).error()};
    }
    if (opens(Action::evidence_confirm_destruction)) {
      auto waiting = evidence::pending_destructions(db, count_max);
      if (!waiting) return tl::unexpected<Error>{std::move(waiting).error()};
      out.set("destructions_waiting", count_of(*waiting));
    }
    if (opens(Action::account_change)) {
      auto changes = identity::list_changes(db, identity::ChangeState::pending, {}, count_max);
      if (!changes) return tl::unexpected<Error>{std::move(changes).error()};
      out.set("changes_pending", count_of(*changes));
    }
    return json(200, out);
  });
}

/// How mail to officers fares: counts alone.
Result<Response> mail_state(const Services& services, const Request&) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    store::JobCounts total;
    for (const auto kind :
         {cases::job_second_signature, notice::job_signer_mail, notice::job_proposals_mail}) {
      auto counts = store::count_jobs(db, kind);
      if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
      total.waiting += counts->waiting;
      total.dead += counts->dead;
    }
    auto signers =
        identity::accounts_with_right(db, services.clock.now_ms(), Action::order_approve);
    if (!signers) return tl::unexpected<Error>{std::move(signers).error()};
    const auto no_address = std::ranges::count_if(
        *signers, [](const identity::Account& account) { return account.email.empty(); });
    return json(200, Json::object({{"set_up", services.mail},
                                   {"waiting", total.waiting},
                                   {"undelivered", total.dead},
                                   {"signers", static_cast<std::int64_t>(signers->size())},
                                   {"signers_without_address", std::int64_t{no_address}}}));
  });
}

/// The explanations of the public help page, as plain text.
Result<Response> legal_texts(const Services& services, const Request& request) {
  const auto language = request.query_value("language").value_or("");
  if (language != "vi" && language != "en") {
    return fail(ErrorCode::invalid_argument, "language is vi or en", "bad_language");
  }
  static constexpr std::array<std::string_view, 4> keys{"what", "fence", "keep", "wrong"};
  Json::Array items;
  for (const auto key : keys) {
    const auto title = "public.help." + std::string{key};
    items.push_back(Json::object({{"key", key},
                                  {"title", services.site.text(language, title)},
                                  {"body", services.site.text(language, title + "_text")}}));
  }
  return json(200, Json::object({{"items", Json{std::move(items)}}}));
}

}  // namespace

void add_overview_routes(std::vector<http::Route>& routes, const Services& services) {
  routes.push_back(officer_route(services, Method::get, "/api/v1/overview", "self", overview));
  routes.push_back(
      officer_route(services, Method::get, "/api/v1/mail", "account.read", mail_state));
  routes.push_back(public_route(services, Method::get, "/api/v1/legal-texts", "read", legal_texts));
}

}  // namespace khien::api
