#include "http/page_status.h"

#include <curl/curl.h>

#include <memory>
#include <string_view>

#include "http/fetch_guard.h"
#include "http/message.h"

namespace khien::http {
namespace {

using CurlHandle = std::unique_ptr<CURL, void (*)(CURL*)>;
using CurlLines = std::unique_ptr<curl_slist, void (*)(curl_slist*)>;

struct PageAnswer {
  std::size_t head_size = 0;
  std::size_t body_size = 0;
  bool interim = false;   // the head in hand is of a 1xx
  bool answered = false;  // a head of an answer was there to its end
};

std::size_t take_page_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<PageAnswer*>(user);
  const std::string_view line{data, size * count};
  answer.head_size += line.size();
  if (answer.head_size > page_size_max) return 0;
  if (line.starts_with("HTTP/")) {
    const auto space = line.find(' ');
    answer.interim = space != std::string_view::npos && line.substr(space + 1).starts_with('1');
  }
  if ((line == "\r\n" || line == "\n") && !answer.interim) answer.answered = true;
  return line.size();
}

std::size_t drop_page_body(char* /*data*/, std::size_t size, std::size_t count, void* user) {
  auto& answer = *static_cast<PageAnswer*>(user);
  answer.body_size += size * count;
  return answer.body_size > page_size_max ? 0 : size * count;
}

/// "host:port:address,address" for CURLOPT_RESOLVE, read by libcurl's own parser, so that the host
/// is what it would connect to. Empty if the URL names no host.
std::string pinned_addresses(const PageRequest& request) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts{curl_url(), curl_url_cleanup};
  char* host = nullptr;
  char* port = nullptr;
  const bool read =
      parts && curl_url_set(parts.get(), CURLUPART_URL, request.url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parts.get(), CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(parts.get(), CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
  const std::unique_ptr<char, void (*)(void*)> host_text{host, curl_free};
  const std::unique_ptr<char, void (*)(void*)> port_text{port, curl_free};
  if (!read) return {};
  std::string line = std::string{host} + ":" + port + ":";
  for (const auto& address : request.addresses) {
    if (!line.ends_with(':')) line += ",";
    line += address.is_v4() ? to_string(address) : "[" + to_string(address) + "]";
  }
  return line;
}

tl::unexpected<Error> page_error(const PageAnswer& answer, const SocketGuard& guard,
                                 CURLcode code) {
  if (answer.head_size > page_size_max) {
    return fail(ErrorCode::limit_exceeded, "page: more headers than are read", "head_too_large");
  }
  if (guard.refused) {
    return fail(ErrorCode::denied, "page: the host's address is not public", "address_not_public");
  }
  const std::string why = std::string{"page: "} + curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return fail(ErrorCode::invalid_argument, why, "bad_url");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return fail(ErrorCode::denied, why, "certificate");
    case CURLE_OPERATION_TIMEDOUT: return fail(ErrorCode::timeout, why);
    default: return fail(ErrorCode::unavailable, why);
  }
}

void set_page_limits(CURL* curl, const PageRequest& request) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // an environment variable must not bypass the guard
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(page_connect_timeout_ms));
}

}  // namespace

Result<PageStatus> page_status(const PageRequest& request) {
  if (!is_writable_header("User-Agent", request.user_agent)) {
    return fail(ErrorCode::invalid_argument, "page: a broken User-Agent", "bad_header");
  }
  const auto pinned = pinned_addresses(request);
  if (request.url.size() > fetch_url_size_max || pinned.empty()) {
    return fail(ErrorCode::invalid_argument, "page: expected an address of a page", "bad_url");
  }
  if (request.addresses.empty()) {
    return fail(ErrorCode::unavailable, "page: its host has no address");
  }
  const CurlHandle handle{start_curl() ? curl_easy_init() : nullptr, curl_easy_cleanup};
  if (!handle) return fail(ErrorCode::internal, "page: libcurl does not start");
  const CurlLines resolve{curl_slist_append(nullptr, pinned.c_str()), curl_slist_free_all};
  auto* lines = curl_slist_append(nullptr, "Accept: text/html,application/xhtml+xml,*/*;q=0.8");
  lines = curl_slist_append(lines, "Accept-Language: vi,en;q=0.7");
  const CurlLines headers{lines, curl_slist_free_all};

  PageAnswer answer;
  SocketGuard guard{.reach = request.reach, .never = request.never};
  CURL* const curl = handle.get();
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_RESOLVE, resolve.get());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, request.user_agent.c_str());
  if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  set_page_limits(curl, request);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_guarded_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &guard);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_page_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_page_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);

  const CURLcode code = curl_easy_perform(curl);
  if (!answer.answered) return page_error(answer, guard, code);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  PageStatus seen{.status = static_cast<int>(status)};
  const char* location = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_REDIRECT_URL, &location) == CURLE_OK && location) {
    seen.location = location;
  }
  return seen;
}

}  // namespace khien::http
