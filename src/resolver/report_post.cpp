#include "resolver/report_post.h"

#include <array>
#include <string>

#include "net/http_status_line.h"

namespace khien::resolver {
namespace {

Result<int> read_status(net::BlockingStream& stream) {
  std::string head;
  std::array<std::uint8_t, 2'048> buffer;
  while (head.find("\r\n") == std::string::npos && head.size() <= report_answer_size_max) {
    const auto size = stream.read(buffer);
    if (!size) return tl::unexpected(size.error());
    if (*size == 0) return stream.closed("closed the connection without an answer");
    head += as_text(Bytes{buffer}.first(*size));
  }
  const auto status = net::http_status_of(std::string_view{head}.substr(0, head.find("\r\n")));
  if (!status || *status < 200) return fail(ErrorCode::malformed, "the answer is no HTTP");
  return *status;
}

}  // namespace

Result<int> ReportPost::send(std::string_view body, std::string_view key) {
  const std::string request = "POST " + url_.path + " HTTP/1.1\r\nHost: " + host_and_port(url_) +
                              "\r\nUser-Agent: khien-dnsd\r\nAccept: application/json"
                              "\r\nContent-Type: application/json\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\nAuthorization: Bearer " +
                              std::string{key} + "\r\nConnection: close\r\n\r\n" +
                              std::string{body};
  auto stream = net::connect_to(url_, tls_,
                                {.stop_fd = stop_fd_,
                                 .connect_timeout_ms = report_connect_timeout_ms,
                                 .timeout_ms = report_timeout_ms});
  if (!stream) return tl::unexpected(std::move(stream).error());
  if (auto written = stream->write(request); !written) {
    return tl::unexpected(std::move(written).error());
  }
  return read_status(*stream);
}

}  // namespace khien::resolver
