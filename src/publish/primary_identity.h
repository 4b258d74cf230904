// The certificate that the primary shows over TLS (RFC 9103): loaded at the start, loaded again
// when its files change, as a whole or not at all. A bad pair leaves the last good one in force.
// Clients are asked for a certificate, and served without one: Access says whose key opens what.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/snapshot.h"
#include "net/tls_context.h"
#include "net/tls_files.h"

namespace khien::publish {

class PrimaryIdentity {
 public:
  /// `clock` and `metrics` are borrowed. The errors of TlsContext::server().
  [[nodiscard]] static Result<std::unique_ptr<PrimaryIdentity>> open(net::TlsPairFiles files,
                                                                     const Clock& clock,
                                                                     Metrics& metrics);

  /// Looks at the files. Call it once a second, on one thread.
  void poll();
  /// Any thread.
  [[nodiscard]] net::TlsContext context() { return *context_.get(); }
  /// What is wrong, for /healthz; empty if nothing is. Any thread.
  [[nodiscard]] std::string problem();

 private:
  PrimaryIdentity(net::TlsPairFiles files, const Clock& clock, Metrics& metrics);
  [[nodiscard]] Result<void> load();

  net::TlsPairWatch files_;
  const Clock& clock_;
  Metric& reloads_;
  Metric& failures_;
  Metric& not_after_;
  Snapshot<net::TlsContext> context_;
  Guarded<std::string> failure_;  // of the last reload; empty if it was good
};

}  // namespace khien::publish
