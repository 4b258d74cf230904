// For tests: while it lives, no file of this process grows beyond a size, as if the disk were full.
// Of the whole process, so other threads must not write meanwhile.
#pragma once

#include <sys/resource.h>

#include <csignal>
#include <cstdint>

#include "base/assert.h"

namespace khien {

class FullDisk {
 public:
  explicit FullDisk(std::uint64_t file_size_max) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    KHIEN_ASSERT(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit full{.rlim_cur = file_size_max, .rlim_max = before_.rlim_max};
    KHIEN_ASSERT(::setrlimit(RLIMIT_FSIZE, &full) == 0);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    KHIEN_ASSERT(::setrlimit(RLIMIT_FSIZE, &before_) == 0);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  using Handler = void (*)(int);
  Handler handler_;
  rlimit before_{};
};

}  // namespace khien
