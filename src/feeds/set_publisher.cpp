#include "feeds/set_publisher.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/assert.h"
#include "cases/listing_objection.h"
#include "exchange/name_set.h"
#include "feeds/listing.h"
#include "feeds/subscriptions.h"
#include "text/host.h"

namespace khien::feeds {
namespace {

constexpr std::string_view sql_set =
    "SELECT set_hash, names FROM feed_set WHERE feed_id = $1 AND kind = 'accepted'";

void note(std::vector<PublishedFeed>& changed, const PublishedFeed& published) {
  if (published.added + published.removed + published.refused + published.held > 0)
    changed.push_back(published);
}

/// When its entries leave the zones: its own end, or theirs, which the last good run renewed.
InstantMs ends_at(const Feed& feed) noexcept {
  return std::min(feed.draft.valid_until_ms, feed.entries_until_ms);
}

/// Borrows `held`.
std::vector<publish::Change> removals_of(const std::vector<publish::Holding>& held) {
  std::vector<publish::Change> changes;
  changes.reserve(held.size());
  for (const auto& one : held) {
    changes.push_back({.kind = publish::ChangeKind::remove,
                       .zone = one.zone,
                       .name = one.name,
                       .source = one.source});
  }
  return changes;
}

/// Whether an exception covers an entry: of the name itself, or of one below an entry that takes in
/// all that lies below it.
class Exceptions {
 public:
  /// Borrows `names`.
  explicit Exceptions(const std::set<std::string, std::less<>>& names) : names_(names) {
    for (const auto& name : names) {
      for (auto at = std::optional<std::string_view>{name}; at; at = text::parent_of(*at)) {
        above_.insert(*at);
      }
    }
  }
  [[nodiscard]] bool cover(std::string_view host, cases::Scope scope) const {
    if (scope == cases::Scope::host) return names_.contains(host);
    return above_.contains(host);
  }

 private:
  const std::set<std::string, std::less<>>& names_;
  std::unordered_set<std::string_view> above_;  // the names and all above them; borrows names_
};

}  // namespace

std::string zone_source(const FeedId& id, cases::Scope scope) {
  return "feed:" + id.value + ":" + std::string{cases::to_string(scope)};
}

bool SetPublisher::stands(const Feed& feed) const noexcept {
  return in_force(feed.state) && !feed.set_hash.empty() && ends_at(feed) > clock_.now_ms();
}

Result<void> SetPublisher::for_each_wanted(const Feed& feed, const exchange::NameSet::Visit& take) {
  auto row = database_.read(
      [&](store::Executor& executor) { return executor.query_one(sql_set, {feed.id}); });
  if (!row) return propagate(std::move(row).error(), "read an accepted set");
  if (!row->has_value()) return fail(ErrorCode::corrupt, "a feed has lost its accepted set");
  auto set = exchange::NameSet::read((*row)->octets(1));
  if (!set) return propagate(std::move(set).error(), "read an accepted set");
  if (set->hash() != (*row)->text(0)) return fail(ErrorCode::corrupt, "a set is not its hash");
  const bool is_listing = basis_of(feed.draft.category) == Basis::feeds;
  const auto gone = gone_.find(feed.id.value);
  const Exceptions exceptions{excepted_};
  set->for_each([&](std::string_view host, cases::Scope scope) {
    if (is_listing && exceptions.cover(host, scope)) return;
    if (gone != gone_.end() && gone->second.contains(host)) return;
    take(host, scope);
  });
  return {};
}

bool SetPublisher::waits(const FeedId& id) const {
  if (zones_.gate() == nullptr) return false;
  const auto held = zones_.gate()->held();
  return std::ranges::any_of(held, [&](const publish::HeldChange& change) {
    return change.source == zone_source(id, cases::Scope::host) ||
           change.source == zone_source(id, cases::Scope::domain);
  });
}

Result<SetPublisher::Names> SetPublisher::names_of(const Feed& feed) {
  Names names;
  auto read = for_each_wanted(feed, [&](std::string_view host, cases::Scope scope) {
    (scope == cases::Scope::host ? names.hosts : names.domains).emplace_back(host);
  });
  if (!read) return tl::unexpected(std::move(read).error());
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
    published.held += replaced->held;
  }
  return published;
}

bool SetPublisher::is_carried(const Feed& feed, const Carried& wanted) const {
  const auto known = carried_.find(feed.id.value);
  if (known == carried_.end() || known->second.set_hash != wanted.set_hash) return false;
  if (known->second.again) return false;
  const auto& held_at = known->second.held_at;
  return !held_at || zones_.gate() == nullptr || *held_at == zones_.gate()->generation();
}

