// Why a list blocks a name: from what the zones hold to the subscriptions behind it, for the people
// who meet the block and for those who decide on their objection.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cases/listing_objection.h"
#include "feeds/feed.h"
#include "publish/zone_set.h"
#include "store/executor.h"

namespace khien::feeds {

/// Whose zone entries cover a name: publish::ZoneSet::holdings() of the publisher in this process,
/// or empty where it runs elsewhere.
using FindHoldings = std::function<std::vector<publish::Holding>(std::string_view name)>;

enum class Choices : std::uint8_t { leave_out, with_them };
/// The feed that stands behind a holding; nullopt for an order, and for a network's own choice
/// where those are left out.
[[nodiscard]] std::optional<FeedId> listed_by(const publish::Holding& held,
                                              Choices choices = Choices::leave_out);

struct Listing {
  Feed feed;
  std::string name;  ///< of the entry: the name asked for, or one above it
  cases::Scope scope = cases::Scope::host;
};
/// The feeds in force among `held`, one listing each, network choices last. A feed that has just
/// ended is left out, though its names leave the zones a moment later.
[[nodiscard]] Result<std::vector<Listing>> listings_of(store::Executor& db,
                                                       std::span<const publish::Holding> held,
                                                       InstantMs now_ms);

/// cases::uphold_listing_objection, and wakes who publishes lists.
[[nodiscard]] Result<cases::ListingObjection> uphold_objection(
    store::Transaction& tx, const cases::Context& context, const identity::Actor& actor,
    const cases::ListingObjectionMove& move);
/// cases::deny_listing_objection, not by who proposed or approved a list that held the name.
[[nodiscard]] Result<cases::ListingObjection> deny_objection(
    store::Transaction& tx, const cases::Context& context, const identity::Actor& actor,
    const cases::ListingObjectionMove& move);
/// Who proposed or approved the lists of an objection; for the actions that a person is offered.
[[nodiscard]] Result<std::vector<identity::AccountId>> subscribers_of(
    store::Executor& db, const cases::ListingObjection& objection);

}  // namespace khien::feeds
