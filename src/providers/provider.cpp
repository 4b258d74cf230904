#include "providers/provider.h"

#include <algorithm>
#include <array>

#include "ledger/leaf.h"
#include "text/mail_address.h"
#include "text/normalise.h"

namespace khien::providers {
namespace {

constexpr std::array<std::string_view, 4> kinds{"isp", "school", "agency", "own"};
constexpr std::size_t decision_size_min = 3;

constexpr std::string_view sql_count = "SELECT count(*) FROM provider WHERE ended_at_ms IS NULL";
constexpr std::string_view sql_insert = R"(
INSERT INTO provider (id, name, title, kind, added_at_ms, added_on)
VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view sql_end =
    "UPDATE provider SET ended_at_ms = $2, ended_on = $3 WHERE id = $1 AND ended_at_ms IS NULL";
constexpr std::string_view sql_revoke_probes = R"(
UPDATE probe SET revoked_at_ms = $2, revoked_on = $3
WHERE provider_id = $1 AND revoked_at_ms IS NULL)";
constexpr std::string_view sql_terms = R"(
INSERT INTO provider_terms (provider_id, contact_sealed, due_minutes, landing, valid_from_ms,
  decided_on)
VALUES ($1, $2, $3, $4, $5, $6))";
constexpr std::string_view sql_close_resolvers = R"(
UPDATE provider_resolver SET valid_until_ms = $2
WHERE provider_id = $1 AND valid_until_ms IS NULL)";
constexpr std::string_view sql_resolver = R"(
INSERT INTO provider_resolver (provider_id, address, egress, valid_from_ms)
VALUES ($1, $2, $3, $4))";
constexpr std::string_view sql_select = R"(
SELECT p.id, p.name, p.title, p.kind, p.added_at_ms, p.ended_at_ms, t.due_minutes, t.landing,
  CASE WHEN t.contact_sealed IS NULL THEN 0 ELSE 1 END
FROM provider p JOIN provider_terms t ON t.id = (
  SELECT max(l.id) FROM provider_terms l WHERE l.provider_id = p.id) WHERE )";
constexpr std::string_view sql_resolvers = R"(
SELECT address, egress FROM provider_resolver
WHERE provider_id = $1 AND valid_until_ms IS NULL ORDER BY id)";
constexpr std::string_view sql_contact = R"(
SELECT contact_sealed FROM provider_terms WHERE provider_id = $1 ORDER BY id DESC LIMIT 1)";

std::string contact_context(const ProviderId& id) { return "provider-contact:" + id.value; }

template <typename Items>
std::string joined(const Items& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : " ") + to_string(item);
  return text;
}

/// What joined() wrote.
template <typename Item>
Result<std::vector<Item>> split(std::string_view text, Result<Item> (*parse)(std::string_view)) {
  std::vector<Item> items;
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    auto item = parse(text.substr(0, space));
    if (!item) return fail(ErrorCode::corrupt, "an address of a provider is damaged");
    items.push_back(std::move(*item));
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return items;
}

tl::unexpected<Error> refused(std::string_view why, std::string_view reason) {
  return fail(ErrorCode::invalid_argument, std::string{why}, std::string{reason});
}

Result<void> check_terms(const Terms& terms, const std::vector<ProviderResolver>& resolvers) {
  if (!terms.contact.empty() && !text::is_mail_address(terms.contact)) {
    return refused("the contact is no mail address", "bad_contact");
  }
  if (terms.due_minutes < due_minutes_min || terms.due_minutes > due_minutes_max) {
    return refused("a provider has 5 minutes to 7 days", "bad_due");
  }
  const auto many = [](const ProviderResolver& one) { return one.egress.size() > egress_max; };
  if (terms.landing.size() > landing_max || std::ranges::any_of(resolvers, many)) {
    return refused("at most 8 addresses of the page, and 8 prefixes of a resolver",
                   "too_many_addresses");
  }
  std::vector<net::SocketAddress> addresses;
  for (const auto& one : resolvers) addresses.push_back(one.address);
  std::ranges::sort(addresses);
  const bool twice = std::ranges::adjacent_find(addresses) != addresses.end();
  const auto no_port = [](const net::SocketAddress& address) { return address.port == 0; };
  if (addresses.size() > provider_resolvers_max || twice ||
      std::ranges::any_of(addresses, no_port)) {
    return refused("at most 8 different resolvers, each an address with a port",
                   "too_many_resolvers");
  }
  return {};
}

