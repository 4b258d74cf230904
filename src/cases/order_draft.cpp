// Orders before their first signature (order.h).
#include <algorithm>

#include "cases/address_target.h"
#include "cases/case.h"
#include "cases/impact.h"
#include "cases/impact_json.h"
#include "cases/number.h"
#include "cases/order_rules.h"
#include "cases/settings.h"
#include "cases/url_target.h"
#include "text/host.h"
#include "text/normalise.h"
#include "text/url.h"

namespace khien::cases {
namespace {

using identity::Action;

constexpr std::string_view sql_insert = R"(
INSERT INTO block_order (id, number, case_id, subject_id, name, scope, category, ground_id, reason,
  salt, state, drafted_by, drafted_at_ms, ends_at_ms, renews_id, changed_at_ms, change_sequence,
  target, step_reason, names_told, told_source)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'draft', $11, $12, $13, $14, $12, 0, $15, $16, $17,
  $18))";
constexpr std::string_view sql_edit = R"(
UPDATE block_order SET scope = $3, category = $4, ground_id = $5, reason = $6, ends_at_ms = $7,
  step_reason = $8, names_told = $9, told_source = $10,
  impact = NULL, impact_verdict = NULL, impact_at_ms = NULL
WHERE id = $1 AND version = $2)";
constexpr std::string_view sql_impact = R"(
UPDATE block_order SET impact = $3, impact_verdict = $4, impact_at_ms = $5
WHERE id = $1 AND version = $2)";
constexpr std::string_view sql_add_evidence =
    "INSERT INTO order_evidence (order_id, evidence_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
constexpr std::string_view sql_drop_evidence = "DELETE FROM order_evidence WHERE order_id = $1";

// A category that an order may have, or none yet.
Result<std::optional<Category>> read_category(std::string_view word) {
  if (word.empty()) return std::optional<Category>{};
  const auto category = parse_category(word);
  if (!category) {
    return fail(ErrorCode::invalid_argument, "there is no such category", "no_category");
  }
  if (is_choice(*category)) {
    return fail(ErrorCode::invalid_argument, "there is never an order for a network choice",
                "choice_category");
  }
  return std::optional<Category>{*category};
}

// People paste links: the host of one is what a name block can reach.
Result<std::string> read_name(std::string_view written) {
  if (auto host = text::normalise_host(written)) return host;
  auto url = text::read_url(written);
  if (!url) return tl::unexpected<Error>{std::move(url).error()};
  if (url->host_is_ip) {
    return fail(ErrorCode::malformed, "an order names a host, not an address", "ip_address");
  }
  return url->host;
}

Result<std::string> read_reason(std::string_view written) {
  auto reason = text::clean_text(written, order_reason_size_max);
  if (reason) return reason;
  auto error = std::move(reason).error();
  if (error.code == ErrorCode::limit_exceeded) error.reason = "reason_too_long";
  return propagate(std::move(error), "read the wording of an order");
}

Result<std::string> read_target(std::string_view written, Scope scope) {
  if (scope == Scope::url) return read_url_target(written);
  return is_of_names(scope) ? read_name(written) : read_address_target(written, scope);
}

