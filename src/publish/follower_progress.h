// Gathers what each follower of our zones has, from what its servers ask for and take. One for a
// primary. Thread-safe; each call costs the follower's zones, a change of a zone all followers.
#pragma once

#include <array>
#include <atomic>
#include <map>

#include "base/guarded.h"
#include "publish/access.h"
#include "publish/follower_record.h"
#include "publish/query.h"

namespace khien::publish {

/// A server that has been silent for this long is forgotten once another one of its follower asks:
/// it was moved. The only one of a follower is never forgotten.
constexpr std::int64_t server_forgotten_ms = ms_per_hour;

class FollowerProgress {
 public:
  /// `clock` is borrowed.
  explicit FollowerProgress(const Clock& clock) : clock_(clock) {}
  FollowerProgress(const FollowerProgress&) = delete;
  FollowerProgress& operator=(const FollowerProgress&) = delete;

  /// These are the followers from now on, with the zones that they may take. What was known of
  /// those that stay is kept, all else is forgotten.
  void set_followers(const Access& access);
  /// Takes what an earlier run kept of the followers and zones that are here. After set_followers()
  /// and zone_served(); what was learnt since then counts for more.
  void restore(const FollowersRecord& record);

  /// The zone is served at `serial` from now on.
  void zone_served(const ZoneFacts& zone, std::uint32_t serial);
  void seen(const SerialSeen& seen);
  void transfer_failed(std::string_view follower, const ZoneFacts& zone);
  void notify_acknowledged(std::string_view follower, const ZoneFacts& zone);
  void notify_given_up(std::string_view follower, const ZoneFacts& zone);

  /// A copy of all of it.
  [[nodiscard]] FollowersRecord record();
  /// Moves with everything that changes a serial, a failure or who follows; not with a server that
  /// merely asks again.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(); }

 private:
  /// When a serial was first served; a few of the last.
  struct Step {
    std::uint32_t serial = 0;
    InstantMs at_ms = 0;
  };
  static constexpr std::size_t steps_max = 64;
  struct Course {
    std::uint32_t serial = 0;
    InstantMs changed_ms = 0;
    std::vector<Step> steps = {};  // oldest first
  };
  struct State {
    std::map<const ZoneFacts*, Course> courses;
    std::vector<FollowerRecord> followers;
  };
  void serve(State& state, const ZoneFacts& zone, std::uint32_t serial);
  [[nodiscard]] static FollowerZoneRecord* find(State& state, std::string_view follower,
                                                const ZoneFacts& zone);
  [[nodiscard]] static ServerRecord& server_of(FollowerZoneRecord& record,
                                               const net::IpAddress& address, InstantMs now_ms);
  static void settle(ServerRecord& server, std::uint32_t serial, const Course& course);

  const Clock& clock_;
  Guarded<State> state_;
  std::atomic<std::uint64_t> generation_{0};  // moved under the lock
};

}  // namespace khien::publish
