// A P-256 key that signs, for tests that play somebody's passkey. Khiên itself only verifies ES256.
#pragma once

#include <memory>

#include "base/bytes.h"

namespace khien::crypto::testing {

class Es256Key {
 public:
  Es256Key();  // random
  Es256Key(Es256Key&&) noexcept;
  Es256Key& operator=(Es256Key&&) noexcept;
  ~Es256Key();
  [[nodiscard]] const Octets& x() const noexcept { return x_; }  // 32 octets, big-endian
  [[nodiscard]] const Octets& y() const noexcept { return y_; }
  /// An ASN.1 ECDSA-Sig-Value over SHA-256 of `message`.
  [[nodiscard]] Octets sign(Bytes message) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  Octets x_;
  Octets y_;
};

}  // namespace khien::crypto::testing
