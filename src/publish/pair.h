// Two publishers that serve the same zones from one database (ADR 0306). One leads: it alone brings
// what the database decides into the zones, and each batch is in the database before anybody sees
// it. The other follows batch by batch, so that both serve the same octets under the same serials,
// and leads within seconds when the first is gone.
//
//   joins ─► follows ─► leads ─► follows …        by the lease "publisher"
//               │          └► leads_alone          the database is away: it goes on alone
//               └► alone                           so does the other, and takes out what is over
//
// No serial may stand for two contents, although two that cannot reach the database cannot agree.
// So each has serials of its own, counted from the last one, S, that both know:
//
//   S                                     S+B              S+2B              S+3B      S+4B
//   ├─ leads_alone: lapses ───────────────┼─ alone: lapses ┼─ leads_alone,   ┼ (none)  ├─ who leads
//   │                                     │                │  a person's acts│         │  next
//
// B is pair_serial_block. A follower takes the highest, and what is higher knows more.
//
// Threads: turn() belongs to one thread. ZoneSet and Gate call the guard's side on theirs, under
// their locks; the lock of this object is taken last and held for no call.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "publish/bounded_call.h"
#include "publish/change_guard.h"
#include "publish/gate.h"
#include "publish/pair_rows.h"
#include "publish/pair_status.h"
#include "publish/publisher.h"
#include "store/database.h"

namespace khien::publish {

constexpr std::int64_t pair_lease_ms = 2'500;  // without a renewal the other one leads
constexpr std::int64_t pair_renew_ms = 800;
constexpr std::int64_t pair_look_ms = 400;      // between two turns, woken or not
constexpr std::int64_t pair_share_ms = 3'000;   // that a change waits for the database
constexpr std::int64_t pair_alone_ms = 30'000;  // without the database: the one that follows lapses
constexpr std::int64_t pair_unheard_ms =
    20'000;  // less than that: the leader's serials go above it
constexpr std::uint32_t pair_serial_block = 1U << 20;
/// Between two ranges: a batch that is under way when the database goes may be counted or not.
constexpr std::uint32_t pair_serial_gap = 16;
constexpr std::int64_t frames_per_copy_max = 10'000;  // then a new copy is made
constexpr std::int64_t frames_kept_max = 1'000;       // before a copy
constexpr std::size_t pair_name_size_max = 32;

struct PairOptions {
  std::string name = {};     ///< of this one: a to z, digits, hyphens; the other has another
  std::string start = {};    ///< different at each start
  std::string address = {};  ///< where it serves zones, for people
  std::string keys = {};     ///< digests of the keys that both must have (pair_keys.h)
  std::function<std::string()> followers = {};  ///< digest of the followers' file
  std::uint32_t serial_block = pair_serial_block;
  std::int64_t frames_per_copy = frames_per_copy_max;
  std::int64_t frames_kept = frames_kept_max;
};

class Pair final : public ChangeGuard {
 public:
  /// All must outlive it. `role_changed` is called on the thread of turn() or of a change, without
  /// a lock of this object; it must be quick.
  struct Parts {
    store::Database& database;
    ZoneSet& zones;
    Gate& gate;
    const Clock& clock;
    Metrics& metrics;
    std::function<void()> role_changed = {};
  };
  /// Becomes the guard of zones and gate. invalid_argument for a bad name; conflict "keys_differ"
  /// if another publisher of the database has other keys; what the database says.
  [[nodiscard]] static Result<std::unique_ptr<Pair>> join(const Parts& parts, PairOptions options);
  ~Pair() override;
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  /// Looks at the database and does what is due: renews, leads, follows, goes alone. True if there
  /// is more to do at once. Failures are logged once and tried again.
  bool turn();
  /// At the end: gives the lease up, so that the other leads at once.
  void step_down();

  // ---- any thread ------------------------------------------------------------------------------

  [[nodiscard]] PairRole role();
  [[nodiscard]] PublisherDuty duty();
  /// Different each time that this one begins to lead; 0 while it does not.
  [[nodiscard]] std::int64_t term();
  [[nodiscard]] PairStatus status();

  // ---- ChangeGuard -----------------------------------------------------------------------------

