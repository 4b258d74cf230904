// Orders: drafting, impact, the two signatures, lifting. Each move is one domain function in one
// transaction.
#include "api/handler.h"
#include "api/impact_of_order.h"
#include "api/input.h"
#include "api/json_orders.h"
#include "api/routes.h"
#include "api/services.h"
#include "cases/impact_json.h"
#include "codec/hex.h"
#include "identity/signature.h"

namespace khien::api {
namespace {

using cases::OrderId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;

constexpr std::int64_t lapsing_days_default = 14;
constexpr std::int64_t lapsing_days_max = 365;

Result<Response> answer_order(store::Executor& db, const Services& services, const Request& request,
                              const cases::Order& moved, int status = 200) {
  // Loaded again: lists and moves leave out the evidence.
  auto order = cases::load_order(db, moved.id);
  if (!order) return tl::unexpected<Error>{std::move(order).error()};
  auto out = order_whole(db, actor_of(request), *order, services.clock.now_ms());
  if (!out) return tl::unexpected<Error>{std::move(out).error()};
  return json(status, *out);
}

/// Runs one move in a transaction and answers with the order as it then is.
template <typename Move>
Result<Response> move_and_answer(const Services& services, const Request& request, Move move) {
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = move(tx, actor_of(request));
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    return answer_order(tx, services, request, *done);
  });
}

Json order_items(store::Executor& db, const std::vector<cases::Order>& orders) {
  People people{db};
  Json::Array items;
  for (const auto& order : orders) items.push_back(order_summary(order, people));
  return Json{std::move(items)};
}

/// The members of a request that an order on an address says besides.
cases::AddressGrounds address_of(Input& in) {
  return {.step_reason = in.optional_text("step_reason").value_or(""),
          .names_told = in.optional_integer("names_told"),
          .told_source = in.optional_text("told_source").value_or("")};
}

/// Checks the order's impact as things are now, and stores it.
Result<cases::Order> check_and_attach(store::Transaction& tx, const Services& services,
                                      const identity::Actor& actor, const cases::Order& order,
                                      std::int64_t version) {
  auto impact = assess_here(tx, services, order);
  if (!impact) return tl::unexpected<Error>{std::move(impact).error()};
  return cases::attach_impact(tx, services.cases, actor, order.id, version, *impact);
}

// ---- reading

Result<Response> check_impact(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::ImpactInput input{.name = in.text("name"),
                           .scope = in.one_of(in.text("scope"), cases::parse_scope, "bad_scope")};
  input.category = in.optional_one_of(in.optional_text("category"), parse_category, "no_category");
  const auto grounds = address_of(in);
  if (!in.ok()) return in.error();
  input.address.names_told = grounds.names_told;
  input.address.told_source = grounds.told_source;
  auto impact = services.database.read(
      [&](store::Executor& db) { return assess_here(db, services, std::move(input)); });
  if (!impact) return tl::unexpected<Error>{std::move(impact).error()};
  auto out = cases::impact_to_json(*impact, services.clock.now_ms());
  if (!out) return tl::unexpected<Error>{std::move(out).error()};
  return json(200, *out);
}

Result<Response> list_orders(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  cases::OrderFilter filter{.query = in.query("q")};
  filter.state = in.optional_one_of(in.query("state"), cases::parse_order_state, "bad_state");
  filter.category = in.optional_one_of(in.query("category"), parse_category, "no_category");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_orders(db, filter, page);
    if (!found) return propagate(std::move(found).error(), "list orders");
    return json_page(order_items(db, found->items).items(), found->next);
  });
}

Result<Response> list_waiting(const Services& services, const Request& request) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_waiting(db, actor_of(request));
    if (!found) return propagate(std::move(found).error(), "list what waits");
    return json_page(order_items(db, *found).items(), std::nullopt);
  });
}

