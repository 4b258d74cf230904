// Reads multipart/form-data (RFC 7578, RFC 2046 section 5.1) as it arrives, without keeping more of
// it than one header block or one delimiter. Strict: no preamble, no nesting, CRLF only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::http {

/// What happens at each: the whole body is refused with limit_exceeded and the reason in quotes.
struct MultipartLimits {
  std::size_t parts_max = 32;            ///< "too_many_parts"
  std::size_t head_size_max = 4 * 1024;  ///< octets of one part's headers; "part_head_too_large"
  std::size_t name_size_max = 100;       ///< octets of a field's name; "part_name_too_long"
  std::size_t file_name_size_max = 255;  ///< octets; "file_name_too_long"
  std::size_t field_size_max =
      16 * 1024;  ///< octets of a part without file name; "field_too_large"
  std::uint64_t file_size_max =
      20ULL * 1024 * 1024;  ///< octets of a part with one; "file_too_large"
};

struct PartHead {
  std::string name = {};
  std::optional<std::string> file_name = {};  ///< as the sender wrote it: never a path of ours
  std::string content_type = {};              ///< as claimed; empty if not
};

/// Takes the parts in order. An error from it ends the reading and is returned by feed().
class PartSink {
 public:
  virtual ~PartSink() = default;
  virtual Result<void> on_part(const PartHead& head) = 0;
  virtual Result<void> on_data(Bytes data) = 0;
  virtual Result<void> on_part_end() = 0;
};

class MultipartReader {
 public:
  /// `sink` is borrowed. malformed ("bad_multipart") unless `content_type` is multipart/form-data
  /// with a boundary of 1..70 characters.
  [[nodiscard]] static Result<MultipartReader> open(std::string_view content_type,
                                                    const MultipartLimits& limits, PartSink& sink);

  /// The next octets of the body, in pieces of any size. After an error only destroy it.
  [[nodiscard]] Result<void> feed(Bytes data);
  /// malformed unless the closing delimiter came.
  [[nodiscard]] Result<void> finish() const;

 private:
  enum class State { first_delimiter, after_delimiter, head, data, done };

  MultipartReader(std::string delimiter, const MultipartLimits& limits, PartSink& sink)
      : delimiter_(std::move(delimiter)), limits_(limits), sink_(&sink) {}
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] Result<bool> step_first_delimiter();
  [[nodiscard]] Result<bool> step_after_delimiter();
  [[nodiscard]] Result<bool> step_head();
  [[nodiscard]] Result<bool> step_data();
  [[nodiscard]] Result<void> give(std::size_t size);

  std::string delimiter_;  // CR LF "--" boundary
  MultipartLimits limits_;
  PartSink* sink_;
  State state_ = State::first_delimiter;
  std::string pending_;  // unread octets: at most one piece, one head or one delimiter
  std::size_t parts_ = 0;
  bool is_file_ = false;
  std::uint64_t part_size_ = 0;
};

}  // namespace khien::http
