// Carries accepted sets into the zones: each feed in force holds its names in the zone of its
// category under its own id, so that two feeds that name the same site do not undo each other. The
// zones keep themselves on disk; this can be away, or done twice, without harm.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "exchange/name_set.h"
#include "feeds/entry_finding.h"
#include "feeds/feed.h"
#include "publish/zone_set.h"
#include "store/database.h"

namespace khien::feeds {

struct PublishedFeed {
  FeedId id;
  std::uint64_t added = 0;  ///< zone records' names
  std::uint64_t removed = 0;
  std::uint64_t refused = 0;  ///< by the zones themselves
  std::uint64_t held = 0;     ///< additions that wait at the zones' gate for a person
};

class SetPublisher {
 public:
  /// All must outlive it. One thread.
  SetPublisher(store::Database& database, publish::ZoneSet& zones, const Clock& clock)
      : database_(database), zones_(zones), clock_(clock) {}

  /// Makes the zones agree with what is in force, and tells what it changed. Call it at start, on
  /// channel_sets, and once a minute. Feeds whose set it has carried before cost one query.
  ///
  /// Names that a person excepted (cases/listing_objection.h) are met before any list: each takes
  /// out every entry that covers it, at the cost of a look-up, and no later run brings it back
  /// while the exception lasts. A network's own choice is no listing of ours and is left alone.
  ///
  /// Entries that left their feed after a recheck (entry_finding.h) are taken out likewise, and
  /// stay out for as long as the feed stands, also where the zones are made anew.
  ///
  /// What the zones' gate holds is tried again when a person has decided there (Gate::generation).
  ///
  /// What goes, goes first: a block never holds up a lift. A feed that fails holds up no other; the
  /// first such error is returned when all the others are done. With the database away, feeds whose
  /// date has passed leave the zones all the same.
  [[nodiscard]] Result<std::vector<PublishedFeed>> publish();

  /// Whether the feed's names belong into the zones now. Its date counts from the instant it
  /// passes, not from when somebody wrote "lapsed".
  [[nodiscard]] bool stands(const Feed& feed) const noexcept;
  /// Gives `take` each name that the last publish() wanted in the zones of a feed that stands.
  [[nodiscard]] Result<void> for_each_wanted(const Feed& feed,
                                             const exchange::NameSet::Visit& take);
  /// Whether something of the feed waits at the zones' gate for a person.
  [[nodiscard]] bool waits(const FeedId& id) const;

 private:
  struct Carried {
    std::string set_hash;  // empty: the zones hold nothing of it
    Category category = Category::phishing;
    InstantMs valid_until_ms = 0;
    bool again = false;  // an exception has ended: its names may have to come back
    std::optional<std::uint64_t> held_at =
        {};  // of the gate, when it held additions: Gate::generation
  };
  struct Gone {
    OutMark mark;
    std::vector<OutOfForce> names;
  };
  struct Names {
    std::vector<std::string> hosts;
    std::vector<std::string> domains;
  };
  [[nodiscard]] Result<Names> names_of(const Feed& feed);
  [[nodiscard]] Result<void> carry(const Feed& feed, std::vector<PublishedFeed>& changed);
  [[nodiscard]] Result<PublishedFeed> replace(const FeedId& id, Category category,
                                              const Names& names);
  [[nodiscard]] Result<void> take_out_what_is_over(std::vector<PublishedFeed>& changed);
  [[nodiscard]] Result<void> meet_exceptions();
  [[nodiscard]] Result<void> meet_what_is_gone();
  [[nodiscard]] bool is_carried(const Feed& feed, const Carried& wanted) const;

  store::Database& database_;
  publish::ZoneSet& zones_;
  const Clock& clock_;
  std::map<std::string, Carried> carried_;                          // by feed id
  std::set<std::string, std::less<>> excepted_;                     // names that objections freed
  std::map<std::string, std::set<std::string, std::less<>>> gone_;  // by feed: entry_finding.h
  OutMark gone_mark_;                                               // of gone_
};

/// The holder under which a feed's names stand in a zone; two, because a replacement has one scope.
[[nodiscard]] std::string zone_source(const FeedId& id, cases::Scope scope);

}  // namespace khien::feeds
