// Checks of where khien-dnsd listens, whom it answers and whom it asks.
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "bound_ports.h"
#include "check.h"
#include "privileges.h"

namespace khien::dnsd {
namespace {

using Level = Finding::Level;

bool is_wildcard(const net::IpAddress& ip) {
  return std::ranges::all_of(ip.octets(), [](std::uint8_t octet) { return octet == 0; });
}

/// The addresses of this machine's interfaces.
std::vector<net::IpAddress> own_addresses() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner{all, &::freeifaddrs};
  std::vector<net::IpAddress> addresses;
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const int family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    net::NativeAddress native;
    native.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&native.storage, one->ifa_addr, native.size);
    addresses.push_back(net::from_native(native).ip);
  }
  return addresses;
}

void check_port(const std::string& option, PortKind kind, const net::SocketAddress& address,
                Findings& out) {
  const bool udp = kind == PortKind::udp;
  const std::string item = option + " " + to_string(address) + (udp ? " UDP" : " TCP");
  const auto holder = port_holder(kind, address);
  if (!holder) {
    out.push_back({Level::good, item, "free"});
  } else if (holder->starts_with("khien-dnsd")) {
    out.push_back({Level::good, item, "held by the khien-dnsd that runs: " + *holder});
  } else {
    const std::string port = std::to_string(address.port);
    out.push_back({Level::wrong, item,
                   (holder->empty() ? "in use" : "in use by " + *holder) +
                       ": stop that program, or choose another port or address; `ss -l" +
                       (udp ? "u" : "t") + "np sport = :" + port + "` shows it"});
  }
}

}  // namespace

void check_ports(const Options& options, Findings& out) {
  const auto& service = options.service;
  for (const auto& address : service.listen) {
    check_port("--listen", PortKind::udp, address, out);
    check_port("--listen", PortKind::tcp, address, out);
    if (address.port != 0 && address.port < first_free_for_all() && !may_bind_low_ports()) {
      out.push_back({Level::wrong, "--listen " + to_string(address),
                     "ports below " + std::to_string(first_free_for_all()) +
                         " take root or CAP_NET_BIND_SERVICE: run the systemd unit, start as root "
                         "with --user, or setcap cap_net_bind_service=+ep the program"});
    }
    const auto own = own_addresses();
    if (!is_wildcard(address.ip) && !address.ip.is_loopback() &&
        std::ranges::find(own, address.ip) == own.end()) {
      out.push_back({Level::wrong, "--listen " + to_string(address),
                     "no interface has this address; `ip address` lists them"});
    }
  }
  if (service.status) {
    check_port("--status", PortKind::tcp, *service.status, out);
    if (!service.status->ip.is_loopback()) {
      out.push_back({Level::doubtful, "--status " + to_string(*service.status),
                     "counters are open to whoever reaches this address: loopback is meant, or a "
                     "firewall before it"});
    }
  }
}

void check_clients(const Options& options, Findings& out) {
  const bool open = std::ranges::any_of(options.service.listen,
                                        [](const auto& a) { return !a.ip.is_loopback(); });
  if (!open) {
    out.push_back({Level::good, "--allow-from", "only this machine can ask"});
    return;
  }
  const bool everybody = std::ranges::any_of(options.service.allow_from,
                                             [](const auto& p) { return p.length() == 0; });
  if (everybody) {
    out.push_back({Level::doubtful, "--allow-from",
                   "answers the whole internet: an open resolver floods third parties with "
                   "answers; give the prefixes of your own networks"});
  } else if (!options.allow_from_given) {
    out.push_back({Level::doubtful, "--allow-from",
                   "not given: answers loopback and private networks only; give the prefixes of "
                   "your own networks if they are public ones"});
  } else {
    out.push_back({Level::good, "--allow-from",
                   std::to_string(options.service.allow_from.size()) + " prefixes may ask"});
  }
}

void check_upstreams(const Options& options, Findings& out) {
  const auto& service = options.service;
  const auto own = own_addresses();
  const auto is_us = [&](const net::SocketAddress& upstream) {
    return std::ranges::any_of(service.listen, [&](const net::SocketAddress& listen) {
      if (listen.port != upstream.port) return false;
      if (!is_wildcard(listen.ip)) return listen.ip == upstream.ip;
      return upstream.ip.is_loopback() || std::ranges::find(own, upstream.ip) != own.end();
    });
  };
  const auto look = [&](const std::string& item, const net::SocketAddress& upstream) {
    out.push_back(is_us(upstream)
                      ? Finding{Level::wrong, item,
                                "is where we listen ourselves: every question would go round for "
                                "ever; give the resolver that is to be asked"}
                      : Finding{Level::good, item, "is somebody else"});
  };
  for (const auto& upstream : service.upstreams) {
    look("--upstream " + to_string(upstream), upstream.address);
  }
  for (const auto& forward : service.forwards) {
    look("--forward " + forward.zone.to_text() + "=" + to_string(forward.upstream),
         forward.upstream.address);
  }
}

void check_descriptors(const Options& options, Findings& out) {
  const std::size_t wanted = descriptors_wanted(options.service);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const std::string item = "--stream-connections";
  if (limit.rlim_max >= wanted) {
    out.push_back({Level::good, item, std::to_string(wanted) + " open files are allowed here"});
  } else {
    out.push_back({Level::doubtful, item,
                   "of all stream threads takes " + std::to_string(wanted) +
                       " open files, and here at most " + std::to_string(limit.rlim_max) +
                       " are allowed: LimitNOFILE in the systemd unit or `ulimit -Hn`, or fewer "
                       "connections"});
  }
}

}  // namespace khien::dnsd
