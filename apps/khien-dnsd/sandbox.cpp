#include "sandbox.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/file.h"

namespace khien::dnsd {
namespace {

// Sanitizers look for leaks by means that the filter forbids: their builds go without it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

// By what needs them. Names that this architecture or libseccomp does not know are left out.
constexpr std::array allowed_calls{
    // packets and connections
    "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom",
    "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
    // waiting
    "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
    "eventfd2", "futex", "nanosleep", "poll", "ppoll", "restart_syscall", "sched_yield",
    "timerfd_create", "timerfd_settime",
    // snapshot, journal, lists, certificates, key files
    "access", "close", "dup", "faccessat", "faccessat2", "fallocate", "fchmod", "fcntl",
    "fdatasync", "flock", "fstat", "fsync", "ftruncate", "getcwd", "getdents64", "lseek", "mkdir",
    "mkdirat", "newfstatat", "openat", "pread64", "pwrite64", "read", "readlink", "readlinkat",
    "readv", "rename", "renameat", "renameat2", "rmdir", "stat", "lstat", "statx",
    "sync_file_range", "sync_file_range2", "unlink", "unlinkat", "write", "writev",
    // memory; mmap and mprotect have a rule of their own
    "brk", "madvise", "mincore", "mremap", "msync", "munmap",
    // threads, signals, time, the end
    "clock_getres", "clock_gettime", "exit", "exit_group", "get_robust_list", "getcpu", "getegid",
    "geteuid", "getgid", "getpid", "getppid", "getrandom", "getrlimit", "getrusage", "gettid",
    "gettimeofday", "getuid", "membarrier", "prctl", "prlimit64", "rseq", "rt_sigaction",
    "rt_sigpending", "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
    "sched_getaffinity", "sched_setaffinity", "set_robust_list", "set_tid_address", "sigaltstack",
    "sysinfo", "tgkill", "time", "uname",
    // threads of telemetry step behind the workers
    "setpriority",
    // whether standard error is a terminal; how much waits in a socket
    "ioctl"};

// Nothing of ours does any of this, ever: who tries has taken the process over.
constexpr std::array fatal_calls{"execve",
                                 "execveat",
                                 "ptrace",
                                 "process_vm_readv",
                                 "process_vm_writev",
                                 "kexec_load",
                                 "kexec_file_load",
                                 "init_module",
                                 "finit_module",
                                 "delete_module",
                                 "mount",
                                 "umount2",
                                 "pivot_root",
                                 "chroot",
                                 "setns",
                                 "unshare",
                                 "keyctl",
                                 "add_key",
                                 "request_key",
                                 "reboot",
                                 "swapon",
                                 "swapoff",
                                 "open_by_handle_at",
                                 "pidfd_getfd"};

constexpr std::array socket_families{AF_INET, AF_INET6, AF_UNIX};

struct FilterRelease {
  void operator()(void* filter) const noexcept { seccomp_release(filter); }
};

/// Collects the first failure of many rules.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EPERM))) {}

  void add(std::uint32_t action, const char* call, std::span<const scmp_arg_cmp> conditions = {}) {
    const int number = seccomp_syscall_resolve_name(call);
    if (number == __NR_SCMP_ERROR || error_ != 0 || context_ == nullptr) return;
    error_ = seccomp_rule_add_array(context_.get(), action, number,
                                    static_cast<unsigned>(conditions.size()), conditions.data());
  }
  Result<void> load() {
    if (context_ == nullptr) return fail(ErrorCode::unavailable, "seccomp: no filter");
    // Old kernels cannot log; refusing is what matters.
    (void)seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_LOG, 1);
    if (error_ == 0) error_ = seccomp_load(context_.get());
    if (error_ == 0) return {};
    return fail(ErrorCode::unavailable,
                std::string{"seccomp: the kernel refuses the filter: "} + std::strerror(-error_));
  }

 private:
  std::unique_ptr<void, FilterRelease> context_;
  int error_ = 0;
};

Result<void> limit_calls() {
  Filter filter;
  for (const char* call : fatal_calls) filter.add(SCMP_ACT_KILL_PROCESS, call);
  for (const char* call : allowed_calls) filter.add(SCMP_ACT_ALLOW, call);
  for (const int family : socket_families) {
    const std::array is_family{SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(family))};
    filter.add(SCMP_ACT_ALLOW, "socket", is_family);
  }
  const std::array not_executable{SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)};
  for (const char* call : {"mmap", "mprotect"}) {
    filter.add(SCMP_ACT_ALLOW, call, not_executable);
  }
  // Threads, not processes. The flags of clone3 lie in memory, where no filter can look: the C
  // library falls back to clone where there is no clone3.
  const std::array is_thread{SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)};
  filter.add(SCMP_ACT_ALLOW, "clone", is_thread);
  filter.add(SCMP_ACT_ERRNO(ENOSYS), "clone3");
  return filter.load();
}

// Rights that headers of Debian 12 may not name yet.
constexpr std::uint64_t right_truncate = std::uint64_t{1} << 14U;

std::uint64_t writing_rights(long version) {
  std::uint64_t rights =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
      LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
      LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (version >= 3) rights |= right_truncate;
  return rights;
}

Result<FileLimits> limit_files(std::span<const std::filesystem::path> written) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0},
                                 LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return FileLimits::none;
  landlock_ruleset_attr limits{};
  limits.handled_access_fs = writing_rights(version);
  const FileDescriptor rules{static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &limits, sizeof limits.handled_access_fs, 0U))};
  if (!rules.valid()) return FileLimits::none;
  for (const auto& folder : written) {
    const FileDescriptor at{::open(folder.c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY)};
    landlock_path_beneath_attr below{};
    below.allowed_access = limits.handled_access_fs & ~std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE};
    below.parent_fd = at.get();
    if (!at.valid() || ::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH,
                                 &below, 0U) != 0) {
      return fail(ErrorCode::unavailable,
                  "sandbox: allow writing below " + folder.string() + ": " + std::strerror(errno));
    }
  }
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0U) != 0) {
    return fail(ErrorCode::unavailable,
                std::string{"sandbox: Landlock refuses: "} + std::strerror(errno));
  }
  return FileLimits::landlock;
}

}  // namespace

Result<FileLimits> enter_sandbox(std::span<const std::filesystem::path> written) {
  auto limits = limit_files(written);
  if (!limits) return limits;
  if (is_sanitized) return limits;
  if (auto filtered = limit_calls(); !filtered) return tl::unexpected<Error>{filtered.error()};
  return limits;
}

}  // namespace khien::dnsd
