// What every move needs beside its arguments. Borrowed for the length of a call; the program owns
// the parts. Thread-safe as long as `rng` is (SystemRng).
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/seal.h"
#include "text/suffix_list.h"

namespace khien::cases {

class ImpactData;  // impact.h

struct Context {
  const Clock& clock;
  Rng& rng;
  const text::PublicSuffixList& suffixes;
  /// Seals what reporters and objectors leave to be called back.
  const crypto::SealKey& contact_key;
  /// Lists of names that must not be blocked: a report is not joined to a case by one of them. Null
  /// in tests and tools that do not care.
  const ImpactData* impact = nullptr;
  /// True where somebody takes the jobs of second_signer.h; else none are queued.
  bool tell_second_signers = false;
};

/// Wake-up channels (store::Database::subscribe). They carry no data: look again.
constexpr std::string_view channel_records = "cases.records";          ///< anything changed: SSE
constexpr std::string_view channel_publication = "cases.publication";  ///< for the publisher

}  // namespace khien::cases
