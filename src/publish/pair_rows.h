// What two publishers share in the database (ADR 0306): the frames of the zones' log, a whole copy
// from which the frames go on, what waits at the gate, and who they are. SQL alone; what it means
// is in pair.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "publish/zone_set.h"
#include "store/leases.h"

namespace khien::publish {

constexpr std::string_view pair_lease = "publisher";
/// Woken with every frame, gate and change of who leads.
constexpr std::string_view channel_pair = "publish.pair";
constexpr std::size_t copy_part_size = std::size_t{1} << 20;  // octets
constexpr int frames_a_look = 32;

extern const std::string_view pair_schema;

/// One publisher, as it told of itself last.
struct PairMember {
  std::string name = {};
  std::string start = {};                 ///< different at each start
  std::int64_t beat = 0;                  ///< goes up while it lives
  bool stopped = false;                   ///< it ended in order
  std::uint64_t position = 0;             ///< of its log
  std::vector<ZoneSerial> ceilings = {};  ///< the latest that it may have shown
  std::string address = {};               ///< where it serves zones
  std::string keys = {};                  ///< digests of what both must have alike: pair_keys.h
  std::string followers = {};
};

/// Everything at one instant.
struct PairView {
  std::optional<store::Lease> lease = {};
  std::vector<PairMember> members = {};
  std::optional<ZoneSet::LogPlace> head = {};  ///< the log's end; none: nothing was shared yet
  std::optional<ZoneSet::LogPlace> copy = {};  ///< the place of the whole copy
  std::optional<crypto::Sha256Digest> chain_here = {};  ///< at the position that was asked for
  std::optional<std::int64_t> gate_version = {};
};

[[nodiscard]] Result<PairView> look_at_pair(store::Executor& db, std::uint64_t position);

struct SharedFrame {
  ZoneSet::LogPlace place = {};  ///< after it
  Octets frame = {};
};
/// The frames after `position`, at most frames_a_look.
[[nodiscard]] Result<std::vector<SharedFrame>> frames_from(store::Executor& db,
                                                           std::uint64_t position);
/// conflict: "lease_lost", or "duplicate" if the position is taken.
[[nodiscard]] Result<void> share_frames(store::Transaction& tx, const store::Lease& lease,
                                        std::span<const SharedFrame> frames);

/// One piece of a copy that is on its way; it counts once finish_copy() has said so.
[[nodiscard]] Result<void> add_copy_part(store::Transaction& tx, const store::Lease& lease,
                                         std::uint64_t position, std::int64_t part, Bytes content);
struct FinishedCopy {
  ZoneSet::LogPlace place = {};
  std::int64_t part_count = 0;
  std::int64_t frames_kept = 0;  ///< before it, for one that is a little behind
};
/// From now on the copy is this one: the former one goes, and frames long before it.
[[nodiscard]] Result<void> finish_copy(store::Transaction& tx, const store::Lease& lease,
                                       const FinishedCopy& copy);
/// corrupt if a part is missing; not_found without a copy.
[[nodiscard]] Result<Octets> read_copy(store::Executor& db);

struct SharedGate {
  std::int64_t version = 0;
  Octets content = {};
};
[[nodiscard]] Result<SharedGate> read_shared_gate(store::Executor& db);
[[nodiscard]] Result<void> share_gate(store::Transaction& tx, const store::Lease& lease,
                                      const SharedGate& gate);

/// Tells of oneself; the beat goes up.
[[nodiscard]] Result<void> tell_of_member(store::Transaction& tx, const PairMember& member);

}  // namespace khien::publish
