#include "progress_keeper.h"

#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "publish/follower_file.h"

namespace khien::khiend {
namespace {

using namespace std::chrono_literals;

constexpr auto tell_interval = 1s;  // between two events, however much happens
constexpr int turns_a_save = 10;    // every 10 s
constexpr std::string_view changed_publication = R"({"kind":"publication","id":"followers"})";

}  // namespace

ProgressKeeper::ProgressKeeper(Parts parts) : parts_(std::move(parts)), gauges_(parts_.metrics) {
  restore();
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

ProgressKeeper::~ProgressKeeper() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  save();
}

void ProgressKeeper::restore() {
  auto kept = publish::read_progress(parts_.file);
  if (kept) {
    parts_.progress.restore(*kept);
  } else if (kept.error().code != ErrorCode::not_found) {
    KHIEN_LOG(warning, "followers_state_refused", {"message", kept.error().message});
  }
}

void ProgressKeeper::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock{mutex};
  int turns = 0;
  while (!woken.wait_for(lock, stop, tell_interval, [] { return false; }) &&
         !stop.stop_requested()) {
    try {
      tell();
      if (++turns % turns_a_save == 0) save();
    } catch (const std::exception& error) {
      KHIEN_LOG(error, "followers_state_failed", {"what", error.what()});
    }
  }
}

void ProgressKeeper::tell() {
  const std::uint64_t now = parts_.progress.generation();
  if (now == told_) return;
  told_ = now;
  gauges_.update(parts_.progress.record());
  parts_.events.publish("changed", changed_publication);
}

void ProgressKeeper::save() {
  const auto record = parts_.progress.record();
  gauges_.update(record);  // seconds pass without any event
  auto written = publish::write_progress(parts_.file, record);
  if (!written && can_save_) {
    KHIEN_LOG(warning, "followers_state_not_saved", {"message", written.error().message});
  }
  can_save_ = written.has_value();
}

}  // namespace khien::khiend
