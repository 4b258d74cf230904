#include "publish/bounded_call.h"

#include <chrono>
#include <exception>

namespace khien::publish {
namespace {

constexpr std::chrono::seconds look_interval{1};

tl::unexpected<Error> late() {
  return fail(ErrorCode::timeout, "the database has not answered in time", "late");
}

}  // namespace

BoundedCall::BoundedCall() : thread_([this](const std::stop_token& stop) { serve(stop); }) {}

BoundedCall::~BoundedCall() {
  thread_.request_stop();
  state_.notify_all();
}

Result<void> BoundedCall::run(Work work, std::int64_t wait_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{wait_ms};
  const auto rest = [&] { return until - std::chrono::steady_clock::now(); };
  const auto answer = std::make_shared<Answer>();
  {
    auto state = state_.lock();
    if (!state.wait_for(rest(), [](const State& now) { return !now.busy; })) return late();
    state->busy = true;
    state->work = std::move(work);
    state->answer = answer;
  }
  state_.notify_all();
  auto state = state_.lock();
  const bool done = state.wait_for(rest(), [&](const State&) { return answer->has_value(); });
  return done ? **answer : Result<void>{late()};
}

void BoundedCall::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Work work;
    {
      auto state = state_.lock();
      (void)state.wait_for(look_interval, [&](const State& now) {
        return now.work != nullptr || stop.stop_requested();
      });
      work = std::move(state->work);
      state->work = nullptr;
    }
    if (!work) continue;
    Result<void> result{};
    try {
      result = work();
    } catch (const std::exception& error) {
      result = fail(ErrorCode::internal, error.what());
    }
    {
      auto state = state_.lock();
      state->answer->emplace(std::move(result));
      state->busy = false;
    }
    state_.notify_all();
  }
}

}  // namespace khien::publish
