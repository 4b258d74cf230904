#include "feeds/listing.h"

#include <algorithm>
#include <utility>

#include "feeds/subscriptions.h"

namespace khien::feeds {
namespace {

constexpr std::string_view source_prefix = "feed:";

}  // namespace

std::optional<FeedId> listed_by(const publish::Holding& held, Choices choices) {
  std::string_view source = held.source;
  if (!source.starts_with(source_prefix)) return std::nullopt;
  if (choices == Choices::leave_out && held.zone.starts_with("choice-")) return std::nullopt;
  source.remove_prefix(source_prefix.size());
  return FeedId{std::string{source.substr(0, source.find(':'))}};
}

Result<std::vector<Listing>> listings_of(store::Executor& db,
                                         std::span<const publish::Holding> held, InstantMs now_ms) {
  std::vector<Listing> listings;
  for (const auto& one : held) {
    const auto id = listed_by(one, Choices::with_them);
    if (!id) continue;
    const auto known = std::any_of(listings.begin(), listings.end(),
                                   [&](const Listing& listing) { return listing.feed.id == *id; });
    if (known) continue;
    auto feed = find_feed(db, *id);
    if (!feed && feed.error().code == ErrorCode::not_found) continue;
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    if (!in_force(feed->state) || feed->draft.valid_until_ms <= now_ms) continue;
    const bool domain = one.scope == publish::Scope::domain;
    listings.push_back({.feed = std::move(*feed),
                        .name = one.name,
                        .scope = domain ? cases::Scope::domain : cases::Scope::host});
  }
  std::stable_partition(listings.begin(), listings.end(), [](const Listing& listing) {
    return basis_of(listing.feed.draft.category) == Basis::feeds;
  });
  return listings;
}

Result<cases::ListingObjection> uphold_objection(store::Transaction& tx,
                                                 const cases::Context& context,
                                                 const identity::Actor& actor,
                                                 const cases::ListingObjectionMove& move) {
  auto upheld = cases::uphold_listing_objection(tx, context, actor, move);
  if (upheld) tx.notify(channel_sets);
  return upheld;
}

Result<cases::ListingObjection> deny_objection(store::Transaction& tx,
                                               const cases::Context& context,
                                               const identity::Actor& actor,
                                               const cases::ListingObjectionMove& move) {
  auto objection = cases::load_listing_objection(tx, move.id);
  if (!objection) return objection;
  auto subscribers = subscribers_of(tx, *objection);
  if (!subscribers) return tl::unexpected<Error>{std::move(subscribers).error()};
  return cases::deny_listing_objection(tx, context, actor, move, *subscribers);
}

Result<std::vector<identity::AccountId>> subscribers_of(store::Executor& db,
                                                        const cases::ListingObjection& objection) {
  std::vector<identity::AccountId> people;
  for (const auto& list : objection.lists) {
    auto feed = find_feed(db, FeedId{list});
    if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
    people.push_back({feed->proposed_by});
    people.push_back({feed->approved_by});
  }
  return people;
}

}  // namespace khien::feeds