Result<void> SetPublisher::carry(const Feed& feed, std::vector<PublishedFeed>& changed) {
  const Carried wanted{.set_hash = stands(feed) ? feed.set_hash : std::string{},
                       .category = feed.draft.category,
                       .valid_until_ms = ends_at(feed)};
  if (is_carried(feed, wanted)) {
    carried_[feed.id.value].valid_until_ms = wanted.valid_until_ms;
    return {};
  }
  // Before the gate is asked, so that a decision in between is not missed.
  const auto generation = zones_.gate() == nullptr ? 0 : zones_.gate()->generation();
  Names names;
  if (!wanted.set_hash.empty()) {
    auto read = names_of(feed);
    if (!read) return tl::unexpected(std::move(read).error());
    names = std::move(*read);
  }
  auto published = replace(feed.id, wanted.category, names);
  if (!published) return tl::unexpected(std::move(published).error());
  auto& carried = carried_.insert_or_assign(feed.id.value, wanted).first->second;
  if (published->held > 0) carried.held_at = generation;
  note(changed, *published);
  return {};
}

Result<void> SetPublisher::take_out_what_is_over(std::vector<PublishedFeed>& changed) {
  Result<void> all;
  for (auto& [id, carried] : carried_) {
    if (carried.set_hash.empty() || carried.valid_until_ms > clock_.now_ms()) continue;
    auto published = replace(FeedId{id}, carried.category, {});
    if (!published) {
      all = tl::unexpected(std::move(published).error());
      continue;
    }
    carried.set_hash.clear();
    note(changed, *published);
  }
  return all;
}

Result<void> SetPublisher::meet_exceptions() {
  auto read = database_.read(
      [&](store::Executor& executor) { return cases::excepted_names(executor, clock_.now_ms()); });
  if (!read) return propagate(std::move(read).error(), "publish feeds");
  std::set<std::string, std::less<>> now{read->begin(), read->end()};
  std::vector<publish::Holding> freed;
  for (const auto& name : now) {
    if (excepted_.contains(name)) continue;
    for (auto& held : zones_.holdings(name)) {
      if (listed_by(held)) freed.push_back(std::move(held));
    }
  }
  if (auto applied = zones_.apply(removals_of(freed)); !applied) {
    return propagate(std::move(applied).error(), "take out what is excepted");
  }
  const bool ended = !std::includes(now.begin(), now.end(), excepted_.begin(), excepted_.end());
  if (ended) {
    for (auto& [id, carried] : carried_) carried.again = true;
  }
  excepted_ = std::move(now);
  return {};
}

Result<void> SetPublisher::meet_what_is_gone() {
  auto read = database_.read([&](store::Executor& executor) -> Result<std::optional<Gone>> {
    auto mark = out_mark(executor, clock_.now_ms());
    if (!mark) return tl::unexpected<Error>{std::move(mark).error()};
    if (*mark == gone_mark_) return std::optional<Gone>{};
    auto names = out_of_force(executor, clock_.now_ms());
    if (!names) return tl::unexpected<Error>{std::move(names).error()};
    return std::optional{Gone{.mark = *mark, .names = std::move(*names)}};
  });
  if (!read) return propagate(std::move(read).error(), "publish feeds");
  if (!*read) return {};
  std::map<std::string, std::set<std::string, std::less<>>> now;
  std::vector<publish::Holding> freed;
  for (auto& out : (*read)->names) {
    const auto known = gone_.find(out.feed.value);
    if (known == gone_.end() || !known->second.contains(out.name)) {
      for (auto& held : zones_.holdings(out.name)) {
        if (held.name != out.name || listed_by(held, Choices::with_them) != out.feed) continue;
        freed.push_back(std::move(held));
      }
    }
    now[out.feed.value].insert(std::move(out.name));
  }
  if (auto applied = zones_.apply(removals_of(freed)); !applied) {
    return propagate(std::move(applied).error(), "take out what rechecks found");
  }
  gone_ = std::move(now);
  gone_mark_ = (*read)->mark;
  return {};
}

Result<std::vector<PublishedFeed>> SetPublisher::publish() {
  std::vector<PublishedFeed> changed;
  std::optional<Error> first;
  if (auto taken = take_out_what_is_over(changed); !taken) first = std::move(taken).error();
  auto met = meet_exceptions();
  if (met) met = meet_what_is_gone();
  auto feeds = database_.read([](store::Executor& executor) { return list_feeds(executor); });
  if (!feeds) return propagate(std::move(feeds).error(), "publish feeds");
  std::erase_if(*feeds, [](const Feed& feed) { return feed.state == FeedState::proposed; });
  std::stable_partition(feeds->begin(), feeds->end(),
                        [&](const Feed& feed) { return !stands(feed); });
  // Without the exceptions nothing comes in, but what a person has ended still goes.
  if (!met) {
    std::erase_if(*feeds, [&](const Feed& feed) { return stands(feed); });
    if (!first) first = std::move(met).error();
  }
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
