// HTTP/2 by hand, for tests: frames and requests as octets, proper and improper, and the answers
// read back.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <map>
#include <string>

#include "base/assert.h"
#include "base/bytes.h"

namespace khien::resolver {

constexpr std::uint8_t http2_data = 0;
constexpr std::uint8_t http2_headers = 1;
constexpr std::uint8_t http2_priority = 2;
constexpr std::uint8_t http2_reset = 3;
constexpr std::uint8_t http2_settings = 4;
constexpr std::uint8_t http2_ping = 6;
constexpr std::uint8_t http2_goaway = 7;
constexpr std::uint8_t http2_window_update = 8;
constexpr std::uint8_t http2_continuation = 9;
constexpr std::uint8_t http2_end_stream = 1;
constexpr std::uint8_t http2_end_headers = 4;

struct Http2Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  Octets payload = {};
};

inline void append(Octets& out, Bytes more) { out.insert(out.end(), more.begin(), more.end()); }

inline Octets octets_of(const Http2Frame& frame) {
  Octets out;
  const auto size = frame.payload.size();
  for (const int shift : {16, 8, 0}) out.push_back(static_cast<std::uint8_t>(size >> shift));
  out.push_back(frame.type);
  out.push_back(frame.flags);
  for (const int shift : {24, 16, 8, 0}) {
    out.push_back(static_cast<std::uint8_t>(frame.stream >> shift));
  }
  append(out, frame.payload);
  return out;
}

/// What a client says first: the preface and its (empty) SETTINGS.
inline Octets http2_hello() {
  Octets out = to_octets("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  append(out, octets_of({.type = http2_settings}));
  return out;
}

/// A field in HPACK as a literal without Huffman code and table (RFC 7541 section 6.2.2).
inline void append_field(Octets& out, std::string_view name, std::string_view value) {
  const auto text = [&out](std::string_view part) {
    std::size_t size = part.size();
    if (size < 127) {
      out.push_back(static_cast<std::uint8_t>(size));
    } else {
      out.push_back(127);
      for (size -= 127; size >= 128; size /= 128) {
        out.push_back(static_cast<std::uint8_t>(size % 128 + 128));
      }
      out.push_back(static_cast<std::uint8_t>(size));
    }
    append(out, as_bytes(part));
  };
  out.push_back(0);
  text(name);
  text(value);
}

struct Http2Request {
  std::uint32_t stream = 1;
  std::string method = "GET";
  std::string path = "/dns-query";
  std::map<std::string, std::string> fields = {};
  Octets body = {};
};

inline Octets field_block(const Http2Request& request) {
  Octets block;
  append_field(block, ":method", request.method);
  append_field(block, ":scheme", "https");
  append_field(block, ":authority", "dns.example");
  append_field(block, ":path", request.path);
  for (const auto& [name, value] : request.fields) append_field(block, name, value);
  return block;
}

inline Octets octets_of(const Http2Request& request) {
  const bool has_body = !request.body.empty();
  Octets out = octets_of(Http2Frame{
      .type = http2_headers,
      .flags = static_cast<std::uint8_t>(http2_end_headers | (has_body ? 0 : http2_end_stream)),
      .stream = request.stream,
      .payload = field_block(request)});
  if (has_body) {
    append(out, octets_of(Http2Frame{.type = http2_data,
                                     .flags = http2_end_stream,
                                     .stream = request.stream,
                                     .payload = request.body}));
  }
  return out;
}

/// Reads what a server says.
class Http2Reader {
 public:
  struct Answer {
    std::map<std::string, std::string> fields = {};
    Octets body = {};
    bool complete = false;
    std::uint32_t reset = 0;  // error code plus 1
  };

  Http2Reader() { KHIEN_ASSERT(nghttp2_hd_inflate_new(&inflater_) == 0); }
  Http2Reader(const Http2Reader&) = delete;
  Http2Reader& operator=(const Http2Reader&) = delete;
  ~Http2Reader() { nghttp2_hd_inflate_del(inflater_); }

  void read(Bytes octets) {
    append(in_, octets);
    constexpr std::size_t head_size = 9;
    while (in_.size() >= head_size) {
      const std::size_t size = std::size_t{in_[0]} << 16 | std::size_t{in_[1]} << 8 | in_[2];
      if (in_.size() - head_size < size) return;
      Http2Frame frame{.type = in_[3], .flags = in_[4], .stream = u32(in_, 5)};
      frame.payload.assign(in_.begin() + head_size,
                           in_.begin() + static_cast<std::ptrdiff_t>(head_size + size));
      in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(head_size + size));
      take(frame);
    }
  }
  /// ":status" of the answer on `stream`; empty if there is none.
  [[nodiscard]] std::string status(std::uint32_t stream) {
    return answers[stream].fields[":status"];
  }

  std::map<std::uint32_t, Answer> answers;
  std::uint32_t goaway = 0;       // error code plus 1
  std::uint32_t goaway_last = 0;  // the last request that is still answered
  std::size_t acks = 0;

 private:
  static std::uint32_t u32(Bytes octets, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | octets[at + i];
    return value;
  }

  void take(const Http2Frame& frame) {
    Answer& answer = answers[frame.stream];
    if (frame.type == http2_headers) inflate(frame.payload, answer);
    if (frame.type == http2_data) append(answer.body, frame.payload);
    if (frame.type == http2_reset) answer.reset = u32(frame.payload, 0) + 1;
    if (frame.type == http2_goaway) {
      goaway_last = u32(frame.payload, 0);
      goaway = u32(frame.payload, 4) + 1;
    }
    if ((frame.type == http2_ping || frame.type == http2_settings) && (frame.flags & 1) != 0) {
      ++acks;
    }
    if (frame.type <= http2_headers && (frame.flags & http2_end_stream) != 0) {
      answer.complete = true;
    }
  }

  void inflate(Bytes block, Answer& answer) {
    while (true) {
      nghttp2_nv field{};
      int flags = 0;
      const auto used =
          nghttp2_hd_inflate_hd2(inflater_, &field, &flags, block.data(), block.size(), 1);
      KHIEN_ASSERT(used >= 0);
      block = block.subspan(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        answer.fields[std::string{as_text({field.name, field.namelen})}] =
            as_text({field.value, field.valuelen});
      }
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  Octets in_;
};

}  // namespace khien::resolver
