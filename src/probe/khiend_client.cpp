#include "probe/khiend_client.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "net/http_status_line.h"
#include "probe/statement.h"

namespace khien::probe {
namespace {

constexpr int timeout_ms = 60'000;
constexpr std::size_t answer_size_max = answer_head_size_max + work_size_max;

bool equals_folded(std::string_view a, std::string_view b) noexcept {
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, fold, fold);
}

std::string_view trimmed(std::string_view text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

/// The value of the only header line of that name; nullopt if there is none.
std::optional<std::string_view> header_of(std::string_view head, std::string_view name) noexcept {
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equals_folded(line.substr(0, colon), name)) {
      return trimmed(line.substr(colon + 1));
    }
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
  return std::nullopt;
}

tl::unexpected<Error> no_http(std::string_view why) {
  return fail(ErrorCode::malformed, "the answer is no HTTP: " + std::string{why});
}

/// What khiend says went wrong, for the operator's eyes.
std::string words_of(const HttpAnswer& answer) {
  std::string words = "khiend answers " + std::to_string(answer.status);
  const auto json =
      codec::Json::parse(answer.body, {.size_max = answer_head_size_max, .depth_max = 4});
  if (!json) return words;
  if (const auto message = json->text_at("message"); message) words += ": " + *message;
  return words;
}

Error error_of(const HttpAnswer& answer) {
  const bool is_denied = answer.status == 401 || answer.status == 403;
  const bool is_refused =
      answer.status >= 400 && answer.status < 500 && answer.status != 408 && answer.status != 429;
  const auto code = is_denied    ? ErrorCode::denied
                    : is_refused ? ErrorCode::invalid_argument
                                 : ErrorCode::unavailable;
  return {code, words_of(answer), "khiend_refused"};
}

}  // namespace

Result<HttpAnswer> read_http_answer(std::string_view octets) {
  const auto end = octets.find("\r\n\r\n");
  if (end == std::string_view::npos || end > answer_head_size_max) return no_http("no head");
  const auto head = octets.substr(0, end);
  const auto line_end = std::min(head.find("\r\n"), head.size());
  const auto status = net::http_status_of(head.substr(0, line_end));
  if (!status || *status < 200) return no_http("no status");
  const auto fields = line_end == head.size() ? std::string_view{} : head.substr(line_end + 2);
  if (header_of(fields, "Transfer-Encoding")) {
    return no_http("a proxy sends it in pieces, which this program does not read");
  }
  auto body = octets.substr(end + 4);
  if (const auto written = header_of(fields, "Content-Length")) {
    std::size_t size = 0;
    const auto [stop, error] =
        std::from_chars(written->data(), written->data() + written->size(), size);
    if (error != std::errc{} || stop != written->data() + written->size()) {
      return no_http("no length");
    }
    if (size > body.size()) return no_http("it ends too early");
    body = body.substr(0, size);
  }
  return HttpAnswer{.status = *status, .body = std::string{body}};
}

Result<HttpAnswer> KhiendClient::exchange(const RequestLine& line, std::string_view body) {
  auto prefix = std::string_view{parts_.url.path};
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  // What is signed is the path as khiend knows it; a proxy may serve it below another.
  std::string request{line.method};
  request.append(" ").append(prefix).append(line.path).append(" HTTP/1.1\r\nHost: ");
  request += host_and_port(parts_.url) + "\r\nUser-Agent: " + parts_.program +
             "\r\nAccept: application/json\r\nConnection: close\r\nAuthorization: " +
             sign_request(parts_.key, line, body, parts_.clock.now_ms(), parts_.rng) + "\r\n";
  if (line.method == "POST") {
    request +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request.append("\r\n").append(body);
  auto stream = net::connect_to(parts_.url, parts_.tls,
                                {.stop_fd = parts_.stop_fd, .timeout_ms = timeout_ms});
  if (!stream) return tl::unexpected<Error>{std::move(stream).error()};
  if (auto written = stream->write(request); !written) {
    return tl::unexpected<Error>{std::move(written).error()};
  }
  std::string octets;
  std::array<std::uint8_t, 16'384> buffer;
  while (true) {
    const auto size = stream->read(buffer);
    if (!size) return tl::unexpected<Error>{size.error()};
    if (*size == 0) break;
    octets += as_text(Bytes{buffer}.first(*size));
    if (octets.size() > answer_size_max) {
      return fail(ErrorCode::limit_exceeded, "khiend's answer is too long");
    }
  }
  if (octets.empty()) return stream->closed("closed the connection without an answer");
  return read_http_answer(octets);
}

Result<std::string> KhiendClient::fetch_work() {
  auto answer = exchange({.method = "GET", .path = work_path}, "");
  if (!answer) return propagate(std::move(answer).error(), "ask for work");
  if (answer->status != 200) return tl::unexpected<Error>{error_of(*answer)};
  return std::move(answer->body);
}

Result<void> KhiendClient::send_results(std::string_view body) {
  auto answer = exchange({.method = "POST", .path = results_path}, body);
  if (!answer) return propagate(std::move(answer).error(), "send what was seen");
  if (answer->status < 200 || answer->status > 299) return tl::unexpected<Error>{error_of(*answer)};
  return {};
}

}  // namespace khien::probe
