#include "resolver/test_calls.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace khien::resolver {

std::atomic<std::size_t> lock_count{0};
std::atomic<std::size_t> receive_count{0};
std::atomic<std::size_t> send_count{0};
std::atomic<std::size_t> wait_count{0};
std::atomic<std::size_t> sync_count{0};
thread_local std::size_t own_sync_count = 0;
std::atomic<int> sync_error{0};

namespace {

// The function that ours stands in front of. No lock and no guard of its own: a look-up done twice
// finds the same.
template <typename Function>
Function* next(std::atomic<void*>& known, const char* name) {
  void* found = known.load();
  if (found == nullptr) {
    found = ::dlsym(RTLD_NEXT, name);
    known = found;
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace
}  // namespace khien::resolver

// Sanitizers stand in front of the same functions.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// NOLINTBEGIN: the C library's names and types
#define KHIEN_COUNT_LOCK(name, type)                              \
  extern "C" int name(type* lock) noexcept {                      \
    static std::atomic<void*> known{nullptr};                     \
    ++khien::resolver::lock_count;                                \
    return khien::resolver::next<int(type*)>(known, #name)(lock); \
  }
// NOLINTEND
KHIEN_COUNT_LOCK(pthread_mutex_lock, pthread_mutex_t)
KHIEN_COUNT_LOCK(pthread_mutex_trylock, pthread_mutex_t)
KHIEN_COUNT_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
KHIEN_COUNT_LOCK(pthread_rwlock_tryrdlock, pthread_rwlock_t)
KHIEN_COUNT_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
KHIEN_COUNT_LOCK(pthread_rwlock_trywrlock, pthread_rwlock_t)

extern "C" int recvmmsg(int fd, mmsghdr* packets, unsigned count, int flags, timespec* timeout) {
  static std::atomic<void*> known{nullptr};
  ++khien::resolver::receive_count;
  return khien::resolver::next<decltype(recvmmsg)>(known, "recvmmsg")(fd, packets, count, flags,
                                                                      timeout);
}

extern "C" int sendmmsg(int fd, mmsghdr* packets, unsigned count, int flags) {
  static std::atomic<void*> known{nullptr};
  ++khien::resolver::send_count;
  return khien::resolver::next<decltype(sendmmsg)>(known, "sendmmsg")(fd, packets, count, flags);
}

extern "C" int epoll_wait(int fd, epoll_event* events, int count, int timeout) {
  static std::atomic<void*> known{nullptr};
  ++khien::resolver::wait_count;
  return khien::resolver::next<decltype(epoll_wait)>(known, "epoll_wait")(fd, events, count,
                                                                          timeout);
}

extern "C" int fdatasync(int fd) {
  static std::atomic<void*> known{nullptr};
  ++khien::resolver::sync_count;
  ++khien::resolver::own_sync_count;
  const int error = khien::resolver::sync_error;
  if (error == 0) return khien::resolver::next<decltype(fdatasync)>(known, "fdatasync")(fd);
  errno = error;
  return -1;
}

extern "C" int fsync(int fd) {
  static std::atomic<void*> known{nullptr};
  ++khien::resolver::sync_count;
  ++khien::resolver::own_sync_count;
  return khien::resolver::next<decltype(fsync)>(known, "fsync")(fd);
}

#endif