Result<Response> list_lapsing(const Services& services, const Request& request) {
  Input in{request, Body::none};
  std::int64_t days = lapsing_days_default;
  if (const auto word = in.query("within_days"); !word.empty()) {
    days = word.size() <= 3 && word.find_first_not_of("0123456789") == std::string::npos
               ? std::stoll(word)
               : 0;
    if (days < 1 || days > lapsing_days_max) {
      return fail(ErrorCode::invalid_argument, "within_days must be 1 to 365", "bad_days");
    }
  }
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_lapsing(db, services.clock.now_ms() + days * ms_per_day);
    if (!found) return propagate(std::move(found).error(), "list what lapses");
    return json_page(order_items(db, *found).items(), std::nullopt);
  });
}

Result<Response> get_order(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<OrderId>("order_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto order = cases::load_order(db, id);
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    return answer_order(db, services, request, *order);
  });
}

Result<Response> list_enforcement(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<OrderId>("order_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto rows = cases::list_enforcement(db, id);
    if (!rows) return tl::unexpected<Error>{std::move(rows).error()};
    Json::Array items;
    for (const auto& row : *rows) items.push_back(enforcement_json(row));
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

Result<Response> list_grounds(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto category = in.optional_one_of(in.query("category"), parse_category, "no_category");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_instruments(db, services.clock.now_ms(), category);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array items;
    for (const auto& ground : *found) items.push_back(ground_json(ground));
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

// ---- before the first signature

/// A member that an order cannot be without: its absence has a reason word of its own.
std::string needed(Input& in, std::string_view key, const char* reason) {
  auto value = in.optional_text(key).value_or("");
  if (value.empty()) {
    in.refuse({ErrorCode::invalid_argument, std::string{key} + " is missing", reason});
  }
  return value;
}

Result<Response> draft_order(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::OrderDraft draft;
  draft.case_id = in.id_at<cases::CaseId>("case_id");
  draft.name = in.text("name");
  draft.scope = in.one_of(in.text("scope"), cases::parse_scope, "bad_scope");
  draft.category = needed(in, "category", "no_category");
  draft.ground.value = needed(in, "ground_id", "no_legal_ground");
  if (const auto* items = in.body().find("evidence_ids"); items != nullptr && !items->is_null()) {
    draft.evidence_ids = in.texts("evidence_ids");
  }
  if (draft.evidence_ids.empty()) {
    in.refuse({ErrorCode::invalid_argument, "an order needs evidence", "no_evidence"});
  }
  draft.ends_at_ms = in.optional_integer("valid_until_ms");
  if (!draft.ends_at_ms) {
    in.refuse({ErrorCode::invalid_argument, "an order needs an end date", "no_end_date"});
  }
  draft.reason = in.text("reason");
  draft.address = address_of(in);
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    const auto& actor = actor_of(request);
    auto order = cases::draft_order(tx, services.cases, actor, draft);
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    const auto impact = assess_here(tx, services, *order);
    if (!impact) return tl::unexpected<Error>{impact.error()};
    if (impact->verdict == cases::Severity::refuse) {
      // Nothing is kept of what can never be ordered; the finding says why.
      const auto kind = impact->findings.front().kind;
      return fail(ErrorCode::conflict, "the impact check refuses this name",
                  std::string{cases::to_string(kind)});
    }
    auto checked =
        cases::attach_impact(tx, services.cases, actor, order->id, order->version, *impact);
    if (!checked) return tl::unexpected<Error>{std::move(checked).error()};
    return answer_order(tx, services, request, *checked, 201);
  });
}

Result<Response> edit_order(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::OrderEdit edit{.id = in.id<OrderId>("order_id"), .version = in.integer("version")};
  edit.scope = in.optional_one_of(in.optional_text("scope"), cases::parse_scope, "bad_scope");
  edit.category = in.optional_text("category");
  edit.ground = in.optional_id_at<cases::InstrumentId>("ground_id");
  if (in.body().find("evidence_ids") != nullptr) edit.evidence_ids = in.texts("evidence_ids");
  edit.ends_at_ms = in.optional_integer("valid_until_ms");
  edit.reason = in.optional_text("reason");
  for (const auto* member : {"step_reason", "names_told", "told_source"}) {
    if (in.body().find(member) != nullptr) edit.address = address_of(in);
  }
  if (!in.ok()) return in.error();
  return move_and_answer(services, request,
                         [&](auto& tx, const auto& actor) -> Result<cases::Order> {
                           auto order = cases::edit_order(tx, services.cases, actor, edit);
                           if (!order) return order;
                           return check_and_attach(tx, services, actor, *order, order->version);
                         });
}

Result<Response> recheck_impact(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<OrderId>("order_id");
  const auto version = in.integer("version");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request,
                         [&](auto& tx, const auto& actor) -> Result<cases::Order> {
                           auto order = cases::load_order(tx, id);
                           if (!order) return order;
                           return check_and_attach(tx, services, actor, *order, version);
                         });
}

