// Whether the public register, the ledger and the served zones say the same of orders, with what is
// found of lists (feeds/set_agreement.h). They are written by the same moves, so a difference is a
// fault, damage or somebody's hand: it is an alarm, and everybody is shown it. Nothing here mends
// anything.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "publish/zone_set.h"
#include "store/database.h"
#include "store/migration.h"

namespace khien::publish {

/// A difference counts when it is still there after this long: a signature is in the register some
/// milliseconds before it is in the zones.
constexpr std::int64_t agreement_settles_ms = 3'000;
/// A comparison older than this says nothing any more: it is made each minute.
constexpr std::int64_t agreement_late_ms = 5 * ms_per_minute;
constexpr std::size_t differences_kept_max = 100;  // the rest is counted

/// The register's word for one order in force.
struct RegisterRule {
  std::string order;
  std::string zone;  ///< id of the zone in which it must stand
  std::string name;  ///< as the zone or set has it (address_names.h)
  std::string name_commitment;
  Scope scope = Scope::host;
};
/// What the ledger's leaves say of an order in force.
struct LedgerRule {
  std::string name_commitment;
  Scope scope = Scope::host;
};

enum class DifferenceKind : std::uint8_t {
  not_served,             ///< in the register, in no zone
  not_in_register,        ///< served without an order in force
  served_otherwise,       ///< another zone, name or scope than the order says
  not_in_ledger,          ///< in the register, not by the ledger
  only_in_ledger,         ///< in force by the ledger, not in the register
  ledger_says_otherwise,  ///< another name or scope
};
[[nodiscard]] std::string_view to_string(DifferenceKind kind) noexcept;

struct Difference {
  DifferenceKind kind = DifferenceKind::not_served;
  std::string source;  ///< "order:01J…", "feed:01J…", or whatever holds the name
  friend auto operator<=>(const Difference&, const Difference&) = default;
};

/// Every difference, in order and once each. n log n in all rules.
[[nodiscard]] std::vector<Difference> differences_between(
    std::span<const RegisterRule> in_register, const std::map<std::string, LedgerRule>& in_ledger,
    std::span<const Holding> served);

/// The last comparison as the database keeps it.
struct AgreementState {
  InstantMs checked_at_ms = 0;
  std::int64_t order_count = 0;  ///< in force by the register
  std::int64_t difference_count = 0;
  std::optional<InstantMs> differing_since_ms;
  std::vector<Difference> differences;  ///< at most differences_kept_max
};
/// nullopt before the first comparison.
[[nodiscard]] Result<std::optional<AgreementState>> load_agreement(store::Executor& db);

[[nodiscard]] std::span<const store::Migration> migrations();

/// Compares. One thread. The leaves are read once each; what the log says is kept in memory, for
/// orders in force alone.
class Agreement {
 public:
  struct Parts {
    store::Database& database;
    ZoneSet& zones;
    const Clock& clock;
    Metrics& metrics;
    /// Sleeps for agreement_settles_ms.
    std::function<void(std::int64_t wait_ms)> wait;
    /// What is known to differ besides, of lists (feeds/set_agreement.h); empty: nothing.
    std::function<std::vector<Difference>()> of_lists = {};
  };
  explicit Agreement(Parts parts);

  /// Looks, and where there are differences looks a second time: those of both count. Writes the
  /// outcome down, logs a new difference and the end of one.
  [[nodiscard]] Result<AgreementState> compare();

 private:
  struct Look {
    std::vector<Difference> differences;
    std::size_t order_count = 0;
  };
  [[nodiscard]] Result<Look> look();
  [[nodiscard]] Result<std::vector<RegisterRule>> read_records();
  [[nodiscard]] Result<void> read_leaves(store::Executor& db);
  [[nodiscard]] Result<void> take_leaf(std::string_view entry);

  Parts parts_;
  Metric& differences_;
  Metric& checked_at_;
  std::int64_t next_place_ = 0;
  std::map<std::string, LedgerRule> ledger_;  // by order id
};

}  // namespace khien::publish
