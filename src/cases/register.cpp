#include "cases/register.h"

#include <algorithm>

#include "cases/address_target.h"
#include "cases/number.h"
#include "cases/order_rows.h"
#include "cases/publication.h"
#include "cases/url_target.h"
#include "ledger/leaf.h"
#include "text/host.h"
#include "text/url.h"

namespace khien::cases {
namespace {

// In the order of coming into force; register_sequence is the change sequence of that moment.
constexpr std::string_view sql_list = R"(
WHERE o.valid_from_ms IS NOT NULL AND o.register_sequence < $1
  AND ($2 = '' OR o.category = $2)
  AND ($3 = 0 OR o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review'))
  AND ($4 = '' OR o.number = $5
       OR (lower(o.name) LIKE $4 ESCAPE '!' AND o.category <> 'child-abuse'))
ORDER BY o.register_sequence DESC LIMIT $6)";
constexpr std::string_view sql_in_force = R"(
WHERE o.id > $1 AND o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review')
ORDER BY o.id LIMIT 10000)";
constexpr std::string_view sql_by_name = R"(
WHERE o.valid_from_ms IS NOT NULL AND o.name = $1 ORDER BY o.register_sequence DESC LIMIT 20)";
constexpr std::string_view sql_sequence = "SELECT register_sequence FROM block_order WHERE id = $1";
constexpr std::string_view sql_last_event = R"(
SELECT kind FROM case_event
WHERE record = 'order' AND record_id = $1 AND leaf_id IS NOT NULL ORDER BY id DESC LIMIT 1)";
constexpr std::string_view sql_leaves = R"(
SELECT leaf_id FROM case_event
WHERE record = 'order' AND record_id = $1 AND leaf_id IS NOT NULL ORDER BY id)";
constexpr std::string_view sql_reported = R"(
SELECT count(*) FROM subject
WHERE kind IN ('host', 'domain') AND value = $1 AND verdict IN ('suspected', 'confirmed'))";

constexpr std::string_view sql_reported_address = R"(
SELECT count(*) FROM subject
WHERE kind = 'ip' AND value = $1 AND verdict IN ('suspected', 'confirmed'))";

Result<bool> is_withdrawn(store::Executor& db, const Order& order) {
  if (order.state != OrderState::suspended) return false;
  auto row = db.query_one(sql_last_event, {order.id.value});
  if (!row) return propagate(std::move(row).error(), "write a register entry");
  return row->has_value() && (*row)->text(0) == order_withdrawn;
}

Result<RegisterEntry> entry_of(store::Executor& db, const OrderRow& row) {
  const auto& order = row.order;
  if (!order.category || !order.valid_from_ms || !order.ends_at_ms) {
    return fail(ErrorCode::corrupt, "an order in the register is incomplete");
  }
  auto ground = load_instrument(db, order.ground);
  if (!ground) return propagate(std::move(ground).error(), "write a register entry");
  auto body = read_setting(db, Setting::body_name_vi, *order.valid_from_ms);
  if (!body) return propagate(std::move(body).error(), "write a register entry");
  auto sequence = db.query_one(sql_sequence, {order.id});
  if (!sequence) return propagate(std::move(sequence).error(), "write a register entry");
  const auto withdrawn = is_withdrawn(db, order);
  if (!withdrawn) return tl::unexpected<Error>{withdrawn.error()};
  const bool hidden = order.category == Category::child_abuse;
  return RegisterEntry{.order = order.id,
                       .number = order.number,
                       .category = *order.category,
                       .name = hidden ? ledger::commitment(row.salt, order.name) : order.name,
                       .name_hidden = hidden,
                       .display = hidden ? std::string{} : display_of(order.name),
                       .scope = order.scope,
                       .state = order.state,
                       .in_force = is_in_force(order.state),
                       .withdrawn = *withdrawn,
                       .emergency = order.emergency,
                       .one_signature = order.approver.empty(),
                       .body = std::move(*body),
                       .ground = std::move(*ground),
                       .reason = hidden ? std::string{} : order.reason,
                       .valid_from_ms = *order.valid_from_ms,
                       .valid_until_ms = leaves_force_at(order).value_or(*order.ends_at_ms),
                       .ended_at_ms = order.ended_at_ms,
                       .end_reason = hidden ? std::string{} : order.end_reason,
                       .signatures = {},
                       .cursor = (*sequence)->optional_integer(0).value_or(0)};
}

