// The certificate that khien-dnsd shows: loaded at the start, loaded again when its files change,
// as a whole or not at all. A bad pair leaves the last good one in force and says why. Also keeps
// the keys of session tickets, which outlive a reload.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/snapshot.h"
#include "net/tls_context.h"
#include "net/tls_files.h"

namespace khien::resolver {

using TlsPair = net::TlsPairFiles;

/// One for each protocol, because ALPN differs.
struct TlsContexts {
  net::TlsContext dot;
  net::TlsContext doh;
};

class TlsIdentity {
 public:
  /// `clock`, `rng` and `metrics` are borrowed. The errors of TlsContext::server().
  [[nodiscard]] static Result<std::unique_ptr<TlsIdentity>> open(TlsPair pair, const Clock& clock,
                                                                 Rng& rng, Metrics& metrics);

  /// Looks at the files, and at the age of the ticket keys. Call it once a second, on one thread.
  void poll();
  /// Any thread.
  [[nodiscard]] Snapshot<TlsContexts>& contexts() noexcept { return contexts_; }
  /// A line for /healthz; on the thread of poll().
  [[nodiscard]] std::string health() const;

 private:
  TlsIdentity(TlsPair pair, const Clock& clock, Rng& rng, Metrics& metrics);
  [[nodiscard]] Result<void> load();
  [[nodiscard]] bool is_over(std::int64_t not_after_s) const noexcept;

  net::TlsPairWatch files_;
  const Clock& clock_;
  Metric& reloads_;
  Metric& failures_;
  Metric& not_after_;
  net::TlsTicketKeys tickets_;
  Snapshot<TlsContexts> contexts_;
  std::string failure_;  // of the last reload; empty if it was good
};

}  // namespace khien::resolver
