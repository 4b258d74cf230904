// What this module needs beside its arguments. Borrowed for the length of a call.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "crypto/seal.h"

namespace khien::providers {

struct Context {
  const Clock& clock;
  Rng& rng;
  /// Seals where a provider's people are written to.
  const crypto::SealKey& contact_key;
};

}  // namespace khien::providers
