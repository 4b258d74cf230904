// The two requests of a probe to khiend over HTTP/1.1: a work list, and what was seen. Each has a
// connection of its own; nothing is followed. Not a general client (http::fetch is one): it needs
// no library that a small static program would have to carry.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "net/blocking_stream.h"
#include "probe/request_signature.h"

namespace khien::probe {

constexpr std::size_t answer_head_size_max = 16'384;  // octets
constexpr std::string_view work_path = "/api/v1/probe/work";
constexpr std::string_view results_path = "/api/v1/probe/results";

struct HttpAnswer {
  int status = 0;
  std::string body = {};
};

class KhiendClient {
 public:
  struct Parts {
    net::ServiceUrl url;  ///< its path stands before ours: "https://khiend.example/" adds nothing
    std::optional<net::TlsContext> tls = {};  ///< must be there for https
    crypto::Ed25519Key key;
    const Clock& clock;
    Rng& rng;
    int stop_fd = -1;  ///< borrowed; readable when everything shall end
    std::string program;
  };
  explicit KhiendClient(Parts parts) : parts_(std::move(parts)) {}

  /// The body of a 200 answer to GET work_path. denied with khiend's own words for 401 and 403;
  /// unavailable, timeout, malformed.
  [[nodiscard]] Result<std::string> fetch_work();
  /// POST of a statement; 2xx is success. Errors as above; what khiend refuses for good (400, 409,
  /// 413) is invalid_argument with its words.
  [[nodiscard]] Result<void> send_results(std::string_view body);

 private:
  [[nodiscard]] Result<HttpAnswer> exchange(const RequestLine& line, std::string_view body);
  Parts parts_;
};

/// An answer from its octets, read to the end of the connection; pure. malformed.
[[nodiscard]] Result<HttpAnswer> read_http_answer(std::string_view octets);

}  // namespace khien::probe
