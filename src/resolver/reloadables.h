// What SIGHUP reads again while the service runs: parts register a name and a function, each part
// changes whole or not at all, and a failure of one does not hold up the others. The functions run
// on the thread that calls run(), one after another; each must know how it hands its result to the
// threads that use it (Snapshot, Guarded, a loop's post).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"

namespace khien::resolver {

class Reloadables {
 public:
  /// True: something changed and is in force. False: it is what it was. An error: the old stays in
  /// force, and the message says what is wrong with the new.
  using Reload = std::function<Result<bool>()>;

  explicit Reloadables(Metrics& metrics) : metrics_(metrics) {}

  /// `name` is a word of ours ("lists", "certificates"): it is a label of the metric. Before run().
  void add(std::string name, Reload reload);

  /// Reloads all, in the order of their registration; logs and counts each. How many failed.
  std::size_t run();

 private:
  struct Part {
    std::string name;
    Reload reload;
    Metric* changed;
    Metric* same;
    Metric* failed;
  };
  Metrics& metrics_;
  std::vector<Part> parts_;
};

}  // namespace khien::resolver
