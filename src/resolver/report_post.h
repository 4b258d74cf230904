// One POST to khiend over HTTP/1.1, for the reporter's thread: a connection of its own, nothing
// followed, nothing read but the status. Not a general client (http::fetch is one): it starts no
// thread, stops at once from outside, and needs nothing that the sandbox of khien-dnsd refuses.
//
// The URL is the operator's own: private addresses are fine. Plain HTTP goes to loopback alone, so
// that the key never crosses a network in the clear.
#pragma once

#include <optional>
#include <string_view>

#include "net/blocking_stream.h"

namespace khien::resolver {

constexpr int report_connect_timeout_ms = 10'000;  // for each address, with its handshake
constexpr int report_timeout_ms = 30'000;          // of the whole, behind the name's resolution
constexpr std::size_t report_answer_size_max = 16'384;

using ReportUrl = net::ServiceUrl;

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
  ReportUrl url_;
  std::optional<net::TlsContext> tls_;
  int stop_fd_;
};

}  // namespace khien::resolver
