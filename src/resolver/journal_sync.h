// Makes what was appended to the rule journal durable, on a thread of its own: fdatasync(2) takes
// as long as the disk and whoever else writes to it want, hundreds of milliseconds on a busy
// machine, and the change after must not wait for it.
//
// At most one wish waits beside the sync in hand, because one sync is good for all that was
// appended before it. The thread begins with the first wish, so inside the sandbox of khien-dnsd.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "base/file.h"
#include "base/guarded.h"
#include "base/metrics.h"

namespace khien::resolver {

class JournalSync {
 public:
  /// 0 or an errno.
  using SyncFile = std::function<int(int fd)>;

  /// `failures` counts syncs that failed; borrowed. Tests give another `sync_file`.
  explicit JournalSync(Metric& failures, SyncFile sync_file = fdatasync_file);
  /// After what is still wished for.
  ~JournalSync();
  JournalSync(const JournalSync&) = delete;
  JournalSync& operator=(const JournalSync&) = delete;

  /// `file`, a descriptor of its own, is synced soon. One thread calls this.
  void want(FileDescriptor file);
  /// A sync has failed since forget_failure(): what the disk holds is unknown, and the journal is
  /// to be given up. Any thread.
  [[nodiscard]] bool failed() const noexcept { return failed_.load(); }
  /// For a new journal. A sync of the old one that fails later makes the new one be given up as
  /// well: one snapshot more is written.
  void forget_failure() noexcept { failed_.store(false); }

 private:
  static int fdatasync_file(int fd) noexcept;
  void run(const std::stop_token& stop);
  [[nodiscard]] std::optional<FileDescriptor> next(const std::stop_token& stop);

  Metric& failures_;
  SyncFile sync_file_;
  std::atomic<bool> failed_ = false;
  Guarded<std::optional<FileDescriptor>> wanted_;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace khien::resolver
