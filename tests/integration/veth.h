// Two network namespaces with a veth pair between them, for tests that need a wire and root.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>

#include "base/assert.h"
#include "base/file.h"

namespace khien {

/// client 192.0.2.1, 2001:db8::1 ── 192.0.2.2, 2001:db8::2 server. Gone with this object.
class VethPair {
 public:
  /// Makes it; why_not() says why it could not. `queues` of each end.
  explicit VethPair(unsigned queues = 1) {
    if (::geteuid() != 0) {
      why_not_ = "network namespaces need root";
      return;
    }
    const std::string sizes = fmt::format("numrxqueues {} numtxqueues {}", queues, queues);
    const bool made = run("ip netns add {client}") && run("ip netns add {server}") &&
                      run("ip -n {client} link add kh0 " + sizes + " type veth peer name kh1 " +
                          sizes + " netns {server}") &&
                      bring_up("{client}", "kh0", "1") && bring_up("{server}", "kh1", "2");
    if (!made) why_not_ = "`ip netns` and veth pairs do not work here";
  }
  VethPair(const VethPair&) = delete;
  VethPair& operator=(const VethPair&) = delete;
  ~VethPair() {
    if (::geteuid() != 0) return;
    (void)run("ip netns del {client}");
    (void)run("ip netns del {server}");
  }
  [[nodiscard]] const std::optional<std::string>& why_not() const noexcept { return why_not_; }
  static constexpr auto server_interface = "kh1";

  /// Runs `work` on a thread of its own inside; sockets and threads that it makes stay inside.
  template <typename Work>
  auto at_client(Work&& work) const {
    return in(client_, std::forward<Work>(work));
  }
  template <typename Work>
  auto at_server(Work&& work) const {
    return in(server_, std::forward<Work>(work));
  }
  /// `ip` inside the server's namespace, or the client's.
  [[nodiscard]] bool server_ip(const std::string& command) const {
    return run("ip -n {server} " + command);
  }

 private:
  [[nodiscard]] bool run(std::string command) const {
    for (const auto& [word, name] : {std::pair{"{client}", client_}, {"{server}", server_}}) {
      for (std::size_t at = 0; (at = command.find(word)) != std::string::npos;) {
        command.replace(at, std::string_view{word}.size(), name);
      }
    }
    return std::system((command + " 2>/dev/null").c_str()) == 0;  // NOLINT: our own words only
  }
  [[nodiscard]] bool bring_up(const std::string& space, const std::string& end,
                              const std::string& number) const {
    const std::string ip = "ip -n " + space + " ";
    return run(ip + "addr add 192.0.2." + number + "/24 dev " + end) &&
           run(ip + "addr add 2001:db8::" + number + "/64 dev " + end + " nodad") &&
           run(ip + "link set " + end + " up") && run(ip + "link set lo up");
  }
  template <typename Work>
  static auto in(const std::string& space, Work&& work) {
    std::optional<std::invoke_result_t<Work>> result;
    std::thread{[&] {
      const FileDescriptor file{::open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC)};
      KHIEN_ASSERT(::setns(file.get(), CLONE_NEWNET) == 0);
      result.emplace(work());
    }}.join();
    return std::move(*result);
  }

  std::string client_ = fmt::format("khien-test-client-{}", ::getpid());
  std::string server_ = fmt::format("khien-test-server-{}", ::getpid());
  std::optional<std::string> why_not_;
};

/// A number of /proc/net/snmp6 or snmp in the caller's namespace, e.g. ("Udp6", "InDatagrams").
inline std::uint64_t kernel_count(const std::string& family, const std::string& name) {
  std::ifstream v6{"/proc/thread-self/net/snmp6"};
  for (std::string word; v6 >> word;) {
    std::uint64_t value = 0;
    v6 >> value;
    if (word == family + name) return value;
  }
  std::ifstream v4{"/proc/thread-self/net/snmp"};
  for (std::string names, values; std::getline(v4, names) && std::getline(v4, values);) {
    std::istringstream name_words{names};
    std::istringstream value_words{values};
    std::string word;
    std::string value;
    while (name_words >> word && value_words >> value) {
      if (names.starts_with(family + ":") && word == name) return std::stoull(value);
    }
  }
  return 0;
}

}  // namespace khien
