// What every fetch through libcurl shares: its start, and the guard that looks at the very address
// that a socket is to be connected to. Internal to the module: whoever fetches sees fetch.h or
// page_status.h and nothing of libcurl.
#pragma once

#include <curl/curl.h>

#include <vector>

#include "http/fetch.h"
#include "net/address.h"

namespace khien::http {

struct SocketGuard {
  FetchReach reach = FetchReach::public_only;
  std::vector<net::Prefix> never = {};  ///< not connected to, however far `reach` goes
  bool refused = false;                 ///< some address was
};

/// CURLOPT_OPENSOCKETFUNCTION with a SocketGuard as its data. Called with the address that will be
/// connected to, on the first connection and on each further one: between this check and the
/// connection nothing is resolved again.
curl_socket_t open_guarded_socket(void* guard, curlsocktype purpose, curl_sockaddr* address);

/// libcurl, started once in a process. False if that fails.
[[nodiscard]] bool start_curl();

}  // namespace khien::http
