// RequestParser on any octets: whole and octet by octet it must read the same requests, and never
// more than its limits allow.
#include <string>

#include "base/assert.h"
#include "http/request_parser.h"

using namespace khien;

namespace {

constexpr std::size_t header_size_max = 512;
constexpr std::size_t header_count_max = 8;
constexpr std::size_t body_size_max = 128;

/// The first request of `input`, given to the parser `piece` octets at a time.
std::string read(Bytes input, std::size_t piece) {
  http::RequestParser parser{header_size_max, header_count_max};
  std::string log;
  std::string body;
  std::string buffer;
  while (true) {
    const auto step = parser.feed(as_bytes(buffer));
    KHIEN_ASSERT(step.used <= buffer.size());
    buffer.erase(0, step.used);
    if (step.status == http::RequestParser::Status::failed) {
      KHIEN_ASSERT(parser.error_status() >= 400);
      return "refused";
    }
    if (step.status == http::RequestParser::Status::head_done) {
      const auto& head = parser.head();
      KHIEN_ASSERT(head.headers.all().size() <= header_count_max);
      log = head.target;
      for (const auto& [name, value] : head.headers.all()) log += "|" + name + ":" + value;
      parser.set_body_size_max(body_size_max);
      continue;
    }
    body += parser.take_body();
    KHIEN_ASSERT(body.size() <= body_size_max);
    if (step.status == http::RequestParser::Status::done) return log + "#" + body;
    if (step.used > 0 && !buffer.empty()) continue;
    if (input.empty()) return "incomplete";
    const auto now = input.first(std::min(piece, input.size()));
    input = input.subspan(now.size());
    buffer += as_text(now);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{data, size};
  const auto whole = read(input, size + 1);
  const auto piecewise = read(input, 1);
  // Whether a head that is too long is refused depends on how much of it is seen at once. What both
  // accept they read alike: that is what smuggling would break.
  if (whole.find('#') != std::string::npos && piecewise.find('#') != std::string::npos) {
    KHIEN_ASSERT(whole == piecewise);
  }
  return 0;
}
