#include "own_addresses.h"

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

}  // namespace

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
