// What the sandbox refuses and what it leaves, each tried in a process of its own.
#include "sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "net/socket.h"
#include "privileges.h"

namespace khien::dnsd {
namespace {

/// How a child ended that entered the sandbox and then did `work`: its exit status (0 to 255), or
/// minus the signal.
int in_sandbox(const std::function<int()>& work, const std::filesystem::path& written = {}) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<std::filesystem::path> folders;
    if (!written.empty()) folders.push_back(written);
    const bool inside = give_up_capabilities().has_value() && enter_sandbox(folders).has_value();
    ::_exit(inside ? work() : 255);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int error_of(long result) { return result < 0 ? errno : 0; }

bool has_landlock() {
  return in_sandbox([] { return error_of(::open("/tmp", O_WRONLY | O_TMPFILE, 0600)); }) != 0;
}

bool is_filtered() {
  return in_sandbox([] { return error_of(::kill(::getpid(), 0)); }) == EPERM;
}

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_filtered()) GTEST_SKIP() << "a build with sanitizers has no filter";
  }
};

TEST(Privileges, AreGoneForGood) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root has rights to give up";
  const pid_t child = ::fork();
  if (child == 0) {
    const bool became = become_user("nobody").has_value() && give_up_capabilities().has_value();
    const bool gone = ::geteuid() != 0 && ::getuid() != 0 && ::getgid() != 0 &&
                      ::getgroups(0, nullptr) == 0 && ::setuid(0) != 0 && ::setgid(0) != 0;
    ::_exit(became && gone ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(become_user("no-such-user").has_value());
}

TEST_F(Sandbox, EndsWhoWantsToRunOrInspectPrograms) {
  EXPECT_EQ(in_sandbox([] {
              std::array<char*, 1> none{};
              ::execve("/bin/true", none.data(), none.data());
              return 0;
            }),
            -SIGSYS);
  EXPECT_EQ(in_sandbox([] { return error_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)); }),
            -SIGSYS);
}

TEST_F(Sandbox, RefusesWhatNoThreadUses) {
  EXPECT_EQ(in_sandbox([] { return error_of(::fork()); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return error_of(::setuid(0)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return error_of(::chmod("/tmp", 0777)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return error_of(::symlink("a", "/tmp/khien-sandbox-b")); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return error_of(::kill(1, 0)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return error_of(::socket(AF_NETLINK, SOCK_RAW, 0)); }), EPERM);
  EXPECT_EQ(in_sandbox([] { return error_of(::socket(AF_PACKET, SOCK_RAW, 0)); }), EPERM);
}

TEST_F(Sandbox, NothingBecomesExecutable) {
  EXPECT_EQ(in_sandbox([] {
              void* page =
                  ::mmap(nullptr, 4'096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return page == MAP_FAILED ? errno : 0;
            }),
            EPERM);
  EXPECT_EQ(in_sandbox([] {
              void* page = ::mmap(nullptr, 4'096, PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (page == MAP_FAILED) return 1;
              return error_of(::mprotect(page, 4'096, PROT_READ | PROT_EXEC));
            }),
            EPERM);
}

TEST_F(Sandbox, LeavesWhatTheServiceDoes) {
  EXPECT_EQ(in_sandbox([] {
              const auto loopback = net::SocketAddress::parse("127.0.0.1:0").value();
              auto udp = net::UdpSocket::bind({.address = loopback});
              auto tcp = net::TcpListener::listen({.address = loopback});
              if (!udp || !tcp) return 1;
              int number = 1;
              std::thread{[&] { number = 0; }}.join();
              return number;
            }),
            0);
  EXPECT_EQ(in_sandbox([] { return error_of(::open("/etc/passwd", O_RDONLY)); }), 0);
  // Snapshots go to the disk piece by piece, or their end would be long in waiting for it.
  EXPECT_EQ(in_sandbox([] { return error_of(::sync_file_range(-1, 0, 0, SYNC_FILE_RANGE_WRITE)); }),
            EBADF);
}

TEST_F(Sandbox, WritesOnlyWhereItIsTold) {
  if (!has_landlock()) GTEST_SKIP() << "this kernel has no Landlock";
  const auto inside =
      std::filesystem::path{testing::TempDir()} / ("khien-sandbox-" + std::to_string(::getpid()));
  const auto outside = inside.string() + "-outside";
  std::filesystem::create_directories(inside);
  std::ofstream{outside} << "x";
  const auto open_for_writing = [](const std::string& path) {
    return error_of(::open(path.c_str(), O_WRONLY | O_CREAT, 0600));
  };
  EXPECT_EQ(in_sandbox([&] { return open_for_writing(inside / "rules.snapshot"); }, inside), 0);
  EXPECT_EQ(in_sandbox([&] { return open_for_writing(outside); }, inside), EACCES);
  EXPECT_EQ(in_sandbox([&] { return open_for_writing(outside + "-new"); }, inside), EACCES);
  EXPECT_EQ(in_sandbox([&] { return error_of(::unlink(outside.c_str())); }, inside), EACCES);
  EXPECT_TRUE(std::filesystem::exists(outside));
  std::filesystem::remove_all(inside);
  std::filesystem::remove(outside);
}

}  // namespace
}  // namespace khien::dnsd