// ---- signatures

std::string purpose_of(cases::SignedMove move) {
  return "order." + std::string{cases::to_string(move)};
}

Result<Response> challenge(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<OrderId>("order_id");
  const auto version = in.integer("version");
  const auto move = in.one_of(in.text("move"), cases::parse_signed_move, "bad_move");
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    const auto& actor = actor_of(request);
    auto document = cases::signing_document(tx, services.cases, actor, id, version, move);
    if (!document) return tl::unexpected<Error>{std::move(document).error()};
    const auto purpose = purpose_of(move);
    auto begun = identity::begin_signature(
        tx, services.identity, actor,
        {.purpose = purpose, .record_id = id.value, .canonical = document->canonical});
    if (!begun) return tl::unexpected<Error>{std::move(begun).error()};
    auto order = cases::load_order(tx, id);
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    auto impact = Json::parse(order->impact, {.size_max = identity::signed_document_size_max});
    if (!impact) return fail(ErrorCode::corrupt, "a stored impact check cannot be read");
    Json::Array factors;
    for (const auto kind : begun->factors) factors.emplace_back(identity::to_string(kind));
    auto out = Json::object({{"id", begun->id.value},
                             {"move", cases::to_string(move)},
                             {"canonical", document->canonical},
                             {"digest", document->digest},
                             {"impact", std::move(*impact)},
                             {"factors", Json{std::move(factors)}},
                             {"expires_at_ms", begun->expires_at_ms}});
    if (!begun->webauthn.is_null()) out.set("webauthn", begun->webauthn);
    return json(200, out);
  });
}

/// The "signature" member: a code or a passkey's assertion over the challenge.
identity::SecondFactorProof proof_of(Input& in) {
  identity::SecondFactorProof proof;
  const auto signature = in.object("signature");
  if (!in.ok()) return proof;
  const auto method = signature.text_at("method");
  const auto challenge_id = signature.text_at("challenge_id");
  auto id = identity::ChallengeId::parse(challenge_id.value_or(""));
  if (!method || !id) {
    in.refuse({ErrorCode::malformed, "the signature has no method or challenge", "bad_field"});
    return proof;
  }
  proof.challenge_id = *id;
  if (*method == "totp") {
    proof.proof = signature.text_at("code").value_or("");
  } else if (*method == "webauthn") {
    auto member = signature.object_at("assertion");
    auto assertion =
        member
            ? identity::parse_assertion(*member)
            : Result<identity::WebauthnAssertion>{tl::unexpected<Error>{std::move(member).error()}};
    if (assertion) {
      proof.proof = std::move(*assertion);
    } else {
      in.refuse(std::move(assertion).error());
    }
  } else {
    in.refuse({ErrorCode::invalid_argument, "method is totp or webauthn", "bad_field"});
  }
  return proof;
}

using DomainMove = Result<cases::Order> (*)(store::Transaction&, const cases::Context&,
                                            const identity::Actor&, const cases::SignedRequest&);

/// Checks the factor over the document as it is now, then makes the move, in one transaction.
Result<Response> signed_move(const Services& services, const Request& request,
                             cases::SignedMove move, DomainMove domain_move) {
  Input in{request, Body::json};
  const auto id = in.id<OrderId>("order_id");
  const auto version = in.integer("version");
  const auto reason = in.optional_text("reason").value_or("");
  const auto proof = proof_of(in);
  if (!in.ok()) return in.error();
  return move_and_answer(
      services, request, [&](auto& tx, const auto& actor) -> Result<cases::Order> {
        auto document = cases::signing_document(tx, services.cases, actor, id, version, move);
        if (!document) return tl::unexpected<Error>{std::move(document).error()};
        auto record = identity::sign(tx, services.identity, actor,
                                     crypto::sha256(document->canonical), proof);
        if (!record) return tl::unexpected<Error>{std::move(record).error()};
        return domain_move(
            tx, services.cases, actor,
            {.id = id, .version = version, .signature = std::move(*record), .reason = reason});
      });
}

