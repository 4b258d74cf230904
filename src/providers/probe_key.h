// The probes that may report, each with the provider whose line it stands on and an Ed25519 key
// that it made itself. Enrolling and revoking one is an operator's act and a leaf of the public
// log, which holds the probe's id alone: its name may say which school or office it stands in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probe/finding.h"
#include "probe/request_signature.h"
#include "providers/provider.h"
#include "store/database.h"

namespace khien::providers {

constexpr std::size_t probes_max = 256;       // in use
constexpr std::int64_t nonces_kept_max = 64;  // of a probe, within twice request_age_max_ms

struct ProbeTag;
using ProbeId = Id<ProbeTag>;

struct ProbeDraft {
  std::string name;  ///< 1 to 32 of a-z, 0-9 and -
  ProviderId provider;
  crypto::Ed25519PublicKey key = {};
};

/// invalid_argument "bad_name", "reason_needed"; not_found for no provider in use; conflict
/// "probe_exists" for a name in use, "key_known" for a key that was ever entered: a revoked one
/// never comes back; limit_exceeded "too_many_probes". Leaf probe.enrolled.
[[nodiscard]] Result<ProbeId> enrol_probe(store::Transaction& tx, const Context& context,
                                          const ProbeDraft& draft, const Act& act);
/// Its key opens nothing from then on, and what it saw counts no more. not_found without one in
/// use. Leaf probe.revoked.
[[nodiscard]] Result<void> revoke_probe(store::Transaction& tx, const Context& context,
                                        std::string_view name, const Act& act);

struct ProbeFacts {
  ProbeId id;
  std::string name;
  ProviderId provider;
  crypto::Ed25519PublicKey key = {};
  InstantMs enrolled_at_ms = 0;
  std::optional<InstantMs> revoked_at_ms;
  std::optional<InstantMs> heard_at_ms;  ///< its last statement
  std::optional<probe::LineState> line;  ///< of the worst line then
  std::string program;
  std::int64_t canaries_blocked = 0;
};
/// All that were ever entered, by name and age.
[[nodiscard]] Result<std::vector<ProbeFacts>> list_probes(store::Executor& db);

/// Who reports, left by the gate for the handler.
struct Reporter {
  ProbeId probe;
  ProviderId provider;
  crypto::Sha256Digest body = {};  ///< that the signature is over: the handler compares
  std::string proof = {};          ///< the header, to be kept with the statement
};
/// The probe whose key signed this request just now. Each nonce opens once, also where several
/// khiend run. denied "probe_signature" for everything that is no good signature of a probe in use,
/// "probe_clock" where its time is more than five minutes off, "probe_replayed"; limit_exceeded
/// "too_many_requests". A write for each request that is let in, none for others.
[[nodiscard]] Result<Reporter> admit_probe(store::Database& database, const Context& context,
                                           std::string_view header, const probe::RequestLine& line);

}  // namespace khien::providers
