// Rules from list files: read at the start, and again whenever a file has changed. A new list is
// swapped in shard by shard (rule_store.h). A bad one changes nothing: the last good rules stay,
// and status and log say why. Any thread may call it; one at a time gets on.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/metrics.h"
#include "resolver/list_files.h"
#include "resolver/rule_store.h"

namespace khien::resolver {

constexpr std::int64_t list_poll_ms = 2'000;  // a file must also have been still for as long

class ListWatch {
 public:
  /// Borrows store and metrics; nobody else may change `store` meanwhile.
  ListWatch(std::vector<ListFile> lists, RuleStore& store, Metrics& metrics);

  /// The rules at the start: the snapshot if it was made of these files, else the files. If they
  /// cannot be read, rules that an older state of the same files gave stay in force.
  Result<void> load();
  /// Looks after changes until `stop`; takes them once the file has been still for a while.
  void run(const std::stop_token& stop);
  /// One look, as run() takes it: false if there was nothing to do.
  Result<bool> look();
  /// Reads what has changed, or was refused, now. True if the rules have changed.
  Result<bool> reload();
  /// Why the last change was refused; empty if it was not.
  [[nodiscard]] std::string error() { return *error_.lock(); }

 private:
  using Stamps = std::vector<policy::ZoneState>;
  struct State {
    Stamps seen;     // at the last look
    Stamps refused;  // not tried again by itself
  };
  enum class When : std::uint8_t { now, once_still };

  Result<bool> take_changes(When when);
  Result<void> read(const Stamps& stamps, policy::SourceMask sources);
  [[nodiscard]] policy::SourceMask changed(const Stamps& stamps) const;
  tl::unexpected<Error> refuse(Error why);
  void forget_error(State& state);
  void save();

  std::vector<ListFile> lists_;
  RuleStore& store_;
  Guarded<State> state_;  // held while the store is changed
  Guarded<std::string> error_;
  Guarded<bool> stopping_;
  Metric& reloads_;
  Metric& refusals_;
  Metric& rules_;
};

}  // namespace khien::resolver