Result<std::vector<RegisterEntry>> read_entries(store::Executor& db,
                                                Result<std::vector<store::Row>> rows) {
  if (!rows) return propagate(std::move(rows).error(), "read the register");
  std::vector<RegisterEntry> entries;
  for (const auto& row : *rows) {
    auto order = read_order_row(row);
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    auto entry = entry_of(db, *order);
    if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<std::string> read_host(std::string_view written) {
  if (auto host = text::normalise_host(written)) return host;
  auto url = text::read_url(written);
  if (!url) return tl::unexpected<Error>{std::move(url).error()};
  return url->host;
}

// Orders of this very name, and those of a name above it whose scope reaches down.
Result<void> add_entries_for(store::Executor& db, std::string_view asked, std::string_view name,
                             Lookup& lookup) {
  auto entries =
      read_entries(db, db.query(std::string{order_select()} + std::string{sql_by_name}, {name}));
  if (!entries) return tl::unexpected<Error>{std::move(entries).error()};
  for (auto& entry : *entries) {
    if (entry.scope == Scope::host && asked != name) continue;
    if (entry.in_force) {
      lookup.blocking.push_back(std::move(entry));
    } else if (asked == name) {
      lookup.past.push_back(std::move(entry));
    }
  }
  return {};
}

// Orders of the first of `targets`, and of the others, which cover it.
Result<void> add_targets(store::Executor& db, const std::vector<std::string>& targets,
                         Lookup& lookup) {
  for (const auto& target : targets) {
    auto entries = read_entries(
        db, db.query(std::string{order_select()} + std::string{sql_by_name}, {target}));
    if (!entries) return tl::unexpected<Error>{std::move(entries).error()};
    for (auto& entry : *entries) {
      if (entry.in_force) {
        lookup.blocking.push_back(std::move(entry));
      } else if (target == targets.front()) {
        lookup.past.push_back(std::move(entry));
      }
    }
  }
  return {};
}

// Orders of this very address or prefix, and of the prefixes that hold it.
Result<Lookup> look_up_address(store::Executor& db, const std::vector<std::string>& targets) {
  Lookup lookup{.name = targets.front(), .registrable_domain = {}, .blocking = {}, .past = {}};
  if (auto done = add_targets(db, targets, lookup); !done) {
    return tl::unexpected<Error>{std::move(done).error()};
  }
  if (lookup.blocking.empty()) {
    auto row = db.query_one(sql_reported_address, {lookup.name});
    if (!row) return propagate(std::move(row).error(), "look up a subject");
    lookup.reported = (*row)->integer(0) > 0;
  }
  return lookup;
}

}  // namespace

Result<Page<RegisterEntry>> list_register(store::Executor& db, const RegisterFilter& filter,
                                          const PageRequest& page) {
  const int size = page_size(page);
  const std::string_view category = filter.category ? to_string(*filter.category) : "";
  const auto part = filter.query.empty() ? std::string{} : like_part(filter.query);
  const auto number = read_number(filter.query).value_or("");
  auto entries = read_entries(db, db.query(std::string{order_select()} + std::string{sql_list},
                                           {page_start(page), category,
                                            filter.in_force_only ? 1 : 0, part, number, size + 1}));
  if (!entries) return tl::unexpected<Error>{std::move(entries).error()};
  return make_page(std::move(*entries), size,
                   [](const RegisterEntry& entry) { return entry.cursor; });
}

Result<RegisterEntry> load_register_entry(store::Executor& db, const OrderId& id) {
  auto row = load_order_row(db, id);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  if (!row->order.valid_from_ms) return fail(ErrorCode::not_found, "no such order");
  auto entry = entry_of(db, *row);
  if (!entry) return entry;
  auto signatures = list_signatures(db, id);
  if (!signatures) return tl::unexpected<Error>{std::move(signatures).error()};
  for (const auto& signature : *signatures) {
    entry->signatures.push_back({.move = std::string{to_string(signature.move)},
                                 .method = signature.method,
                                 .digest = signature.digest,
                                 .at_ms = signature.signed_at_ms});
  }
  return entry;
}

Result<std::vector<InForce>> orders_shown_in_force(store::Executor& db, const OrderId& after) {
  auto rows = db.query(std::string{order_select()} + std::string{sql_in_force}, {after.value});
  if (!rows) return propagate(std::move(rows).error(), "list the orders in force");
  std::vector<InForce> orders;
  orders.reserve(rows->size());
  for (const auto& stored : *rows) {
    auto row = read_order_row(stored);
    if (!row) return tl::unexpected<Error>{std::move(row).error()};
    const auto& order = row->order;
    if (!order.category) return fail(ErrorCode::corrupt, "an order in force has no category");
    orders.push_back({.order = order.id,
                      .basis = order.emergency_ends_at_ms ? Basis::emergency : Basis::orders,
                      .category = *order.category,
                      .name = order.name,
                      .name_commitment = ledger::commitment(row->salt, order.name),
                      .scope = order.scope});
  }
  return orders;
}

Result<std::vector<std::string>> order_leaves(store::Executor& db, const OrderId& id) {
  auto rows = db.query(sql_leaves, {id.value});
  if (!rows) return propagate(std::move(rows).error(), "list the leaves of an order");
  std::vector<std::string> leaves;
  for (const auto& row : *rows) leaves.push_back(row.text(0));
  return leaves;
}

Result<Lookup> look_up(store::Executor& db, const text::PublicSuffixList& suffixes,
                       std::string_view written) {
  if (const auto targets = targets_covering(written); !targets.empty()) {
    return look_up_address(db, targets);
  }
  auto name = read_host(written);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  Lookup lookup{.name = *name,
                .registrable_domain = suffixes.registrable_domain(*name).value_or(""),
                .blocking = {},
                .past = {}};
  std::optional<std::string_view> at = *name;
  while (at) {
    auto done = add_entries_for(db, *name, *at, lookup);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    at = text::parent_of(*at);
  }
  if (auto done = add_targets(db, url_targets_covering(written), lookup); !done) {
    return tl::unexpected<Error>{std::move(done).error()};
  }
  if (lookup.blocking.empty()) {
    auto row = db.query_one(sql_reported, {*name});
    if (!row) return propagate(std::move(row).error(), "look up a subject");
    lookup.reported = (*row)->integer(0) > 0;
  }
  return lookup;
}

}  // namespace khien::cases
