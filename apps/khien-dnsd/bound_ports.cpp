#include "bound_ports.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace khien::dnsd {
namespace {

struct Bound {
  net::SocketAddress address;
  std::string inode;
};

/// "0100007F:0035", the kernel's words of 32 bits in host order, as an address.
std::optional<net::SocketAddress> parse_kernel_address(const std::string& text) {
  const auto colon = text.find(':');
  if (colon != 8 && colon != 32) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t at = 0; at < colon; at += 8) {
    std::uint32_t word = 0;
    if (std::from_chars(&text[at], &text[at] + 8, word, 16).ec != std::errc{}) return std::nullopt;
    std::memcpy(&octets[at / 2], &word, sizeof word);
  }
  std::uint16_t port = 0;
  const char* begin = text.data() + colon + 1;
  if (std::from_chars(begin, text.data() + text.size(), port, 16).ec != std::errc{}) {
    return std::nullopt;
  }
  const auto ip = colon == 8 ? net::IpAddress::v4({octets[0], octets[1], octets[2], octets[3]})
                             : net::IpAddress::v6(octets);
  return net::SocketAddress{.ip = ip, .port = port};
}

// Columns: sl local_address rem_address st queues timer retransmits uid timeout inode …
std::vector<Bound> bound_sockets(PortKind kind, bool v4) {
  std::ifstream table{std::string{"/proc/net/"} + (kind == PortKind::udp ? "udp" : "tcp") +
                      (v4 ? "" : "6")};
  std::vector<Bound> found;
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream words{line};
    std::vector<std::string> word;
    for (std::string one; words >> one;) word.push_back(one);
    constexpr std::string_view listening = "0A";
    if (word.size() < 10 || (kind == PortKind::tcp && word[3] != listening)) continue;
    if (auto address = parse_kernel_address(word[1])) found.push_back({*address, word[9]});
  }
  return found;
}

bool is_wildcard(const net::IpAddress& ip) {
  return std::ranges::all_of(ip.octets(), [](std::uint8_t octet) { return octet == 0; });
}

std::string program_with(const std::string& inode) {
  const std::string link = "socket:[" + inode + "]";
  std::error_code ignored;
  for (const auto& process : std::filesystem::directory_iterator{"/proc", ignored}) {
    for (const auto& fd : std::filesystem::directory_iterator{process.path() / "fd", ignored}) {
      if (std::filesystem::read_symlink(fd.path(), ignored) != link) continue;
      std::ifstream name{process.path() / "comm"};
      std::string comm;
      std::getline(name, comm);
      return comm + " (process " + process.path().filename().string() + ")";
    }
  }
  return "";
}

}  // namespace

std::optional<std::string> port_holder(PortKind kind, const net::SocketAddress& wanted) {
  if (wanted.port == 0) return std::nullopt;
  for (const Bound& bound : bound_sockets(kind, wanted.ip.is_v4())) {
    if (bound.address.port != wanted.port) continue;
    if (bound.address.ip == wanted.ip || is_wildcard(bound.address.ip) || is_wildcard(wanted.ip)) {
      return program_with(bound.inode);
    }
  }
  return std::nullopt;
}

std::uint16_t first_free_for_all() {
  std::ifstream setting{"/proc/sys/net/ipv4/ip_unprivileged_port_start"};
  std::uint16_t port = 1'024;
  setting >> port;
  return port;
}

bool may_bind_low_ports() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) return false;
  return (sets[0].effective & (1U << CAP_NET_BIND_SERVICE)) != 0;
}

}  // namespace khien::dnsd
