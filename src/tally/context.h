// What this module needs beside its arguments. Borrowed for the length of a call.
#pragma once

#include "base/clock.h"
#include "base/random.h"

namespace khien::tally {

struct Context {
  const Clock& clock;
  Rng& rng;
};

}  // namespace khien::tally