Result<Response> propose(const Services& services, const Request& request) {
  return signed_move(services, request, cases::SignedMove::propose, cases::propose_order);
}
Result<Response> approve(const Services& services, const Request& request) {
  return signed_move(services, request, cases::SignedMove::approve, cases::approve_order);
}
Result<Response> emergency(const Services& services, const Request& request) {
  return signed_move(services, request, cases::SignedMove::emergency, cases::declare_emergency);
}
Result<Response> ratify(const Services& services, const Request& request) {
  return signed_move(services, request, cases::SignedMove::ratify, cases::ratify_order);
}

// ---- without a signature

using ReasonedDomainMove = Result<cases::Order> (*)(store::Transaction&, const cases::Context&,
                                                    const identity::Actor&,
                                                    const cases::ReasonedMove&);

cases::ReasonedMove reasoned(Input& in) {
  return {.id = in.id<OrderId>("order_id"),
          .version = in.integer("version"),
          .reason = in.text("reason")};
}

template <ReasonedDomainMove domain_move>
Result<Response> reasoned_move(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto move = reasoned(in);
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, [&](auto& tx, const auto& actor) {
    return domain_move(tx, services.cases, actor, move);
  });
}

Result<Response> suspend(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto move = reasoned(in);
  const auto resumes = in.optional_integer("resume_at_ms");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, [&](auto& tx, const auto& actor) {
    return cases::suspend_order(tx, services.cases, actor, move, resumes);
  });
}

Result<Response> renew(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto move = reasoned(in);
  const auto until = in.integer("valid_until_ms");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request,
                         [&](auto& tx, const auto& actor) -> Result<cases::Order> {
                           auto order = cases::renew_order(tx, services.cases, actor, move, until);
                           if (!order) return order;
                           return check_and_attach(tx, services, actor, *order, order->version);
                         });
}

}  // namespace

void add_order_routes(Routes& routes, const Services& services) {
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "legal-grounds", "case.read", list_grounds);
  add(Method::post, "impact", "order.draft", check_impact);
  add(Method::get, "orders", "order.read", list_orders);
  add(Method::post, "orders", "order.draft", draft_order);
  add(Method::get, "orders/waiting", "order.approve", list_waiting);
  add(Method::get, "orders/lapsing", "order.read", list_lapsing);
  add(Method::get, "orders/{order_id}", "order.read", get_order);
  add(Method::patch, "orders/{order_id}", "order.draft", edit_order);
  add(Method::get, "orders/{order_id}/enforcement", "order.read", list_enforcement);
  add(Method::post, "orders/{order_id}/impact", "order.draft", recheck_impact);
  add(Method::post, "orders/{order_id}/challenge", "order.read", challenge);
  add(Method::post, "orders/{order_id}/propose", "order.propose", propose);
  add(Method::post, "orders/{order_id}/approve", "order.approve", approve);
  add(Method::post, "orders/{order_id}/emergency", "order.emergency", emergency);
  add(Method::post, "orders/{order_id}/ratify", "order.approve", ratify);
  add(Method::post, "orders/{order_id}/return", "order.return", reasoned_move<cases::return_order>);
  add(Method::post, "orders/{order_id}/refuse", "order.refuse", reasoned_move<cases::refuse_order>);
  add(Method::post, "orders/{order_id}/suspend", "order.suspend", suspend);
  add(Method::post, "orders/{order_id}/resume", "order.resume", reasoned_move<cases::resume_order>);
  add(Method::post, "orders/{order_id}/keep", "order.draft", reasoned_move<cases::keep_order>);
  add(Method::post, "orders/{order_id}/lift", "order.lift", reasoned_move<cases::lift_order>);
  add(Method::post, "orders/{order_id}/renew", "order.draft", renew);
}

}  // namespace khien::api