Result<void> record(store::Transaction& tx, const Context& context, std::string_view type,
                    const ProviderId& id, std::string_view basis) {
  auto leaf = ledger::append(tx, context.clock, context.rng,
                             {.type = std::string{type},
                              .fields = {{"credential", id.value}, {"basis", std::string{basis}}}});
  if (!leaf) return propagate(std::move(leaf).error(), "append leaf");
  return {};
}

Result<void> write_terms(store::Transaction& tx, const Context& context, const ProviderId& id,
                         const Terms& terms, const std::vector<ProviderResolver>& resolvers,
                         const std::string& decision) {
  const auto now_ms = context.clock.now_ms();
  store::Value contact;
  if (!terms.contact.empty()) {
    contact = crypto::seal(context.contact_key, as_bytes(terms.contact), contact_context(id),
                           context.rng);
  }
  auto done = tx.execute(sql_terms, {id, std::move(contact), terms.due_minutes,
                                     joined(terms.landing), now_ms, decision});
  if (!done) return propagate(std::move(done).error(), "note a provider's terms");
  done = tx.execute(sql_close_resolvers, {id, now_ms});
  if (!done) return propagate(std::move(done).error(), "end a provider's resolvers");
  for (const auto& one : resolvers) {
    done = tx.execute(sql_resolver, {id, to_string(one.address), joined(one.egress), now_ms});
    if (!done) return propagate(std::move(done).error(), "note a provider's resolver");
  }
  return {};
}

Result<Provider> read_provider(store::Executor& db, const store::Row& row) {
  const auto kind = parse_provider_kind(row.text(3));
  auto landing = split<net::IpAddress>(row.text(7), net::IpAddress::parse);
  if (!kind || !landing) return fail(ErrorCode::corrupt, "a provider is damaged");
  Provider provider{.id = ProviderId{row.text(0)},
                    .name = row.text(1),
                    .title = row.text(2),
                    .kind = *kind,
                    .added_at_ms = row.integer(4),
                    .ended_at_ms = row.optional_integer(5),
                    .due_minutes = row.integer(6),
                    .landing = std::move(*landing),
                    .has_contact = row.integer(8) == 1,
                    .resolvers = {}};
  auto resolvers = db.query(sql_resolvers, {provider.id});
  if (!resolvers) return propagate(std::move(resolvers).error(), "list a provider's resolvers");
  for (const auto& one : *resolvers) {
    const auto address = net::SocketAddress::parse(one.text(0));
    auto egress = split<net::Prefix>(one.text(1), net::Prefix::parse);
    if (!address || !egress) return fail(ErrorCode::corrupt, "a provider's resolver is damaged");
    provider.resolvers.push_back({.address = *address, .egress = std::move(*egress)});
  }
  return provider;
}

Result<Provider> load_where(store::Executor& db, std::string_view where, std::string_view value) {
  auto row = db.query_one(std::string{sql_select} + std::string{where}, {value});
  if (!row) return propagate(std::move(row).error(), "load a provider");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such provider");
  return read_provider(db, **row);
}

}  // namespace

std::string_view to_string(ProviderKind kind) noexcept {
  return kinds[static_cast<std::size_t>(kind)];
}

std::optional<ProviderKind> parse_provider_kind(std::string_view word) noexcept {
  const auto* found = std::ranges::find(kinds, word);
  if (found == kinds.end()) return std::nullopt;
  return static_cast<ProviderKind>(found - kinds.begin());
}

std::int64_t Provider::lift_due_ms() const noexcept {
  return std::min(due_minutes, lift_due_minutes_max) * ms_per_minute;
}

bool is_provider_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= provider_name_size_max && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Result<std::string> clean_decision(std::string_view decision) {
  auto words = text::clean_text(decision, decision_size_max);
  if (!words || words->size() < decision_size_min) {
    return fail(ErrorCode::invalid_argument, "say what this rests on", "reason_needed");
  }
  return words;
}

