// What every move needs beside its arguments. Borrowed for the length of a call; the program owns
// the parts. Thread-safe as long as `rng` is (SystemRng).
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "crypto/seal.h"
#include "text/suffix_list.h"

namespace khien::cases {

struct Context {
  const Clock& clock;
  Rng& rng;
  const text::PublicSuffixList& suffixes;
  const crypto::SealKey&
      contact_key;  ///< seals what reporters and objectors leave to be called back
};

/// Wake-up channels (store::Database::subscribe). They carry no data: look again.
constexpr std::string_view channel_records = "cases.records";          ///< anything changed: SSE
constexpr std::string_view channel_publication = "cases.publication";  ///< for the publisher

}  // namespace khien::cases
