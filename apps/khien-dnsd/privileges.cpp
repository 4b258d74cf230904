#include "privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace khien::dnsd {
namespace {

tl::unexpected<Error> refused(const std::string& doing) {
  return fail(errno == EPERM ? ErrorCode::denied : ErrorCode::unavailable,
              doing + ": " + std::strerror(errno));
}

struct Account {
  uid_t user = 0;
  gid_t group = 0;
};

Result<Account> find_account(const std::string& name) {
  std::vector<char> text(16'384);
  passwd entry{};
  passwd* found = nullptr;
  if (const int error = ::getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
      error != 0) {
    return fail(ErrorCode::unavailable, "--user " + name + ": " + std::strerror(error));
  }
  if (found == nullptr) return fail(ErrorCode::not_found, "--user: there is no user " + name);
  return Account{.user = entry.pw_uid, .group = entry.pw_gid};
}

}  // namespace

Result<void> become_user(const std::string& user) {
  const auto account = find_account(user);
  if (!account) return tl::unexpected<Error>{account.error()};
  // Groups first: afterwards nobody may change them.
  if (::setgroups(0, nullptr) != 0 ||
      ::setresgid(account->group, account->group, account->group) != 0 ||
      ::setresuid(account->user, account->user, account->user) != 0) {
    return refused("--user " + user + ": only root may become another user");
  }
  if (account->user != 0 && ::setuid(0) == 0) {
    return fail(ErrorCode::internal, "--user " + user + ": could become root again");
  }
  return {};
}

Result<void> give_up_capabilities() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no_new_privs");
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
    return refused("clear ambient capabilities");
  }
  // The bounding set needs CAP_SETPCAP, which only a root start has. Without it no_new_privs does.
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) break;
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  if (::syscall(SYS_capset, &header, none.data()) != 0) return refused("give up capabilities");
  return {};
}

std::size_t descriptors_wanted(const resolver::ServiceOptions& options) noexcept {
  // Beside clients' connections: listeners, ports to upstreams, files, what libraries open.
  constexpr std::size_t rest = 1'024;
  return options.streams.threads * options.streams.limits.connections_max + rest;
}

std::size_t raise_descriptor_limit(std::size_t wanted) noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;  // and nobody can know better
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit more{.rlim_cur = std::min<rlim_t>(wanted, limit.rlim_max),
                    .rlim_max = limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &more) == 0 ? more.rlim_cur : limit.rlim_cur;
}

}  // namespace khien::dnsd
