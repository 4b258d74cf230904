// Carries accepted sets into the zones: each feed in force holds its names in the zone of its
// category under its own id, so that two feeds that name the same site do not undo each other. The
// zones keep themselves on disk; this can be away, or done twice, without harm.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "feeds/feed.h"
#include "publish/zone_set.h"
#include "store/database.h"

namespace khien::feeds {

struct PublishedFeed {
  FeedId id;
  std::uint64_t added = 0;  ///< zone records' names
  std::uint64_t removed = 0;
  std::uint64_t refused = 0;  ///< by the zones themselves
};

class SetPublisher {
 public:
  /// Both must outlive it. One thread.
  SetPublisher(store::Database& database, publish::ZoneSet& zones)
      : database_(database), zones_(zones) {}

  /// Makes the zones agree with what is in force, and tells what it changed. Call it at start, on
  /// channel_sets, and once a minute. Feeds whose set it has carried before cost one query.
  [[nodiscard]] Result<std::vector<PublishedFeed>> publish();

 private:
  [[nodiscard]] Result<PublishedFeed> carry(const Feed& feed);
  store::Database& database_;
  publish::ZoneSet& zones_;
  std::map<std::string, std::string> carried_;  // feed id to set hash; "" for nothing
};

/// The holder under which a feed's names stand in a zone; two, because a replacement has one scope.
[[nodiscard]] std::string zone_source(const FeedId& id, cases::Scope scope);

}  // namespace khien::feeds
