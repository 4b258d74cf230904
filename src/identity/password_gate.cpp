#include "identity/password_gate.h"

#include "base/assert.h"

namespace khien::identity {

PasswordGate::PasswordGate(crypto::PasswordCost cost, std::chrono::milliseconds wait_max)
    : cost_(cost), wait_max_(wait_max) {
  auto hash = crypto::hash_password("a password that nobody has", cost_);
  KHIEN_ASSERT(hash.has_value());  // at start: without this memory no sign-in would ever work
  nobody_hash_ = std::move(*hash);
}

PasswordGate::Place::~Place() {
  if (gate_ == nullptr) return;
  --*gate_->inside_.lock();
  gate_->inside_.notify_all();
}

Result<PasswordGate::Place> PasswordGate::enter() {
  auto inside = inside_.lock();
  const auto free = [](int count) { return count < password_checks_at_once_max; };
  if (!inside.wait_for(wait_max_, free))
    return fail(ErrorCode::unavailable, "too many sign-ins at once", "busy");
  ++*inside;
  return Place{*this};
}

Result<std::string> PasswordGate::hash(std::string_view password) {
  if (password.size() < password_size_min)
    return fail(ErrorCode::invalid_argument, "password is too short", "password_too_short");
  if (password.size() > password_text_max)
    return fail(ErrorCode::invalid_argument, "password is too long", "password_too_long");
  const auto place = enter();
  if (!place) return tl::unexpected<Error>{place.error()};
  return crypto::hash_password(password, cost_);
}

Result<bool> PasswordGate::verify(const std::string& hash, std::string_view password) {
  const auto place = enter();
  if (!place) return tl::unexpected<Error>{place.error()};
  return crypto::verify_password(hash, password);
}

Result<bool> PasswordGate::verify_nobody(std::string_view password) {
  auto done = verify(nobody_hash_, password);
  if (!done) return done;
  return false;
}

bool PasswordGate::needs_rehash(const std::string& hash) const {
  return crypto::needs_rehash(hash, cost_);
}

}  // namespace khien::identity
