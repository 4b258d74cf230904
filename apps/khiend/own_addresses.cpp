#include "own_addresses.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include <cstring>
#include <memory>

#include "base/log.h"
#include "publish/followers.h"

namespace khien::khiend {
namespace {

void add(std::vector<cases::OwnAddress>& own, const std::vector<net::SocketAddress>& addresses,
         std::string_view what) {
  for (const auto& address : addresses) {
    own.push_back({.prefix = to_string(address.ip), .what = std::string{what}});
  }
}

void add_interfaces(std::vector<net::Prefix>& own) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) {
    KHIEN_LOG(warning, "interfaces_unread");
    return;
  }
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> all{first, ::freeifaddrs};
  for (const auto* one = all.get(); one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    const auto family = one->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    net::NativeAddress native;
    native.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&native.storage, one->ifa_addr, native.size);
    const auto ip = net::from_native(native).ip;
    own.push_back(net::Prefix::of(ip, ip.bits()));
  }
}

}  // namespace

std::vector<net::Prefix> never_contacted(const Options& options) {
  std::vector<net::Prefix> prefixes;
  for (const auto& own : own_addresses_of(options)) {
    if (auto prefix = net::Prefix::parse(own.prefix)) prefixes.push_back(*prefix);
  }
  add_interfaces(prefixes);
  return prefixes;
}

std::vector<cases::OwnAddress> own_addresses_of(const Options& options) {
  std::vector<cases::OwnAddress> own;
  add(own, options.listen, "khiend");
  add(own, options.block_listen, "khiend");
  add(own, options.dns_listen, "khiend");
  add(own, options.verify, "resolver");
  const auto followers = publish::read_followers(options.state);
  if (!followers) {
    KHIEN_LOG(warning, "followers_unread", {"error", followers.error().message});
    return own;
  }
  for (const auto& follower : *followers) {
    for (const auto& prefix : follower.addresses) {
      if (prefix.length() == 0) continue;  // "from anywhere" is nobody's address
      own.push_back({.prefix = to_string(prefix), .what = follower.name});
    }
    add(own, follower.notify, follower.name);
  }
  return own;
}

}  // namespace khien::khiend
