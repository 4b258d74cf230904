// The list that a probe gets: what to ask, of whom, how fast. Made for one probe, kept until it
// reports, so that nobody can report about names that were not asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/work.h"
#include "providers/target.h"

namespace khien::providers {

/// All probes together are given this many names an hour, whatever their number.
constexpr std::int64_t names_an_hour_max = 20'000;
constexpr std::int64_t work_names_min = 10;  // of one list, even with many probes
constexpr std::int64_t run_age_max_ms = 3 * ms_per_hour;
constexpr std::int64_t runs_kept_max = 4;  // of a probe: the list before may still be under way

struct WorkOptions {
  /// Good names that every working line resolves, at most probe::work_canaries_max.
  std::vector<std::string> canaries;
  std::int64_t next_s = 300;
  std::int64_t questions_a_second = 10;
  std::optional<std::string> nonce_zone = {};  ///< without a final dot; none: not asked
};

/// What was planned, kept with the run.
struct PlannedName {
  cases::OrderId order;
  std::string name;
  probe::Expected expected = probe::Expected::blocked;
};
[[nodiscard]] std::string plan_text(const std::vector<PlannedName>& plan);
/// corrupt for what plan_text() does not write.
[[nodiscard]] Result<std::vector<PlannedName>> parse_plan(std::string_view text);

/// Makes the next list of `probe`. Names of its list are those of next_targets(); the control is
/// the first resolver of a provider of kind `own`, if there is one. Some hundred statements at
/// most.
[[nodiscard]] Result<probe::Work> make_work(store::Transaction& tx, const Context& context,
                                            const Reporter& reporter, const WorkOptions& options);

/// "ID.ZONE", with which a run asks for a name of our own.
[[nodiscard]] std::string nonce_of(std::string_view run, std::string_view zone);

}  // namespace khien::providers
