#include "store/wakeups.h"

namespace khien::store {

std::uint64_t WakeupHub::generation(const State& state, std::string_view channel) {
  const auto found = state.generations.find(channel);
  return state.all + (found == state.generations.end() ? 0 : found->second);
}

void WakeupHub::wake(std::string_view channel) {
  {
    auto state = state_.lock();
    const auto found = state->generations.find(channel);
    // Channels come from constants in code, so the map does not grow with use. A channel that
    // nobody subscribed to is not kept: a foreign NOTIFY cannot make it grow either.
    if (found == state->generations.end()) return;
    ++found->second;
  }
  state_.notify_all();
}

void WakeupHub::wake_all() {
  ++state_.lock()->all;
  state_.notify_all();
}

Subscription::Subscription(WakeupHub& hub, std::string_view channel)
    : hub_(&hub), channel_(channel) {
  auto state = hub_->state_.lock();
  state->generations.try_emplace(channel_, 0);
  seen_ = WakeupHub::generation(*state, channel_);
}

bool Subscription::wait(std::chrono::milliseconds timeout) {
  auto state = hub_->state_.lock();
  const bool woken = state.wait_for(timeout, [this](const WakeupHub::State& s) {
    return WakeupHub::generation(s, channel_) != seen_;
  });
  seen_ = WakeupHub::generation(*state, channel_);
  return woken;
}

}  // namespace khien::store
