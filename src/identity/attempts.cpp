#include "identity/attempts.h"

#include <algorithm>

namespace khien::identity {
namespace {

tl::unexpected<Error> too_many() {
  return fail(ErrorCode::limit_exceeded, "too many attempts; wait a minute", "too_many_attempts");
}

}  // namespace

bool Attempts::take(std::string_view key, std::int64_t steady_ms) {
  auto state = state_.lock();
  const auto known = state->by_key.find(key);
  if (known == state->by_key.end()) {
    if (state->recent.size() >= rate_.keys_max) {
      state->by_key.erase(state->recent.back().key);
      state->recent.pop_back();
    }
    state->recent.push_front(
        Bucket{.key = std::string{key}, .left = rate_.burst, .since_ms = steady_ms});
    state->by_key.emplace(state->recent.front().key, state->recent.begin());
  } else {
    state->recent.splice(state->recent.begin(), state->recent, known->second);
  }

  Bucket& bucket = state->recent.front();
  const std::int64_t refilled = (steady_ms - bucket.since_ms) / rate_.refill_ms;
  bucket.since_ms += refilled * rate_.refill_ms;
  bucket.left = static_cast<int>(std::min<std::int64_t>(rate_.burst, bucket.left + refilled));
  if (bucket.left == 0) return false;
  --bucket.left;
  return true;
}

void Attempts::forgive(std::string_view key) {
  auto state = state_.lock();
  const auto known = state->by_key.find(key);
  if (known == state->by_key.end()) return;
  const auto bucket = known->second;
  state->by_key.erase(known);  // first the view, then the text that it points into
  state->recent.erase(bucket);
}

Result<void> SignInLimits::before_password(std::string_view login, std::string_view client_prefix,
                                           const Clock& clock) {
  const auto now = clock.steady_ms();
  if (!client_prefix.empty() && !by_client_.take(client_prefix, now)) return too_many();
  if (!by_login_.take(login, now)) return too_many();
  return {};
}

Result<void> SignInLimits::before_factor(std::string_view account_id, const Clock& clock) {
  if (!by_factor_.take(account_id, clock.steady_ms())) return too_many();
  return {};
}

}  // namespace khien::identity
