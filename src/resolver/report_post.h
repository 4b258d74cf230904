// One POST to khiend over HTTP/1.1, for the reporter's thread: a connection of its own, nothing
// followed, nothing read but the status. Not a general client (http::fetch is one): it starts no
// thread, stops at once from outside, and needs nothing that the sandbox of khien-dnsd refuses.
//
// The URL is the operator's own: private addresses are fine. Plain HTTP goes to loopback alone, so
// that the key never crosses a network in the clear.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "net/stream_socket.h"

namespace khien::resolver {

constexpr std::size_t report_url_size_max = 2'048;
constexpr int report_connect_timeout_ms = 10'000;  // for each address
constexpr int report_timeout_ms = 30'000;          // of the whole, behind the name's resolution
constexpr std::size_t report_answer_size_max = 16'384;
constexpr std::size_t report_addresses_max = 4;  // of one name, one after another

struct ReportUrl {
  bool is_encrypted = true;
  std::string host = {};  ///< a name, or an address without brackets
  std::uint16_t port = 443;
  std::string path = "/";

  /// https://HOST[:PORT]/PATH, or http:// with a loopback address or localhost. malformed or denied
  /// with a sentence; user names, queries and fragments are malformed.
  [[nodiscard]] static Result<ReportUrl> parse(std::string_view text);
};
/// "https://khiend.example:8443/api/v1/resolver-reports"
[[nodiscard]] std::string to_string(const ReportUrl& url);

class ReportPost {
 public:
  /// `tls` must be there for https; `stop_fd` (borrowed) becomes readable when everything shall
  /// end.
  ReportPost(ReportUrl url, std::optional<net::TlsContext> tls, int stop_fd)
      : url_(std::move(url)), tls_(std::move(tls)), stop_fd_(stop_fd) {}

  /// The status of the answer. unavailable, timeout; denied if the server cannot prove who it is,
  /// or plain HTTP would leave the machine; malformed if the answer is none.
  [[nodiscard]] Result<int> send(std::string_view body, std::string_view key);

 private:
  class Exchange;
  ReportUrl url_;
  std::optional<net::TlsContext> tls_;
  int stop_fd_;
};

}  // namespace khien::resolver
