// What the modules' functions need beside their arguments when they are called by khienctl beside
// or without a running khiend: the clock, randomness and the state folder's seal key. Signs nothing
// and serves nobody.
#pragma once

#include <memory>

#include "base/result.h"
#include "cases/context.h"
#include "identity/context.h"
#include "place.h"

namespace khien::khienctl {

class OperatorContext {
 public:
  /// not_found if the state folder has no seal key: no khiend has run there.
  [[nodiscard]] static Result<std::unique_ptr<OperatorContext>> open(const Place& place);

  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] identity::Context identity();
  [[nodiscard]] cases::Context cases();

 private:
  OperatorContext(crypto::SealKey key, text::PublicSuffixList suffixes)
      : seal_key_(std::move(key)), suffixes_(std::move(suffixes)) {}

  SystemClock clock_;
  SystemRng rng_;
  crypto::SealKey seal_key_;
  text::PublicSuffixList suffixes_;
  crypto::Ed25519Key server_key_ = crypto::Ed25519Key::generate(rng_);  // signs nothing here
  identity::RelyingParty rp_;
  identity::PasswordGate passwords_;
  identity::SignInLimits limits_;
};

}  // namespace khien::khienctl
