// What handlers work with: one value made at start-up by apps/khiend and borrowed by every route.
// Everything in it is safe to use from many threads.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/snapshot.h"
#include "cases/context.h"
#include "cases/impact.h"
#include "evidence/content_store.h"
#include "feeds/listing.h"
#include "http/event_hub.h"
#include "identity/context.h"
#include "pages/site.h"
#include "providers/intake.h"
#include "publish/follower_record.h"
#include "publish/pair_status.h"
#include "publish/publication_control.h"
#include "publish/zone_set.h"
#include "store/database.h"

namespace khien::publish {
class ListShelf;
}

namespace khien::api {

/// What the publisher in this process serves, and to whom.
struct PublicationState {
  std::vector<publish::ZoneStatus> zones = {};
  publish::FollowersRecord followers = {};
  std::optional<publish::PairStatus> pair = {};  ///< where another publisher serves the same zones
};

struct Services {
  store::Database& database;
  const Clock& clock;
  Rng& rng;
  Metrics& metrics;
  const cases::Context& cases;
  const identity::Context& identity;
  /// Replaced whole when lists are imported; a handler takes the pointer once.
  Snapshot<cases::ImpactData>& impact;
  const evidence::ContentStore& contents;
  http::EventHub& events;
  const pages::Site& site;
  std::string public_url;  ///< "https://khien.example.vn", without a final slash
  std::string build;       ///< version of this program
  bool mail = false;       ///< whether mail is set up here
  /// What the zones hold of a name, where the publisher runs in this process; else empty, and pages
  /// say that they cannot see lists. Set before the first request.
  feeds::FindHoldings holdings = {};
  /// Likewise; empty where the publisher runs elsewhere.
  std::function<PublicationState()> publication = {};
  /// The signed lists, likewise: null where the publisher runs elsewhere.
  publish::ListShelf* lists = nullptr;
  /// Addresses that no order may hit: where this khiend and its followers answer.
  std::function<std::vector<cases::OwnAddress>()> own_addresses = {};
  providers::WorkOptions probe_work = {};   ///< what probes are asked beside orders
  providers::FindAskers probe_askers = {};  ///< who asked for names of ours; empty: not looked at
  bool rechecks = false;       ///< whether somebody was named to ask (--recheck-resolver)
  bool recheck_pages = false;  ///< whether listed sites are contacted (--recheck-pages)
  /// The hand on it, borrowed; nullptr where the publisher runs elsewhere.
  publish::PublicationControl* publication_control = nullptr;
};

[[nodiscard]] inline providers::Context providers_context(const Services& services) noexcept {
  return {.clock = services.clock, .rng = services.rng, .contact_key = services.cases.contact_key};
}

}  // namespace khien::api