// What is not said stays empty; only an order on addresses says any of it.
Result<AddressGrounds> read_grounds(const AddressGrounds& written, Scope scope) {
  if (!is_of_addresses(scope)) return AddressGrounds{};
  AddressGrounds grounds{.names_told = written.names_told};
  auto reason = read_reason(written.step_reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  grounds.step_reason = std::move(*reason);
  auto source = text::clean_line(written.told_source, told_source_size_max);
  if (!source) {
    return fail(ErrorCode::malformed, "the source of a count is one line", "bad_names_told");
  }
  grounds.told_source = std::move(*source);
  const auto told = grounds.names_told.value_or(0);
  const bool with_source = grounds.names_told.has_value() == !grounds.told_source.empty();
  if (told < 0 || told > names_told_max || !with_source) {
    return fail(ErrorCode::malformed, "a count of names needs its source, and a source its count",
                "bad_names_told");
  }
  return grounds;
}

// Empty is "none yet"; a ground that does not exist is refused by the foreign key otherwise.
Result<void> check_ground_exists(store::Executor& db, const InstrumentId& ground) {
  if (ground.empty()) return {};
  auto found = load_instrument(db, ground);
  if (found) return {};
  if (found.error().code != ErrorCode::not_found) {
    return tl::unexpected<Error>{std::move(found).error()};
  }
  return fail(ErrorCode::invalid_argument, "the legal ground is unknown", "no_legal_ground");
}

Result<void> keep_evidence(store::Transaction& tx, const OrderId& id,
                           const std::vector<std::string>& evidence_ids) {
  if (evidence_ids.size() > order_evidence_max) {
    return fail(ErrorCode::limit_exceeded, "an order rests on at most 200 items",
                "too_much_evidence");
  }
  for (const auto& evidence : evidence_ids) {
    if (!is_id_text(evidence)) return fail(ErrorCode::malformed, "not an identity", "bad_id");
    auto done = tx.execute(sql_add_evidence, {id, evidence});
    if (!done) return propagate(std::move(done).error(), "keep an order's evidence");
  }
  return {};
}

struct NewOrder {
  CaseId case_id;
  std::string name;
  Scope scope = Scope::host;
  std::optional<Category> category;
  InstrumentId ground;
  std::string reason;
  std::optional<InstantMs> ends_at_ms;
  std::vector<std::string> evidence_ids;
  AddressGrounds address;
  OrderId renews = {};
};

/// The subject that an order is about: of a web address the one that a report without a query
/// gives.
Result<Subject> subject_of(store::Transaction& tx, const Context& context, const NewOrder& draft) {
  if (draft.scope == Scope::url) {
    auto value = canonical_subject(SubjectKind::url, draft.name);
    if (!value) return tl::unexpected<Error>{std::move(value).error()};
    return ensure_subject(tx, context, SubjectKind::url, *value);
  }
  const auto kind = is_of_names(draft.scope) ? SubjectKind::host : SubjectKind::ip;
  return ensure_subject(tx, context, kind, draft.name);
}

Result<Order> insert_order(store::Transaction& tx, const Context& context,
                           const identity::Actor& actor, const NewOrder& draft) {
  const auto now_ms = context.clock.now_ms();
  auto prefix = read_setting(tx, Setting::number_prefix, now_ms);
  if (!prefix) return tl::unexpected<Error>{std::move(prefix).error()};
  auto number = next_number(tx, Series::orders, *prefix, now_ms);
  if (!number) return tl::unexpected<Error>{std::move(number).error()};
  auto subject = subject_of(tx, context, draft);
  if (!subject) return tl::unexpected<Error>{std::move(subject).error()};
  const auto id = OrderId::make(context.clock, context.rng);
  std::optional<std::string_view> category;
  if (draft.category) category = to_string(*draft.category);
  auto done = tx.execute(
      sql_insert,
      {id, *number, draft.case_id, subject->id, draft.name, stored_scope(draft.scope), category,
       draft.ground, draft.reason, ledger::new_salt(context.rng), actor.account_id, now_ms,
       draft.ends_at_ms, draft.renews, stored_target(draft.scope), draft.address.step_reason,
       draft.address.names_told, draft.address.told_source});
  if (!done) return propagate(std::move(done).error(), "draft an order");
  auto kept = keep_evidence(tx, id, draft.evidence_ids);
  if (!kept) return tl::unexpected<Error>{std::move(kept).error()};
  auto row = load_order_row(tx, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  return finish_order_move(tx, context, *row, row->order,
                           {.kind = "order.drafted",
                            .record = {},
                            .record_id = {},
                            .actor = actor.account_id,
                            .text = draft.reason});
}

}  // namespace

Result<Order> draft_order(store::Transaction& tx, const Context& context,
                          const identity::Actor& actor, const OrderDraft& draft) {
  auto done = require(actor, Action::order_draft);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  auto of_case = load_case(tx, draft.case_id);
  if (!of_case) return tl::unexpected<Error>{std::move(of_case).error()};
  if (of_case->state == CaseState::closed) return wrong_state("closed", "changed");
  auto category = read_category(draft.category);
  if (!category) return tl::unexpected<Error>{std::move(category).error()};
  if (auto allowed = check_addresses_allowed(tx, draft.scope, context.clock.now_ms()); !allowed) {
    return tl::unexpected<Error>{std::move(allowed).error()};
  }
  auto name = read_target(draft.name, draft.scope);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  auto reason = read_reason(draft.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  auto address = read_grounds(draft.address, draft.scope);
  if (!address) return tl::unexpected<Error>{std::move(address).error()};
  done = check_ground_exists(tx, draft.ground);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  return insert_order(tx, context, actor,
                      {.case_id = draft.case_id,
                       .name = std::move(*name),
                       .scope = draft.scope,
                       .category = *category,
                       .ground = draft.ground,
                       .reason = std::move(*reason),
                       .ends_at_ms = draft.ends_at_ms,
                       .evidence_ids = draft.evidence_ids,
                       .address = std::move(*address)});
}

Result<Order> edit_order(store::Transaction& tx, const Context& context,
                         const identity::Actor& actor, const OrderEdit& edit) {
  auto done = require(actor, Action::order_draft);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  auto row = begin_order_move(tx, edit.id, edit.version, OrderState::draft);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  auto after = row->order;
  after.state = OrderState::draft;
  if (edit.scope && *edit.scope != after.scope) {
    if (!is_of_names(*edit.scope) || !is_of_names(after.scope)) {
      return fail(ErrorCode::invalid_argument, "draft another order for another kind of target",
                  "bad_scope");
    }
    after.scope = *edit.scope;
  }
  if (edit.address) {
    auto address = read_grounds(*edit.address, after.scope);
    if (!address) return tl::unexpected<Error>{std::move(address).error()};
    after.address = std::move(*address);
  }
  if (edit.ground) after.ground = *edit.ground;
  if (edit.ends_at_ms) after.ends_at_ms = edit.ends_at_ms;
  if (edit.category) {
    auto category = read_category(*edit.category);
    if (!category) return tl::unexpected<Error>{std::move(category).error()};
    after.category = *category;
  }
  if (edit.reason) {
    auto reason = read_reason(*edit.reason);
    if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
    after.reason = std::move(*reason);
  }
  done = check_ground_exists(tx, after.ground);
  if (done && edit.evidence_ids) {
    auto dropped = tx.execute(sql_drop_evidence, {edit.id});
    if (!dropped) return propagate(std::move(dropped).error(), "change an order's evidence");
    done = keep_evidence(tx, edit.id, *edit.evidence_ids);
  }
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  std::optional<std::string_view> category;
  if (after.category) category = to_string(*after.category);
  auto changed =
      tx.execute(sql_edit, {edit.id, edit.version, stored_scope(after.scope), category,
                            after.ground, after.reason, after.ends_at_ms, after.address.step_reason,
                            after.address.names_told, after.address.told_source});
  if (!changed) return propagate(std::move(changed).error(), "edit an order");
  // A proposal that was returned is no proposal any more.
  after.class_a = false;
  return finish_order_move(tx, context, *row, after,
                           {.kind = "order.edited",
                            .record = {},
                            .record_id = {},
                            .actor = actor.account_id,
                            .text = after.reason == row->order.reason ? "" : after.reason});
}

Result<Order> attach_impact(store::Transaction& tx, const Context& context,
                            const identity::Actor& actor, const OrderId& id, std::int64_t version,
                            const Impact& impact) {
  auto done = require(actor, Action::order_draft);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  auto row = begin_order_move(tx, id, version, OrderState::impact_checked);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  if (impact.name != row->order.name || impact.scope != row->order.scope) {
    return fail(ErrorCode::conflict, "the impact is about another name or scope",
                "impact_mismatch");
  }
  const auto now_ms = context.clock.now_ms();
  auto json = impact_to_json(impact, now_ms);
  if (!json) return tl::unexpected<Error>{std::move(json).error()};
  auto canonical = json->canonical();
  if (!canonical) return propagate(std::move(canonical).error(), "store an impact");
  auto digest = json->text_at("digest");
  if (!digest) return tl::unexpected<Error>{std::move(digest).error()};
  auto changed =
      tx.execute(sql_impact, {id, version, *canonical, to_string(impact.verdict), now_ms});
  if (!changed) return propagate(std::move(changed).error(), "store an impact");
  auto after = row->order;
  after.state = OrderState::impact_checked;
  after.impact_verdict = to_string(impact.verdict);
  after.class_a = is_class_a(after);
  return finish_order_move(tx, context, *row, after,
                           {.kind = "order.impact_checked",
                            .record = {},
                            .record_id = {},
                            .actor = actor.account_id,
                            .fields = {{"verdict", std::string{to_string(impact.verdict)}},
                                       {"impact_sha256", *digest}}});
}

Result<Order> renew_order(store::Transaction& tx, const Context& context,
                          const identity::Actor& actor, const ReasonedMove& move,
                          InstantMs ends_at_ms) {
  auto done = require(actor, Action::order_draft);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  auto row = load_order_row(tx, move.id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  const auto& old = row->order;
  done = expect_version(move.version, old.version);
  if (!done) return tl::unexpected<Error>{std::move(done).error()};
  if (!is_in_force(old.state)) return wrong_state(to_string(old.state), "renewed");
  auto reason = clean_reason(move.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  return insert_order(tx, context, actor,
                      {.case_id = old.case_id,
                       .name = old.name,
                       .scope = old.scope,
                       .category = old.category,
                       .ground = old.ground,
                       .reason = std::move(*reason),
                       .ends_at_ms = ends_at_ms,
                       .evidence_ids = old.evidence_ids,
                       .address = old.address,
                       .renews = old.id});
}

}  // namespace khien::cases
