#include "feeds/set_publisher.h"

#include <utility>

#include "base/assert.h"
#include "exchange/name_set.h"
#include "feeds/subscriptions.h"

namespace khien::feeds {
namespace {

constexpr std::string_view sql_set =
    "SELECT set_hash, names FROM feed_set WHERE feed_id = $1 AND kind = 'accepted'";

struct Names {
  std::vector<std::string> hosts;
  std::vector<std::string> domains;
};

Result<Names> names_of(store::Database& database, const Feed& feed) {
  Names names;
  if (!in_force(feed.state) || feed.set_hash.empty()) return names;
  auto row = database.read(
      [&](store::Executor& executor) { return executor.query_one(sql_set, {feed.id}); });
  if (!row) return propagate(std::move(row).error(), "read an accepted set");
  if (!row->has_value()) return fail(ErrorCode::corrupt, "a feed has lost its accepted set");
  auto set = exchange::NameSet::read((*row)->octets(1));
  if (!set) return propagate(std::move(set).error(), "read an accepted set");
  if (set->hash() != (*row)->text(0)) return fail(ErrorCode::corrupt, "a set is not its hash");
  set->for_each([&names](std::string_view host, cases::Scope scope) {
    (scope == cases::Scope::host ? names.hosts : names.domains).emplace_back(host);
  });
  return names;
}

}  // namespace

std::string zone_source(const FeedId& id, cases::Scope scope) {
  return "feed:" + id.value + ":" + std::string{cases::to_string(scope)};
}

Result<PublishedFeed> SetPublisher::carry(const Feed& feed) {
  auto names = names_of(database_, feed);
  if (!names) return tl::unexpected(std::move(names).error());
  const auto* zone = publish::zone_for(basis_of(feed.draft.category), feed.draft.category);
  KHIEN_ASSERT(zone != nullptr);
  PublishedFeed published{.id = feed.id};
  for (const auto scope : {cases::Scope::host, cases::Scope::domain}) {
    const auto source = zone_source(feed.id, scope);
    const bool host = scope == cases::Scope::host;
    auto replaced = zones_.replace({.zone = zone->id,
                                    .source = source,
                                    .names = host ? names->hosts : names->domains,
                                    .scope = host ? publish::Scope::host : publish::Scope::domain});
    if (!replaced) return propagate(std::move(replaced).error(), "publish a feed");
    published.added += replaced->added;
    published.removed += replaced->removed;
    published.refused += replaced->refused.size();
  }
  return published;
}

Result<std::vector<PublishedFeed>> SetPublisher::publish() {
  auto feeds = database_.read([](store::Executor& executor) { return list_feeds(executor); });
  if (!feeds) return propagate(std::move(feeds).error(), "publish feeds");
  std::vector<PublishedFeed> changed;
  for (const auto& feed : *feeds) {
    if (feed.state == FeedState::proposed) continue;
    const std::string wanted = in_force(feed.state) ? feed.set_hash : std::string{};
    const auto known = carried_.find(feed.id.value);
    if (known != carried_.end() && known->second == wanted) continue;
    auto published = carry(feed);
    if (!published) return tl::unexpected(std::move(published).error());
    carried_[feed.id.value] = wanted;
    if (published->added + published->removed + published->refused > 0) {
      changed.push_back(*published);
    }
  }
  return changed;
}

}  // namespace khien::feeds
