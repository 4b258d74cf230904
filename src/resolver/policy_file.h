// The policy document on disk (docs/formats/policies.md), kept in force: read at the start, on
// SIGHUP and when the file changes, whole or not at all; what is wrong with a refused one is told
// until a good one comes. It also publishes again when an hour of a schedule begins or an entry
// ends, so that workers need no clock.
//
// Thread-safe: the status loop looks once a second, SIGHUP and /healthz come from elsewhere.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "policy/policy_document.h"
#include "resolver/policy_rows.h"

namespace khien::resolver {

class PolicyFile {
 public:
  /// `clock` and `metrics` are borrowed. Until load() everybody has the context's policy.
  PolicyFile(std::filesystem::path path, const policy::PolicyDocumentContext& context,
             const Clock& clock, Metrics& metrics);

  /// Reads the file. True: another document is in force; false: the file is the one in force. An
  /// error names file, place and reason, and what was in force stays.
  Result<bool> load();
  /// Where the service listens ("192.0.2.1:53"): networks that a document knows by another address
  /// have nobody in them, and the log says so, now and whenever a document comes into force.
  void listening_on(std::vector<std::string> addresses);
  /// Once a second: reads the file if it changed, and follows the time of day.
  void look();

  [[nodiscard]] Snapshot<policy::NetworkPolicies>& published() noexcept { return published_; }
  /// The policies of the document in force, and where workers count them. Any thread.
  [[nodiscard]] std::vector<PolicyRow> counted() { return state_.lock()->rows.in_force(); }
  /// Why the file as it is now is not in force; empty if it is.
  [[nodiscard]] std::string problem();

 private:
  struct State {
    std::string stamp = {};  // of the file that was read last, good or bad
    std::shared_ptr<const policy::PolicyBook> book = nullptr;
    std::shared_ptr<const policy::NetworkPolicies> policies = nullptr;
    std::int64_t minute = 0;                  // of `policies`
    std::vector<std::string> addresses = {};  // none until listening_on()
    PolicyRows rows = {};
    std::string problem = {};
  };
  Result<bool> load(State& state);
  void follow_time(State& state);
  void tell_unheard(const State& state);

  std::filesystem::path path_;
  policy::PolicyDocumentContext context_;
  const Clock& clock_;
  Snapshot<policy::NetworkPolicies> published_;
  Guarded<State> state_;
  Metric& accepted_;
  Metric& refused_;
  Metric& degraded_;
  Metric& networks_;
  Metric& prefixes_;
  Metric& unheard_;
};

/// The listeners of `book` that are none of `addresses`, in the order of the document.
[[nodiscard]] std::vector<std::string> unheard_listeners(const policy::PolicyBook& book,
                                                         std::span<const std::string> addresses);

}  // namespace khien::resolver
