#include "timer_thread.h"

#include <exception>

#include "base/log.h"

namespace khien::khiend {
namespace {

/// What went wrong in one round; empty if nothing did.
std::string error_of(const std::function<Result<void>()>& work) {
  try {
    const auto done = work();
    return done ? "" : done.error().message;
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

TimerThread::TimerThread(Options options, std::unique_ptr<store::Subscription> channel,
                         std::function<Result<void>()> work)
    : options_(std::move(options)),
      channel_(std::move(channel)),
      work_(std::move(work)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

TimerThread::~TimerThread() {
  thread_.request_stop();
  channel_->wake();
}

api::PartState TimerThread::state() {
  auto error = error_.lock();
  if (error->empty()) return {};
  return {.condition = api::Condition::degraded, .words = *error};
}

void TimerThread::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto error = error_of(work_);
    if (!error.empty()) {
      KHIEN_LOG(warning, "round_failed", {"part", options_.name}, {"why", error});
    }
    *error_.lock() = std::move(error);
    static_cast<void>(channel_->wait(options_.interval));
  }
}

}  // namespace khien::khiend
