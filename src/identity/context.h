// What identity needs beside its arguments. Borrowed for the length of a call; the program makes
// the parts once and owns them. Thread-safe as long as `rng` is (SystemRng).
#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "crypto/seal.h"
#include "crypto/signature.h"
#include "identity/attempts.h"
#include "identity/password_gate.h"
#include "identity/webauthn.h"

namespace khien::identity {

struct Context {
  const Clock& clock;
  Rng& rng;
  const crypto::SealKey& seal_key;       ///< seals TOTP secrets
  const crypto::Ed25519Key& server_key;  ///< attests signatures made with TOTP
  const RelyingParty& rp;
  PasswordGate& passwords;
  SignInLimits& limits;
  Metrics* metrics = nullptr;  ///< counters khien_sign_in_…; none are kept without
};

}  // namespace khien::identity
