// Fetches one document over HTTPS for feeds and lists. Blocking: call it from a job's thread. The
// certificate is checked, no credentials or cookies are sent, and no address that is not public is
// ever connected to, because the URL, or a redirect or a name server on the way, may be hostile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::http {

constexpr long fetch_redirects_max = 3;  // then unavailable
constexpr std::uint64_t fetch_size_default_max =
    128ULL * 1024 * 1024;                                   // octets; then limit_exceeded
constexpr std::int64_t fetch_timeout_default_ms = 120'000;  // of the whole; then timeout
constexpr std::int64_t fetch_connect_timeout_ms = 10'000;
constexpr std::size_t fetch_url_size_max = 2'048;

/// Which addresses may be connected to. `any` is for tests and for hosts that the operator named in
/// the configuration, never for an address that came from outside.
enum class FetchReach { public_only, any };

struct FetchRequest {
  std::string url;                 ///< https://… only
  std::string etag = {};           ///< of what we have: asks "only if changed"
  std::string last_modified = {};  ///< likewise, as the server wrote it
  std::uint64_t size_max = fetch_size_default_max;
  std::int64_t timeout_ms = fetch_timeout_default_ms;
  FetchReach reach = FetchReach::public_only;
  std::filesystem::path ca_file = {};  ///< PEM roots; empty: the machine's
};

struct Fetched {
  bool changed = true;  ///< false: 304, nothing was delivered
  std::string etag = {};
  std::string last_modified = {};
  std::string content_type = {};
  std::string final_url = {};  ///< after redirects
  std::uint64_t size = 0;
};

/// Takes the body as it arrives; an error ends the fetch and is returned.
using FetchSink = std::function<Result<void>(Bytes)>;

/// 200 or 304, or an error: invalid_argument ("bad_url"), denied ("address_not_public",
/// "certificate"), not_found (404, 410), limit_exceeded ("body_too_large"), timeout, unavailable.
[[nodiscard]] Result<Fetched> fetch(const FetchRequest& request, const FetchSink& sink);

}  // namespace khien::http
