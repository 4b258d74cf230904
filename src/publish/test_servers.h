// Real DNS servers for the integration tests: started on free loopback ports in a folder of their
// own, ended with the object. And an upstream that knows one answer to everything.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dns/name.h"
#include "net/address.h"

namespace khien::publish {

/// A UDP and TCP port on 127.0.0.1 that was free a moment ago.
[[nodiscard]] net::SocketAddress free_address();
/// The program's path, or nullopt if it is not installed.
[[nodiscard]] std::optional<std::string> find_program(std::string_view name);

/// A child process, killed and waited for at the end. Its output goes to `log`.
class TestProcess {
 public:
  TestProcess(const std::vector<std::string>& command, const std::filesystem::path& log);
  TestProcess(const TestProcess&) = delete;
  TestProcess& operator=(const TestProcess&) = delete;
  ~TestProcess();

 private:
  pid_t pid_ = -1;
};

/// What a command writes, and whether it ended with 0.
struct CommandOutput {
  std::string text;
  bool good = false;
};
[[nodiscard]] CommandOutput run_command(const std::vector<std::string>& command,
                                        const std::filesystem::path& folder);

/// Answers every query with 192.0.2.80.
class TestUpstream {
 public:
  TestUpstream();
  TestUpstream(const TestUpstream&) = delete;
  TestUpstream& operator=(const TestUpstream&) = delete;
  ~TestUpstream() = default;
  [[nodiscard]] const net::SocketAddress& address() const noexcept { return address_; }

 private:
  net::SocketAddress address_;
  std::jthread thread_;
};

/// The rcode of a recursive query for A, or -1 without an answer within `wait_ms`.
[[nodiscard]] int rcode_of(const net::SocketAddress& server, const dns::Name& name, int wait_ms);
/// Asks again and again until the rcode is `wanted`: milliseconds it took, or -1 after
/// `wait_max_ms`.
[[nodiscard]] std::int64_t time_until(const net::SocketAddress& server, const dns::Name& name,
                                      int wanted, std::int64_t wait_max_ms);

}  // namespace khien::publish
