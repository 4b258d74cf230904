#include "api/json_orders.h"

#include "api/json_cases.h"
#include "api/json_evidence.h"
#include "cases/second_signer.h"
#include "cases/url_target.h"

namespace khien::api {
namespace {

using cases::OrderState;
using codec::Json;
using identity::Action;

constexpr std::size_t impact_size_max = 256 * 1024;  // of one stored impact check

void set_if(Json& out, std::string_view key, const std::optional<InstantMs>& value) {
  if (value) out.set(key, *value);
}
void set_if(Json& out, std::string_view key, const std::string& value) {
  if (!value.empty()) out.set(key, value);
}

Json order_actions(const cases::Order& order, const identity::Actor& actor) {
  const auto second = cases::second_signature_facts(order);
  const bool editable = cases::is_editable(order.state);
  const bool checked = order.state == OrderState::impact_checked;
  const bool proposed = order.state == OrderState::proposed;
  const bool in_force = cases::is_in_force(order.state);
  const bool ratifiable = order.emergency_ends_at_ms.has_value() && in_force;
  return Actions{actor}
      .add(Action::order_draft, editable)
      .add(Action::order_propose, checked && order.impact_verdict != "refuse")
      .add(Action::order_emergency,
           checked && order.impact_verdict != "refuse" && !cases::needs_third(order.scope))
      .add(Action::order_approve, proposed || ratifiable, second)
      .add(Action::order_return, proposed)
      .add(Action::order_refuse, proposed, second)
      .add(Action::order_suspend, in_force)
      .add(Action::order_resume, order.state == OrderState::suspended)
      .add(Action::order_lift, in_force || order.state == OrderState::suspended)
      .take();
}

}  // namespace

Json order_summary(const cases::Order& order, People& people) {
  auto out = Json::object({{"id", order.id.value},
                           {"number", order.number},
                           {"version", order.version},
                           {"case_id", order.case_id.value},
                           {"category", category_json(order.category)},
                           {"name", order.name},
                           {"display", cases::display_of(order.name)},
                           {"scope", cases::to_string(order.scope)},
                           {"state", cases::to_string(order.state)},
                           {"in_force", cases::is_in_force(order.state)},
                           {"emergency", order.emergency},
                           {"proposed_by", people.json(order.proposer)},
                           {"changed_at_ms", order.changed_at_ms}});
  const bool three = cases::needs_third(order.scope);
  out.set("signatures_needed", std::int64_t{three ? 3 : 2});
  if (three && !order.co_approver.empty())
    out.set("co_approved_by", people.json(order.co_approver));
  set_if(out, "impact_verdict", order.impact_verdict);
  set_if(out, "proposed_at_ms", order.proposed_at_ms);
  set_if(out, "due_at_ms", cases::leaves_force_at(order));
  set_if(out, "valid_from_ms", order.valid_from_ms);
  set_if(out, "valid_until_ms", order.ends_at_ms);
  set_if(out, "recheck_at_ms", order.recheck_at_ms);
  set_if(out, "resume_at_ms", order.resumes_at_ms);
  return out;
}

Result<Json> order_whole(store::Executor& db, const identity::Actor& actor,
                         const cases::Order& order, InstantMs now_ms) {
  People people{db};
  auto out = order_summary(order, people);
  auto record = cases::load_case(db, order.case_id);
  if (!record) return propagate(std::move(record).error(), "load the order's case");
  out.set("case_number", record->number);
  if (!order.ground.empty()) {
    auto ground = cases::load_instrument(db, order.ground);
    if (!ground) return propagate(std::move(ground).error(), "load the legal ground");
    out.set("ground", ground_json(*ground));
  }
  out.set("reason", order.reason);
  set_if(out, "step_reason", order.address.step_reason);
  if (order.address.names_told) {
    out.set("names_told", *order.address.names_told);
    out.set("told_source", order.address.told_source);
  }

  auto evidence = evidence_items(db, order.evidence_ids, people);
  if (!evidence) return propagate(std::move(evidence).error(), "load evidence");
  out.set("evidence", std::move(*evidence));

  if (!order.impact.empty()) {
    auto impact = Json::parse(order.impact, {.size_max = impact_size_max});
    if (!impact) return fail(ErrorCode::corrupt, "a stored impact check cannot be read");
    out.set("impact", std::move(*impact));
  }
  out.set("impact_fresh",
          order.impact_at_ms && now_ms - *order.impact_at_ms < cases::impact_life_ms);

  auto signatures = cases::list_signatures(db, order.id);
  if (!signatures) return propagate(std::move(signatures).error(), "load signatures");
  Json::Array signed_by;
  for (const auto& signature : *signatures) {
    signed_by.push_back(Json::object({{"move", cases::to_string(signature.move)},
                                      {"person", people.json(signature.account)},
                                      {"unit", signature.unit},
                                      {"method", signature.method},
                                      {"digest", signature.digest},
                                      {"at_ms", signature.signed_at_ms}}));
  }
  out.set("signatures", std::move(signed_by));

  auto enforcement = cases::list_enforcement(db, order.id);
  if (!enforcement) return propagate(std::move(enforcement).error(), "load enforcement");
  Json::Array places;
  for (const auto& row : *enforcement) places.push_back(enforcement_json(row));
  out.set("enforcement", std::move(places));

  auto deadlines = cases::deadlines_of(db, order.id.value);
  if (!deadlines) return tl::unexpected<Error>{std::move(deadlines).error()};
  out.set("deadlines", deadlines_json(*deadlines));

  if (!order.renews.empty()) out.set("renews_order_id", order.renews.value);
  set_if(out, "end_reason", order.end_reason);
  out.set("actions", order_actions(order, actor));
  return out;
}

Json ground_json(const cases::LegalInstrument& ground) {
  Json::Array categories;
  for (const auto category : ground.categories) categories.emplace_back(khien::to_string(category));
  auto out =
      Json::object({{"id", ground.id.value},
                    {"title", Json::object({{"vi", ground.title_vi}, {"en", ground.title_en}})},
                    {"article", ground.article},
                    {"url", ground.url},
                    {"categories", std::move(categories)},
                    {"valid_from_ms", ground.valid_from_ms}});
  set_if(out, "valid_until_ms", ground.valid_until_ms);
  return out;
}

Json enforcement_json(const cases::Enforcement& row) {
  return Json::object({{"place", row.resolver},
                       {"state", cases::to_string(row.state)},
                       {"zone", row.zone},
                       {"serial", row.serial},
                       {"changed_at_ms", row.changed_at_ms}});
}

Json register_entry(const cases::RegisterEntry& entry) {
  Json::Array signatures;
  for (const auto& signature : entry.signatures) {
    signatures.push_back(Json::object({{"move", signature.move},
                                       {"method", signature.method},
                                       {"at_ms", signature.at_ms},
                                       {"digest", signature.digest}}));
  }
  auto out = Json::object({{"order_id", entry.order.value},
                           {"number", entry.number},
                           {"category", khien::to_string(entry.category)},
                           {"name", entry.name},
                           {"scope", cases::to_string(entry.scope)},
                           {"state", cases::to_string(entry.state)},
                           {"in_force", entry.in_force},
                           {"emergency", entry.emergency},
                           {"ground", ground_json(entry.ground)},
                           {"reason", entry.reason},
                           {"valid_from_ms", entry.valid_from_ms},
                           {"valid_until_ms", entry.valid_until_ms},
                           {"signatures", std::move(signatures)}});
  set_if(out, "ended_at_ms", entry.ended_at_ms);
  set_if(out, "end_reason", entry.end_reason);
  return out;
}

Result<Json> appeal_json(store::Executor& db, const identity::Actor& actor,
                         const cases::Appeal& appeal, const std::optional<std::string>& contact) {
  People people{db};
  auto order = cases::load_order(db, appeal.order);
  if (!order) return propagate(std::move(order).error(), "load the order");
  auto touched = cases::took_part(db, appeal.order, actor.account_id);
  if (!touched) return propagate(std::move(touched).error(), "see who took part");
  auto out = Json::object({{"id", appeal.id.value},
                           {"number", appeal.number},
                           {"version", appeal.version},
                           {"state", cases::to_string(appeal.state)},
                           {"order", order_summary(*order, people)},
                           {"text", appeal.text},
                           {"assignee", people.json(appeal.assignee)},
                           {"lodged_at_ms", appeal.lodged_at_ms}});
  if (contact) out.set("contact", *contact);
  if (appeal.outcome) out.set("outcome", cases::to_string(*appeal.outcome));
  set_if(out, "reason", appeal.reason);
  set_if(out, "answer_due_ms", appeal.answer_due_ms);
  set_if(out, "decided_at_ms", appeal.decided_at_ms);
  const identity::AccountId self[] = {actor.account_id};
  const identity::Facts facts{.touched_by = *touched ? std::span<const identity::AccountId>{self}
                                                     : std::span<const identity::AccountId>{}};
  const bool open = appeal.state == cases::AppealState::lodged ||
                    appeal.state == cases::AppealState::admitted ||
                    appeal.state == cases::AppealState::assigned;
  out.set("actions", Actions{actor}.add(Action::appeal_decide, open, facts).take());
  return out;
}

}  // namespace khien::api
