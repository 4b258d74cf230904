#include "http/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>

namespace khien::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

// What is left of a chunked body is never less: "0" CRLF CRLF.
constexpr std::size_t last_chunk_size_min = 5;

std::string_view to_view(string_view text) noexcept { return {text.data(), text.size()}; }

}  // namespace

class RequestParser::Beast final : public beast_http::basic_parser<true> {
 public:
  Beast(std::size_t header_size_max, std::size_t header_count_max)
      : header_count_max_(header_count_max) {
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(header_size_max, std::numeric_limits<std::uint32_t>::max())));
    body_limit(boost::none);  // ours counts in append(), after the route is known
  }

  RawHead head_;
  std::string body_;
  std::uint64_t body_size_max_ = 0;
  int error_status_ = 0;
  bool head_reported_ = false;

  /// What Beast lets pass and we do not: RFC 9112 sections 3.2 and 6.1.
  [[nodiscard]] int check_head() const {
    const auto& headers = head_.headers;
    if (head_.minor_version >= 1 ? headers.count("Host") != 1 : headers.count("Host") > 1) {
      return 400;
    }
    if (const auto coding = headers.find("Transfer-Encoding")) {
      // A coding that the next reader understands otherwise is how requests are smuggled.
      if (headers.count("Content-Length") > 0 || head_.minor_version == 0) return 400;
      if (headers.count("Transfer-Encoding") > 1 || !same_name(*coding, "chunked")) return 501;
    }
    if (headers.count("Content-Length") > 1) return 400;
    if (const auto length = headers.find("Content-Length")) {
      if (length->find_first_not_of("0123456789") != std::string_view::npos) return 400;
    }
    return 0;
  }

 private:
  void on_request_impl(beast_http::verb /*method*/, string_view method, string_view target,
                       int version, error_code& error) override {
    head_.method = http::parse_method(to_view(method));
    head_.target = to_view(target);
    head_.minor_version = version % 10;
    if (version / 10 != 1) error = beast_http::error::bad_version;
  }
  void on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/,
                        error_code& /*error*/) override {}
  void on_field_impl(beast_http::field /*known*/, string_view name, string_view value,
                     error_code& error) override {
    if (head_reported_) return;  // a trailer: nothing of it may look like a header
    if (head_.headers.all().size() >= header_count_max_) {
      error = beast_http::error::header_limit;
      return;
    }
    head_.headers.add(to_view(name), to_view(value));
  }
  void on_header_impl(error_code& /*error*/) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/,
                         error_code& /*error*/) override {}
  std::size_t on_body_impl(string_view body, error_code& error) override {
    return append(body, error);
  }
  void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/,
                            error_code& /*error*/) override {}
  std::size_t on_chunk_body_impl(std::uint64_t /*remain*/, string_view body,
                                 error_code& error) override {
    return append(body, error);
  }
  void on_finish_impl(error_code& /*error*/) override {}

  std::size_t append(string_view body, error_code& error) {
    if (body.size() > body_size_max_ - body_seen_) {
      error = beast_http::error::body_limit;
      return 0;
    }
    body_seen_ += body.size();
    body_ += to_view(body);
    return body.size();
  }

  std::size_t header_count_max_;
  std::uint64_t body_seen_ = 0;
};

RequestParser::RequestParser(std::size_t header_size_max, std::size_t header_count_max)
    : beast_(std::make_unique<Beast>(header_size_max, header_count_max)) {}
RequestParser::~RequestParser() = default;

RequestParser::Step RequestParser::feed(Bytes data) {
  Step step;
  if (beast_->is_done()) {  // a request without a body: Beast may not be asked again
    step.status = Status::done;
    return step;
  }
  // Asked again about a last chunk of which it has not seen that much, Beast 1.81 aborts.
  if (beast_->head_reported_ && beast_->chunked() && data.size() < last_chunk_size_min) return step;
  error_code error;
  // Not eager until the head is reported: put() then stops behind the blank line.
  beast_->eager(beast_->head_reported_);
  step.used = beast_->put(boost::asio::const_buffer{data.data(), data.size()}, error);
  if (error && error != beast_http::error::need_more) {
    step.status = Status::failed;
    beast_->error_status_ = error == beast_http::error::header_limit  ? 431
                            : error == beast_http::error::body_limit  ? 413
                            : error == beast_http::error::bad_version ? 505
                                                                      : 400;
    return step;
  }
  if (!beast_->head_reported_ && beast_->is_header_done()) {
    beast_->head_reported_ = true;
    beast_->error_status_ = beast_->check_head();
    step.status = beast_->error_status_ == 0 ? Status::head_done : Status::failed;
    return step;
  }
  step.status = beast_->is_done() ? Status::done : Status::need_more;
  return step;
}

int RequestParser::error_status() const noexcept { return beast_->error_status_; }
const RawHead& RequestParser::head() const noexcept { return beast_->head_; }
RawHead RequestParser::take_head() { return std::move(beast_->head_); }

std::optional<std::uint64_t> RequestParser::content_length() const {
  if (beast_->chunked()) return std::nullopt;
  return beast_->content_length().value_or(0);
}

bool RequestParser::keep_alive() const { return beast_->keep_alive(); }
void RequestParser::set_body_size_max(std::uint64_t octets) noexcept {
  beast_->body_size_max_ = octets;
}
std::string RequestParser::take_body() { return std::exchange(beast_->body_, {}); }
std::size_t RequestParser::body_waiting() const noexcept { return beast_->body_.size(); }

}  // namespace khien::http