Result<ProviderId> add_provider(store::Transaction& tx, const Context& context,
                                const ProviderDraft& draft, const Act& act) {
  if (!is_provider_name(draft.name)) {
    return refused("a provider's name is 1 to 32 of a-z, 0-9 and -", "bad_name");
  }
  auto title = text::clean_line(draft.title, provider_title_size_max);
  if (!title || title->empty()) return refused("a provider has a title", "bad_title");
  if (auto good = check_terms(draft.terms, draft.resolvers); !good) {
    return tl::unexpected<Error>{std::move(good).error()};
  }
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  auto held = find_provider(tx, draft.name);
  if (held) return fail(ErrorCode::conflict, "there is a provider of that name", "provider_exists");
  if (held.error().code != ErrorCode::not_found) {
    return tl::unexpected<Error>{std::move(held).error()};
  }
  auto count = tx.query_one(sql_count);
  if (!count) return propagate(std::move(count).error(), "count providers");
  if ((*count)->integer(0) >= static_cast<std::int64_t>(providers_max)) {
    return fail(ErrorCode::limit_exceeded, "no more providers can be entered",
                "too_many_providers");
  }
  const auto id = ProviderId::make(context.clock, context.rng);
  auto done = tx.execute(sql_insert, {id, draft.name, *title, to_string(draft.kind),
                                      context.clock.now_ms(), *decision});
  if (!done) return propagate(std::move(done).error(), "add a provider");
  auto terms = write_terms(tx, context, id, draft.terms, draft.resolvers, *decision);
  if (!terms) return tl::unexpected<Error>{std::move(terms).error()};
  auto leaf = record(tx, context, "provider.added", id, act.basis);
  if (!leaf) return tl::unexpected<Error>{std::move(leaf).error()};
  return id;
}

Result<void> change_provider(store::Transaction& tx, const Context& context, const ProviderId& id,
                             const Terms& terms, const std::vector<ProviderResolver>& resolvers,
                             const Act& act) {
  if (auto good = check_terms(terms, resolvers); !good) return good;
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  auto provider = load_provider(tx, id);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  if (provider->ended_at_ms) return fail(ErrorCode::conflict, "this provider has ended", "ended");
  auto done = write_terms(tx, context, id, terms, resolvers, *decision);
  return done ? record(tx, context, "provider.changed", id, act.basis) : done;
}

Result<void> end_provider(store::Transaction& tx, const Context& context, const ProviderId& id,
                          const Act& act) {
  auto decision = clean_decision(act.decision);
  if (!decision) return tl::unexpected<Error>{std::move(decision).error()};
  const auto now_ms = context.clock.now_ms();
  auto done = tx.execute(sql_end, {id, now_ms, *decision});
  if (!done) return propagate(std::move(done).error(), "end a provider");
  if (*done == 0) return fail(ErrorCode::not_found, "no such provider in use");
  done = tx.execute(sql_revoke_probes, {id, now_ms, *decision});
  if (!done) return propagate(std::move(done).error(), "revoke its probes");
  done = tx.execute(sql_close_resolvers, {id, now_ms});
  if (!done) return propagate(std::move(done).error(), "end its resolvers");
  return record(tx, context, "provider.ended", id, act.basis);
}

Result<Provider> load_provider(store::Executor& db, const ProviderId& id) {
  return load_where(db, "p.id = $1", id.value);
}

Result<Provider> find_provider(store::Executor& db, std::string_view name) {
  return load_where(db, "p.name = $1 AND p.ended_at_ms IS NULL", name);
}

Result<std::vector<Provider>> list_providers(store::Executor& db) {
  auto rows = db.query(std::string{sql_select} + "p.ended_at_ms IS NULL ORDER BY p.name");
  if (!rows) return propagate(std::move(rows).error(), "list providers");
  std::vector<Provider> providers;
  for (const auto& row : *rows) {
    auto provider = read_provider(db, row);
    if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
    providers.push_back(std::move(*provider));
  }
  return providers;
}

Result<std::string> read_contact(store::Executor& db, const Context& context,
                                 const ProviderId& id) {
  auto row = db.query_one(sql_contact, {id});
  if (!row) return propagate(std::move(row).error(), "read a provider's contact");
  if (!row->has_value() || (*row)->is_null(0)) return std::string{};
  auto plain = crypto::open(context.contact_key, (*row)->octets(0), contact_context(id));
  if (!plain) return propagate(std::move(plain).error(), "open a provider's contact");
  return to_text(*plain);
}

}  // namespace khien::providers
