#include "api/impact_of_order.h"

#include "api/listings.h"
#include "cases/address_target.h"
#include "cases/url_target.h"
#include "providers/provider.h"

namespace khien::api {
namespace {

Result<void> add_providers(store::Executor& db, std::vector<cases::OwnAddress>& own) {
  auto providers = providers::list_providers(db);
  if (!providers) return propagate(std::move(providers).error(), "list who enforces");
  for (const auto& provider : *providers) {
    for (const auto& resolver : provider.resolvers) {
      own.push_back({.prefix = to_string(resolver.address.ip), .what = provider.name});
      for (const auto& egress : resolver.egress) {
        own.push_back({.prefix = to_string(egress), .what = provider.name});
      }
    }
    for (const auto& landing : provider.landing) {
      own.push_back({.prefix = to_string(landing), .what = provider.name});
    }
  }
  return {};
}

/// What our records and the lists in force say of a web address.
Result<cases::UrlFacts> facts_around(store::Executor& db, const Services& services,
                                     const cases::UrlTarget& target) {
  auto facts = cases::url_facts(db, target);
  if (!facts) return facts;
  auto listings = listings_for(services, db, target.host);
  if (!listings) return tl::unexpected<Error>{std::move(listings).error()};
  for (const auto& listing : *listings) facts->lists.push_back(listing.feed.draft.name);
  return facts;
}

}  // namespace

Result<cases::Impact> assess_here(store::Executor& db, const Services& services,
                                  cases::ImpactInput input) {
  if (input.scope == cases::Scope::url) {
    if (const auto target = cases::parse_url_target(input.name)) {
      auto facts = facts_around(db, services, *target);
      if (!facts) return tl::unexpected<Error>{std::move(facts).error()};
      input.url = std::move(*facts);
    }
  }
  if (!cases::is_of_names(input.scope)) {
    if (auto target = cases::read_address_target(input.name, input.scope);
        target && cases::is_of_addresses(input.scope)) {
      auto names = cases::names_at(db, *target);
      if (!names) return tl::unexpected<Error>{std::move(names).error()};
      input.address.names = std::move(*names);
    }
    if (services.own_addresses) input.address.own = services.own_addresses();
    if (auto added = add_providers(db, input.address.own); !added) {
      return tl::unexpected<Error>{std::move(added).error()};
    }
  }
  const auto data = services.impact.get();
  return cases::assess_impact(*data, input);
}

Result<cases::Impact> assess_here(store::Executor& db, const Services& services,
                                  const cases::Order& order) {
  return assess_here(db, services,
                     cases::ImpactInput{.name = order.name,
                                        .scope = order.scope,
                                        .category = order.category,
                                        .address = {.names_told = order.address.names_told,
                                                    .told_source = order.address.told_source}});
}

}  // namespace khien::api
