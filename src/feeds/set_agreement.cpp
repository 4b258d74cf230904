#include "feeds/set_agreement.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "codec/json.h"
#include "crypto/hash.h"
#include "feeds/subscriptions.h"
#include "ledger/leaf.h"
#include "ledger/placed_leaves.h"

namespace khien::feeds {
namespace {

using publish::Difference;
using publish::DifferenceKind;

constexpr std::string_view feed_leaves = "feed.";
/// Its set is one that waits, not the accepted one.
constexpr std::string_view stopped_leaf = "feed.stopped";
constexpr std::string_view rollback_holder = "rollback";

std::string source_of(std::string_view feed) { return "feed:" + std::string{feed}; }

/// "feed:ID:host" is of "feed:ID"; what is no list's holder is itself.
std::string without_scope(std::string_view holder) {
  if (!holder.starts_with("feed:")) return std::string{holder};
  return std::string{holder.substr(0, holder.rfind(':'))};
}

std::uint64_t hash_of(const std::array<std::uint8_t, 16>& key, dns::NameView name) {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : crypto::siphash24(key, name.wire())) value = value << 8 | octet;
  return value;
}

std::vector<const publish::ZoneFacts*> zones_of_lists() {
  std::set<const publish::ZoneFacts*> zones;
  for (const CategoryFacts& facts : all_categories()) {
    if (const auto* zone = publish::zone_for(basis_of(facts.category), facts.category)) {
      zones.insert(zone);
    }
  }
  return {zones.begin(), zones.end()};
}

std::vector<Difference> in_order(std::vector<Difference> found) {
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::vector<Difference> in_both(const std::vector<Difference>& a,
                                const std::vector<Difference>& b) {
  std::vector<Difference> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

Result<void> SetAgreement::read_leaves(store::Executor& db) {
  auto count = ledger::placed_count(db);
  if (!count) return tl::unexpected(std::move(count).error());
  while (next_place_ < *count) {
    auto leaves = ledger::placed_leaves(db, next_place_, feed_leaves);
    if (!leaves) return tl::unexpected(std::move(leaves).error());
    for (const auto& placed : *leaves) {
      auto leaf = codec::Json::parse(placed.entry, {.size_max = ledger::leaf_size_max});
      if (!leaf) return propagate(std::move(leaf).error(), "read a leaf");
      auto fields = leaf->object_at("fields");
      if (!fields) return propagate(std::move(fields).error(), "read a leaf");
      auto feed = fields->text_at("feed");
      auto word = fields->text_at("state");
      const auto state = word ? parse_feed_state(*word) : std::nullopt;
      if (!feed || !state) return fail(ErrorCode::corrupt, "a leaf of a feed has no feed or state");
      LedgerFeed& known = ledger_[*feed];
      known.in_force = in_force(*state);
      auto set = fields->text_at("set_sha256");
      if (set && placed.type != stopped_leaf) known.set_sha256 = *set;
    }
    next_place_ = std::min(*count, next_place_ + ledger::placed_window);
  }
  return {};
}

/// The feeds, and the ledger's word of the same instant.
Result<std::vector<Feed>> SetAgreement::read_records() {
  return parts_.database.read([&](store::Executor& db) -> Result<std::vector<Feed>> {
    auto feeds = list_feeds(db);
    if (!feeds) return feeds;
    if (auto read = read_leaves(db); !read) return tl::unexpected(std::move(read).error());
    return feeds;
  });
}

std::vector<Difference> SetAgreement::of_records(const std::vector<Feed>& feeds) const {
  Differences found;
  auto unshown = ledger_;
  for (const Feed& feed : feeds) {
    const auto source = source_of(feed.id.value);
    const bool shown = in_force(feed.state);
    const auto leaf = unshown.find(feed.id.value);
    const bool logged = leaf != unshown.end() && leaf->second.in_force;
    if (shown && !logged) found.push_back({DifferenceKind::not_in_ledger, source});
    if (!shown && logged) found.push_back({DifferenceKind::only_in_ledger, source});
    if (shown && logged && leaf->second.set_sha256 != feed.set_hash) {
      found.push_back({DifferenceKind::ledger_says_otherwise, source});
    }
    if (leaf != unshown.end()) unshown.erase(leaf);
  }
  for (const auto& [feed, leaf] : unshown) {
    if (leaf.in_force) found.push_back({DifferenceKind::only_in_ledger, source_of(feed)});
  }
  return in_order(std::move(found));
}

/// What the feed has to hold in its zone, by holder.
Result<std::map<std::string, SetAgreement::Digest>> SetAgreement::wanted_of(
    const publish::ZoneFacts& zone, const Feed& feed, const HashKey& key) {
  std::map<std::string, Digest> wanted;
  const auto host = zone_source(feed.id, cases::Scope::host);
  const auto domain = zone_source(feed.id, cases::Scope::domain);
  auto read = parts_.sets.for_each_wanted(feed, [&](std::string_view text, cases::Scope scope) {
    const auto& source = scope == cases::Scope::host ? host : domain;
    const publish::Change change{.zone = zone.id, .name = text, .source = source};
    if (!parts_.zones.refusal_of(change).empty()) return;  // no zone takes it
    Digest& digest = wanted[source];
    ++digest.count;
    digest.sum += hash_of(key, dns::Name::from_text(text)->lower());
  });
  if (!read) return tl::unexpected(std::move(read).error());
  return wanted;
}

Result<std::vector<Difference>> SetAgreement::of_zone(const publish::ZoneFacts& zone,
                                                      const std::vector<Feed>& feeds,
                                                      const HashKey& key) {
  std::map<publish::SourceIndex, Digest> by_number;
  parts_.zones.visit_held(
      zone, [&](dns::NameView name, publish::SourceIndex holder, publish::Scope /*scope*/) {
        Digest& digest = by_number[holder];
        ++digest.count;
        digest.sum += hash_of(key, name);
      });
  std::map<std::string, Digest> held;
  for (const auto& [number, digest] : by_number) {
    held.emplace(parts_.zones.source_name(number), digest);
  }
  held.erase(std::string{rollback_holder});
  Differences found;
  for (const Feed& feed : feeds) {
    if (publish::zone_for(basis_of(feed.draft.category), feed.draft.category) != &zone) continue;
    const auto source = source_of(feed.id.value);
    std::map<std::string, Digest> wanted;
    if (parts_.sets.stands(feed)) {
      auto read = wanted_of(zone, feed, key);
      if (!read) return tl::unexpected(std::move(read).error());
      wanted = std::move(*read);
    }
    bool is_served = false;
    bool is_same = true;
    for (const auto scope : {cases::Scope::host, cases::Scope::domain}) {
      const auto holder = zone_source(feed.id, scope);
      const auto here = held.extract(holder);
      const Digest served = here.empty() ? Digest{} : here.mapped();
      const auto due = wanted.find(holder);
      is_served |= served.count > 0;
      is_same &= served == (due == wanted.end() ? Digest{} : due->second);
    }
    if (is_same || parts_.sets.waits(feed.id)) continue;
    const auto kind = wanted.empty() ? DifferenceKind::not_in_register
                      : is_served    ? DifferenceKind::served_otherwise
                                     : DifferenceKind::not_served;
    found.push_back({kind, source});
  }
  for (const auto& [holder, digest] : held) {
    found.push_back({DifferenceKind::not_in_register, without_scope(holder)});
  }
  return found;
}

Result<std::vector<Difference>> SetAgreement::of_zones(const std::vector<Feed>& feeds) {
  HashKey key{};
  parts_.rng.fill(key);
  Differences found;
  for (const auto* zone : zones_of_lists()) {
    auto here = of_zone(*zone, feeds, key);
    if (!here) return here;
    found.insert(found.end(), here->begin(), here->end());
  }
  return in_order(std::move(found));
}

Result<std::vector<Difference>> SetAgreement::compare() {
  const std::int64_t begun_ms = parts_.clock.steady_ms();
  if (due_ms_ && begun_ms < *due_ms_) return found_;
  auto feeds = read_records();
  if (!feeds) return propagate(std::move(feeds).error(), "compare lists with the ledger");
  auto of_now = of_records(*feeds);
  found_ = in_both(of_now, records_before_);
  records_before_ = std::move(of_now);

  if (!due_ms_ || begun_ms >= zones_due_ms_) {
    auto served = of_zones(*feeds);
    if (!served) return propagate(std::move(served).error(), "compare lists with the zones");
    zones_confirmed_ = in_both(*served, zones_before_);
    zones_before_ = std::move(*served);
    const std::int64_t now_ms = parts_.clock.steady_ms();
    zones_due_ms_ = now_ms + set_agreement_rest * (now_ms - begun_ms);
  }
  due_ms_ = begun_ms + set_agreement_interval_ms;
  found_.insert(found_.end(), zones_confirmed_.begin(), zones_confirmed_.end());
  found_ = in_order(std::move(found_));
  return found_;
}

}  // namespace khien::feeds
