#include "end_signals.h"

#include <signal.h>
#include <sys/signalfd.h>

namespace khien::khienctl {

Result<FileDescriptor> end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (::sigprocmask(SIG_BLOCK, &set, nullptr) != 0) {
    return fail(ErrorCode::internal, "cannot block signals");
  }
  FileDescriptor fd{::signalfd(-1, &set, SFD_CLOEXEC)};
  if (!fd.valid()) return fail(ErrorCode::unavailable, "cannot wait for signals");
  return fd;
}

}  // namespace khien::khienctl
