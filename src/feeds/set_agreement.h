// Whether what the register shows of lists, what the ledger says and what the zones hold are the
// same: for lists what publish/agreement.h is for orders, which takes what is found here along. Of
// a list's names the ledger has the hash and the database the set; the zones have each name.
// Nothing here mends anything.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "feeds/feed.h"
#include "feeds/set_publisher.h"
#include "publish/agreement.h"
#include "publish/zone_set.h"
#include "store/database.h"

namespace khien::feeds {

/// Looks are at least this far apart: what two in a row find is no move that is under way.
constexpr std::int64_t set_agreement_interval_ms = 50 * ms_per_second;
/// Lists are compared with the zones again after this many times what it took, so that it is never
/// more than a twentieth of a processor, however long they are.
constexpr std::int64_t set_agreement_rest = 20;

class SetAgreement {
 public:
  /// All borrowed. One thread, that of `sets`; after SetPublisher::publish(), so that both have
  /// seen the same feeds.
  struct Parts {
    store::Database& database;
    publish::ZoneSet& zones;
    SetPublisher& sets;
    const Clock& clock;
    Rng& rng;
  };
  explicit SetAgreement(const Parts& parts) : parts_(parts) {}

  /// Compares register and ledger, and the zones where they are due; before the next look is, what
  /// the last one found. Found is what the look before found, too: a leaf gets its place in the log
  /// a moment after its move. The source is "feed:" and the feed's id, or whatever holds names
  /// where only lists may. A list of which something waits at the gate is left out: it is shown
  /// there.
  ///
  /// Reads every accepted set and every name of the zones of lists: about a second for a million
  /// names, in some megabytes.
  [[nodiscard]] Result<std::vector<publish::Difference>> compare();

 private:
  struct LedgerFeed {
    bool in_force = false;
    std::string set_sha256 = {};
  };
  /// Of a number of names, whatever their order.
  struct Digest {
    std::uint64_t count = 0;
    std::uint64_t sum = 0;  // of keyed hashes, modulo 2^64
    friend bool operator==(const Digest&, const Digest&) = default;
  };
  using Differences = std::vector<publish::Difference>;
  using HashKey = std::array<std::uint8_t, 16>;

  [[nodiscard]] Result<std::vector<Feed>> read_records();
  [[nodiscard]] Result<void> read_leaves(store::Executor& db);
  [[nodiscard]] Differences of_records(const std::vector<Feed>& feeds) const;
  [[nodiscard]] Result<Differences> of_zones(const std::vector<Feed>& feeds);
  [[nodiscard]] Result<Differences> of_zone(const publish::ZoneFacts& zone,
                                            const std::vector<Feed>& feeds, const HashKey& key);
  [[nodiscard]] Result<std::map<std::string, Digest>> wanted_of(const publish::ZoneFacts& zone,
                                                                const Feed& feed,
                                                                const HashKey& key);

  Parts parts_;
  std::int64_t next_place_ = 0;
  std::map<std::string, LedgerFeed> ledger_;  // by feed id
  Differences records_before_;                // of the look before
  Differences zones_before_;
  Differences zones_confirmed_;  // in two looks in a row
  Differences found_;
  std::optional<std::int64_t> due_ms_ = {};  // steady
  std::int64_t zones_due_ms_ = 0;            // steady
};

}  // namespace khien::feeds