  [[nodiscard]] Result<void> begin_act() override;
  [[nodiscard]] std::optional<std::uint32_t> serial_floor(const ZoneFacts& zone) override;
  [[nodiscard]] Result<void> share(const Batch& batch, Bytes payload,
                                   const crypto::Sha256Digest& chain) override;
  void not_written() noexcept override;

 private:
  using Serials = std::map<std::string, std::uint32_t, std::less<>>;  // by zone id
  struct State {
    PairRole role = PairRole::joins;
    std::optional<store::Lease> lease = {};  // while it leads, with the database or without
    Serials base = {};                       // alone: S, the last that both know
    Serials floors = {};                     // of the next changes
    Serials bounds = {};                     // that no change alone reaches
    bool gate_is_ahead = false;
    std::int64_t contact_ms = 0;  // steady: the database answered
    std::string leader = {};
    std::vector<PairStatus::Other> others = {};
    std::int64_t behind = 0;
    bool name_taken = false;
  };
  /// What the thread of turn() knows of another one.
  struct Heard {
    std::int64_t beat = -1;
    std::int64_t at_ms = 0;  // steady
    bool passed = false;     // our serials are above what it may show alone
  };
  enum class Standing : std::uint8_t { in_line, ahead, forked };
  enum class LeaseState : std::uint8_t { free, ours_before, fresh, watched, stale };

  Pair(const Parts& parts, PairOptions options);
  [[nodiscard]] Result<void> check_keys();

  // pair.cpp: the guard's side
  [[nodiscard]] tl::unexpected<Error> other_leads();
  [[nodiscard]] Result<void> share_gate_content(const Gate::Content& content);
  [[nodiscard]] Result<void> check_bounds(const Batch& batch);
  [[nodiscard]] std::pair<PairRole, std::optional<store::Lease>> role_and_lease();
  /// `floors`: the least serials of one that begins to lead; those of the roles alone stay.
  void set_role(PairRole role, Serials floors = {});
  void lose_lease();
  void lead_alone(const Error& error);
  void lapse_alone();
  void count_alone(State& state, std::uint32_t first_block) const;

  // pair_turn.cpp, pair_follow.cpp, pair_lead.cpp: the thread's side
  [[nodiscard]] Result<PairView> look();
  void hear(const PairView& view);
  [[nodiscard]] LeaseState watch(const std::optional<store::Lease>& lease);
  [[nodiscard]] Standing standing(const PairView& view) const;
  void beat(bool stopped);
  bool follow(const PairView& view);
  bool take_frames();
  bool take_copy(const PairView& view);
  void take_gate(const PairView& view);
  bool lead(const PairView& view, LeaseState lease);
  bool rejoin(const PairView& view);
  bool keep_leading(const PairView& view);
  [[nodiscard]] Result<std::vector<SharedFrame>> unshared(const PairView& view);
  void raise_serials(const PairView& view);
  void note_ceilings();
  [[nodiscard]] Serials above(std::uint32_t blocks) const;
  void jump(const Serials& serials);
  void discard(std::string_view why);
  [[nodiscard]] Result<void> write_copy();
  [[nodiscard]] Result<ZoneCopy> copy_meanwhile();
  [[nodiscard]] Result<void> renew_if_due();
  [[nodiscard]] Result<void> settle_gate(const PairView& view);
  [[nodiscard]] Result<void> renew();
  void complain(std::string_view event, const Error& error);

  Parts parts_;
  PairOptions options_;
  Metric& leads_;
  Metric& behind_;
  Metric& takeovers_;
  Metric& discarded_;
  Guarded<State> state_;
  BoundedCall call_;

  // Of the thread of turn().
  std::map<std::string, Heard> heard_;  // by name
  std::optional<store::Lease> seen_lease_;
  std::int64_t seen_lease_ms_ = 0;  // steady: since when it is so
  bool lease_was_renewed_ = false;  // while we watched
  std::int64_t beat_ms_ = -pair_renew_ms;
  std::int64_t renewed_ms_ = 0;
  std::int64_t copied_ms_ = -pair_unheard_ms;
  Serials ceilings_;  // the latest serials that we have shown
  bool has_beaten_ = false;
  bool gate_is_unsure_ = false;  // ours and theirs may differ under one version
  std::string complaint_;        // said already
};

}  // namespace khien::publish
