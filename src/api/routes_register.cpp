// What everybody may see without a session: who runs this, the register of orders, the look-up.
#include "api/handler.h"
#include "api/input.h"
#include "api/json_orders.h"
#include "api/listings.h"
#include "api/routes.h"
#include "api/services.h"
#include "evidence/content_store.h"
#include "http/router.h"
#include "publish/agreement.h"

namespace khien::api {
namespace {

using cases::OrderId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;

Result<Response> meta(const Services& services, const Request&) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    const auto now_ms = services.clock.now_ms();
    auto vi = cases::read_setting(db, cases::Setting::body_name_vi, now_ms);
    if (!vi) return tl::unexpected<Error>{std::move(vi).error()};
    auto en = cases::read_setting(db, cases::Setting::body_name_en, now_ms);
    if (!en) return tl::unexpected<Error>{std::move(en).error()};
    auto contact = cases::read_setting(db, cases::Setting::body_contact, now_ms);
    if (!contact) return tl::unexpected<Error>{std::move(contact).error()};
    auto addresses = cases::may_order_addresses(db, now_ms);
    if (!addresses) return tl::unexpected<Error>{std::move(addresses).error()};
    Json::Array categories;
    for (const auto& facts : all_categories()) {
      if (is_choice(facts.category)) continue;
      categories.push_back(Json::object({{"id", facts.id},
                                         {"order_days_default", facts.order_days_default},
                                         {"order_days_max", facts.order_days_max}}));
    }
    return json(200, Json::object({{"authority", Json::object({{"vi", *vi}, {"en", *en}})},
                                   {"contact", *contact},
                                   {"build", services.build},
                                   {"evidence_size_max", std::int64_t{evidence::item_size_max}},
                                   {"address_orders", *addresses},
                                   {"languages", Json::array({"vi", "en"})},
                                   {"categories", Json{std::move(categories)}}}));
  });
}

Result<Response> look_up(const Services& services, const Request& request) {
  Input in{request, Body::none};
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::look_up(db, services.cases.suffixes, in.query("name"));
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array entries;
    for (const auto& entry : found->blocking) {
      entries.push_back(Json::object({{"basis", entry.one_signature ? "emergency" : "orders"},
                                      {"category", khien::to_string(entry.category)},
                                      {"name", entry.name},
                                      {"scope", cases::to_string(entry.scope)},
                                      {"order_id", entry.order.value},
                                      {"since_ms", entry.valid_from_ms},
                                      {"until_ms", entry.valid_until_ms}}));
    }
    auto listings = listings_for(services, db, found->name);
    if (!listings) return tl::unexpected<Error>{std::move(listings).error()};
    bool listed = false;
    for (const auto& listing : *listings) {
      const auto& feed = listing.feed.draft;
      const auto basis = feeds::basis_of(feed.category);
      listed = listed || basis == Basis::feeds;
      const bool hidden = feed.category == Category::child_abuse;
      entries.push_back(Json::object({{"basis", khien::to_string(basis)},
                                      {"category", khien::to_string(feed.category)},
                                      {"name", hidden ? found->name : listing.name},
                                      {"scope", cases::to_string(listing.scope)},
                                      {"feed", feed.name},
                                      {"until_ms", feed.valid_until_ms}}));
    }
    const char* verdict = !found->blocking.empty() ? "blocked"
                          : listed                 ? "listed"
                          : found->reported        ? "reported"
                                                   : "none";
    auto out = Json::object(
        {{"name", found->name}, {"verdict", verdict}, {"entries", Json{std::move(entries)}}});
    if (!found->registrable_domain.empty()) {
      out.set("registrable_domain", found->registrable_domain);
    }
    return json(200, out);
  });
}

Result<Response> list_register(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  cases::RegisterFilter filter{.query = in.query("q")};
  filter.category = in.optional_one_of(in.query("category"), parse_category, "no_category");
  filter.in_force_only = in.query("in_force") == "true";
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_register(db, filter, page);
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    Json::Array items;
    for (const auto& entry : found->items) items.push_back(register_entry(entry));
    return json_page(std::move(items), found->next);
  });
}

Result<Response> get_entry(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<OrderId>("order_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto entry = cases::load_register_entry(db, id);
    if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
    return json(200, register_entry(*entry));
  });
}

/// Whether register, ledger and zones agree: sources by id, never a name.
Result<Response> get_agreement(const Services& services, const Request&) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto state = publish::load_agreement(db);
    if (!state) return tl::unexpected<Error>{std::move(state).error()};
    if (!state->has_value()) {
      return fail(ErrorCode::not_found, "register, ledger and zones were not compared yet");
    }
    Json::Array differences;
    for (const auto& difference : (*state)->differences) {
      differences.push_back(Json::object(
          {{"kind", publish::to_string(difference.kind)}, {"source", difference.source}}));
    }
    return json(200, Json::object({{"checked_at_ms", (*state)->checked_at_ms},
                                   {"orders", (*state)->order_count},
                                   {"difference_count", (*state)->difference_count},
                                   {"differing_since_ms", (*state)->differing_since_ms},
                                   {"differences", Json{std::move(differences)}}}));
  });
}

}  // namespace

void add_register_routes(Routes& routes, const Services& services) {
  const auto add = [&](std::string path, Handle handle) {
    routes.push_back(
        public_route(services, Method::get, "/api/v1/" + std::move(path), "read", handle));
  };
  add("meta", meta);
  add("lookup", look_up);
  add("register", list_register);
  add("register/{order_id}", get_entry);
  add("agreement", get_agreement);
}

}  // namespace khien::api
