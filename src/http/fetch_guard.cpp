#include "http/fetch_guard.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "net/public_address.h"

namespace khien::http {
namespace {

bool may_connect(const SocketGuard& guard, const net::IpAddress& ip) {
  if (guard.reach == FetchReach::public_only && !net::is_public_address(ip)) return false;
  return std::none_of(guard.never.begin(), guard.never.end(),
                      [&ip](const net::Prefix& prefix) { return prefix.contains(ip); });
}

}  // namespace

curl_socket_t open_guarded_socket(void* user, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& guard = *static_cast<SocketGuard*>(user);
  net::NativeAddress native;
  if (address->addrlen > sizeof native.storage) return CURL_SOCKET_BAD;
  std::memcpy(&native.storage, &address->addr, address->addrlen);
  native.size = static_cast<socklen_t>(address->addrlen);
  const bool known = address->family == AF_INET || address->family == AF_INET6;
  if (!known || !may_connect(guard, net::from_native(native).ip)) {
    guard.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool start_curl() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return started;
}

}  // namespace khien::http
