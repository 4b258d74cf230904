// Asks one page of a site that is not ours, and may be hostile, whether it is there: one GET, of
// whose answer only the status and the target of a redirect are told. The content is read a little
// way, as any reader would, and thrown away. No redirect is followed: the caller judges where it
// leads and asks again. Who resolved the name says where to connect, and the guard of fetch.h looks
// at the address once more on the socket itself. No cookies, no credentials, no proxy. Blocking.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/fetch.h"
#include "net/address.h"

namespace khien::http {

constexpr std::size_t page_size_max = 64UL * 1024;  // octets read of a body, and of all headers
constexpr std::int64_t page_timeout_default_ms = 10'000;  // of the whole
constexpr std::int64_t page_connect_timeout_ms = 4'000;

struct PageRequest {
  std::string url;                             ///< http://… or https://…
  std::vector<net::IpAddress> addresses = {};  ///< of its host; nobody else is asked for them
  std::string user_agent = {};
  std::int64_t timeout_ms = page_timeout_default_ms;
  FetchReach reach = FetchReach::public_only;
  std::vector<net::Prefix> never = {};  ///< not connected to, public or not
  std::filesystem::path ca_file = {};   ///< PEM roots; empty: the machine's
};

struct PageStatus {
  int status = 0;
  std::string location = {};  ///< of a redirect, absolute; empty: none
};

/// The answer, also where its body is too long, too slow or breaks off: by then the status is told.
/// invalid_argument ("bad_url", "bad_header"), denied ("address_not_public", "certificate"),
/// limit_exceeded ("head_too_large"), timeout, unavailable.
[[nodiscard]] Result<PageStatus> page_status(const PageRequest& request);

}  // namespace khien::http
