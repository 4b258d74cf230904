#include "feeds/set_publisher.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "exchange/name_set.h"
#include "feeds/subscriptions.h"

namespace khien::feeds {
namespace {

constexpr std::string_view sql_set =
    "SELECT set_hash, names FROM feed_set WHERE feed_id = $1 AND kind = 'accepted'";

void note(std::vector<PublishedFeed>& changed, const PublishedFeed& published) {
  if (published.added + published.removed + published.refused > 0) changed.push_back(published);
}

}  // namespace

std::string zone_source(const FeedId& id, cases::Scope scope) {
  return "feed:" + id.value + ":" + std::string{cases::to_string(scope)};
}

bool SetPublisher::stands(const Feed& feed) const noexcept {
  // Its date counts from the instant it passes, not from when somebody wrote "lapsed".
  return in_force(feed.state) && !feed.set_hash.empty() &&
         feed.draft.valid_until_ms > clock_.now_ms();
}

Result<SetPublisher::Names> SetPublisher::names_of(const Feed& feed) {
  Names names;
  auto row = database_.read(
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

Result<PublishedFeed> SetPublisher::replace(const FeedId& id, Category category,
                                            const Names& names) {
  const auto* zone = publish::zone_for(basis_of(category), category);
  KHIEN_ASSERT(zone != nullptr);
  PublishedFeed published{.id = id};
  for (const auto scope : {cases::Scope::host, cases::Scope::domain}) {
    const auto source = zone_source(id, scope);
    const bool host = scope == cases::Scope::host;
    auto replaced = zones_.replace({.zone = zone->id,
                                    .source = source,
                                    .names = host ? names.hosts : names.domains,
                                    .scope = host ? publish::Scope::host : publish::Scope::domain});
    if (!replaced) return propagate(std::move(replaced).error(), "publish a feed");
    published.added += replaced->added;
    published.removed += replaced->removed;
    published.refused += replaced->refused;
  }
  return published;
}

Result<void> SetPublisher::carry(const Feed& feed, std::vector<PublishedFeed>& changed) {
  const Carried wanted{.set_hash = stands(feed) ? feed.set_hash : std::string{},
                       .category = feed.draft.category,
                       .valid_until_ms = feed.draft.valid_until_ms};
  const auto known = carried_.find(feed.id.value);
  if (known != carried_.end() && known->second.set_hash == wanted.set_hash) return {};
  Names names;
  if (!wanted.set_hash.empty()) {
    auto read = names_of(feed);
    if (!read) return tl::unexpected(std::move(read).error());
    names = std::move(*read);
  }
  auto published = replace(feed.id, wanted.category, names);
  if (!published) return tl::unexpected(std::move(published).error());
  carried_.insert_or_assign(feed.id.value, wanted);
  note(changed, *published);
  return {};
}

Result<void> SetPublisher::take_out_what_is_over(std::vector<PublishedFeed>& changed) {
  for (auto& [id, carried] : carried_) {
    if (carried.set_hash.empty() || carried.valid_until_ms > clock_.now_ms()) continue;
    auto published = replace(FeedId{id}, carried.category, {});
    if (!published) return tl::unexpected(std::move(published).error());
    carried.set_hash.clear();
    note(changed, *published);
  }
  return {};
}

Result<std::vector<PublishedFeed>> SetPublisher::publish() {
  std::vector<PublishedFeed> changed;
  if (auto taken = take_out_what_is_over(changed); !taken) {
    return tl::unexpected(std::move(taken).error());
  }
  auto feeds = database_.read([](store::Executor& executor) { return list_feeds(executor); });
  if (!feeds) return propagate(std::move(feeds).error(), "publish feeds");
  std::erase_if(*feeds, [](const Feed& feed) { return feed.state == FeedState::proposed; });
  std::stable_partition(feeds->begin(), feeds->end(),
                        [&](const Feed& feed) { return !stands(feed); });
  std::optional<Error> first;
  for (const auto& feed : *feeds) {
    auto carried = carry(feed, changed);
    if (!carried && !first) {
      first = carried.error();
      first->message += " (feed " + feed.id.value + ")";
    }
  }
  if (first) return tl::unexpected(std::move(*first));
  return changed;
}

}  // namespace khien::feeds
