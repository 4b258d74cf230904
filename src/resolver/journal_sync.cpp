#include "resolver/journal_sync.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/log.h"

namespace khien::resolver {
namespace {

constexpr std::chrono::hours idle_wait{1};  // wishes and the stop wake it

}  // namespace

JournalSync::JournalSync(Metric& failures, SyncFile sync_file)
    : failures_(failures), sync_file_(std::move(sync_file)) {}

JournalSync::~JournalSync() {
  if (!thread_.joinable()) return;
  {
    // Under the lock, or the thread could look before this and sleep after the wake-up.
    auto wanted = wanted_.lock();
    (void)wanted;
    thread_.request_stop();
  }
  wanted_.notify_all();
}

int JournalSync::fdatasync_file(int fd) noexcept { return ::fdatasync(fd) == 0 ? 0 : errno; }

void JournalSync::want(FileDescriptor file) {
  if (!file.valid()) {
    failures_.add();
    failed_.store(true);
    return;
  }
  if (!thread_.joinable()) {
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  wanted_.lock()->emplace(std::move(file));
  wanted_.notify_all();
}

/// nullopt once nothing is wished for and `stop` is.
std::optional<FileDescriptor> JournalSync::next(const std::stop_token& stop) {
  auto wanted = wanted_.lock();
  while (!wanted->has_value() && !stop.stop_requested()) {
    (void)wanted.wait_for(idle_wait, [&](const std::optional<FileDescriptor>& file) {
      return file.has_value() || stop.stop_requested();
    });
  }
  return std::exchange(*wanted, std::nullopt);
}

void JournalSync::run(const std::stop_token& stop) {
  (void)::prctl(PR_SET_NAME, "journal_sync");
  while (const auto file = next(stop)) {
    const int error = sync_file_(file->get());
    if (error == 0) continue;
    failures_.add();
    failed_.store(true);
    KHIEN_LOG(error, "journal_given_up", {"why", std::string{"sync: "} + std::strerror(error)});
  }
}

}  // namespace khien::resolver
