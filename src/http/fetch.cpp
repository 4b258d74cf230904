#include "http/fetch.h"

#include <curl/curl.h>

#include <memory>
#include <optional>

#include "http/fetch_guard.h"
#include "http/message.h"

namespace khien::http {
namespace {

struct Transfer {
  const FetchRequest& request;
  const FetchSink& sink;
  Fetched fetched = {};
  long status = 0;
  SocketGuard guard = {};
  bool too_large = false;
  std::optional<Error> sink_error = {};
};

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string_view line{data, size * count};
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    // A redirect's headers say nothing about the document.
    transfer.fetched.etag.clear();
    transfer.fetched.last_modified.clear();
    transfer.fetched.content_type.clear();
    return size * count;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size * count;
  const auto name = line.substr(0, colon);
  auto value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (same_name(name, "ETag")) transfer.fetched.etag = value;
  if (same_name(name, "Last-Modified")) transfer.fetched.last_modified = value;
  if (same_name(name, "Content-Type")) transfer.fetched.content_type = value;
  return size * count;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::size_t octets = size * count;
  if (octets > transfer.request.size_max - transfer.fetched.size) {
    transfer.too_large = true;
    return 0;
  }
  transfer.fetched.size += octets;
  if (auto taken = transfer.sink(as_bytes(std::string_view{data, octets})); !taken) {
    transfer.sink_error = std::move(taken).error();
    return 0;
  }
  return octets;
}

tl::unexpected<Error> transfer_error(const Transfer& transfer, CURLcode code) {
  if (transfer.sink_error) return tl::unexpected(*transfer.sink_error);
  if (transfer.guard.refused) {
    return fail(ErrorCode::denied, "fetch: the host's address is not public", "address_not_public");
  }
  if (transfer.too_large) {
    return fail(ErrorCode::limit_exceeded, "fetch: the document is larger than allowed",
                "body_too_large");
  }
  const std::string why = std::string{"fetch: "} + curl_easy_strerror(code);
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return fail(ErrorCode::invalid_argument, why, "bad_url");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return fail(ErrorCode::denied, why, "certificate");
    case CURLE_OPERATION_TIMEDOUT: return fail(ErrorCode::timeout, why);
    case CURLE_FILESIZE_EXCEEDED: return fail(ErrorCode::limit_exceeded, why, "body_too_large");
    case CURLE_HTTP_RETURNED_ERROR:
      return fail(transfer.status == 404 || transfer.status == 410 ? ErrorCode::not_found
                                                                   : ErrorCode::unavailable,
                  "fetch: the server answered " + std::to_string(transfer.status));
    default: return fail(ErrorCode::unavailable, why);
  }
}

}  // namespace

Result<Fetched> fetch(const FetchRequest& request, const FetchSink& sink) {
  if (request.url.size() > fetch_url_size_max || !request.url.starts_with("https://")) {
    return fail(ErrorCode::invalid_argument, "fetch: expected an https:// address", "bad_url");
  }
  if (!is_writable_header("If-None-Match", request.etag) ||
      !is_writable_header("If-Modified-Since", request.last_modified)) {
    return fail(ErrorCode::invalid_argument, "fetch: broken validators", "bad_validator");
  }
  const std::unique_ptr<CURL, void (*)(CURL*)> handle{start_curl() ? curl_easy_init() : nullptr,
                                                      curl_easy_cleanup};
  if (!handle) return fail(ErrorCode::internal, "fetch: libcurl does not start");

  Transfer transfer{.request = request, .sink = sink, .guard = {.reach = request.reach}};
  CURL* const curl = handle.get();
  curl_slist* lines = curl_slist_append(nullptr, "Accept-Encoding: identity");
  if (!request.etag.empty()) {
    lines = curl_slist_append(lines, ("If-None-Match: " + request.etag).c_str());
  }
  if (!request.last_modified.empty()) {
    lines = curl_slist_append(lines, ("If-Modified-Since: " + request.last_modified).c_str());
  }
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers{lines, curl_slist_free_all};

  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, fetch_redirects_max);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // an environment variable must not bypass the guard
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "Khien/1 (+feed fetcher)");
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_ms));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(fetch_connect_timeout_ms));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.size_max));
  if (!request.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, request.ca_file.c_str());
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_guarded_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &transfer.guard);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);

  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer.status);
  if (code != CURLE_OK) return transfer_error(transfer, code);
  if (transfer.status != 200 && transfer.status != 304) {
    return fail(ErrorCode::unavailable,
                "fetch: the server answered " + std::to_string(transfer.status));
  }
  transfer.fetched.changed = transfer.status == 200;
  const char* final_url = nullptr;
  if (curl_easy_getinfo(curl, CURLINFO_EFFECTIVE_URL, &final_url) == CURLE_OK && final_url) {
    transfer.fetched.final_url = final_url;
  }
  return std::move(transfer.fetched);
}

}  // namespace khien::http
