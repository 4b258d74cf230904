#include "http/multipart.h"

#include <algorithm>

#include "http/message.h"

namespace khien::http {
namespace {

constexpr std::size_t boundary_size_max = 70;  // RFC 2046 section 5.1.1

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::malformed, std::move(message), "bad_multipart");
}

tl::unexpected<Error> too_large(std::string reason) {
  return fail(ErrorCode::limit_exceeded, "multipart body: " + reason, std::move(reason));
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_boundary_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view{"'()+_,-./:=?"}.find(c) != std::string_view::npos;
}

/// The next `; name=value` of `rest`, taken off it. Browsers write %22 for a quote in a value
/// (WHATWG form submission) and other senders a backslash, so `\"` does not end the value and is
/// kept.
std::optional<std::pair<std::string, std::string>> take_parameter(std::string_view& rest) {
  rest = trimmed(rest);
  if (rest.empty() || rest.front() != ';') return std::nullopt;
  rest = trimmed(rest.substr(1));
  const auto equals = rest.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string name{trimmed(rest.substr(0, equals))};
  rest = trimmed(rest.substr(equals + 1));
  if (rest.empty() || rest.front() != '"') {
    const auto end = std::min(rest.find(';'), rest.size());
    std::string value{trimmed(rest.substr(0, end))};
    rest.remove_prefix(end);
    return std::pair{std::move(name), std::move(value)};
  }
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '\\' && rest.size() - i > 1 && rest[i + 1] == '"') {
      value += '"';
      ++i;
    } else if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return std::pair{std::move(name), std::move(value)};
    } else {
      value += rest[i];
    }
  }
  return std::nullopt;  // no closing quote
}

/// Content-Disposition: form-data; name="…"; filename="…"
Result<void> read_disposition(std::string_view value, const MultipartLimits& limits,
                              PartHead& head) {
  const auto semicolon = std::min(value.find(';'), value.size());
  if (!same_name(trimmed(value.substr(0, semicolon)), "form-data")) {
    return bad("a part is not form-data");
  }
  std::string_view rest = value.substr(semicolon);
  bool named = false;
  while (!trimmed(rest).empty()) {
    auto parameter = take_parameter(rest);
    if (!parameter) return bad("broken Content-Disposition");
    if (same_name(parameter->first, "name")) {
      if (named) return bad("a part has two names");
      named = true;
      head.name = std::move(parameter->second);
    } else if (same_name(parameter->first, "filename")) {
      if (head.file_name) return bad("a part has two file names");
      head.file_name = std::move(parameter->second);
    }
  }
  if (head.name.empty()) return bad("a part has no name");
  if (head.name.size() > limits.name_size_max) return too_large("part_name_too_long");
  if (head.file_name && head.file_name->size() > limits.file_name_size_max) {
    return too_large("file_name_too_long");
  }
  return {};
}

Result<PartHead> parse_head(std::string_view text, const MultipartLimits& limits) {
  PartHead head;
  bool disposed = false;
  while (!text.empty()) {
    const auto end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
    const auto colon = line.find(':');
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
    if (colon == std::string_view::npos || std::ranges::any_of(line, control)) {
      return bad("broken header of a part");
    }
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (same_name(name, "Content-Disposition")) {
      if (disposed) return bad("two Content-Disposition headers in a part");
      disposed = true;
      if (auto read = read_disposition(value, limits, head); !read) {
        return tl::unexpected(std::move(read).error());
      }
    } else if (same_name(name, "Content-Type")) {
      head.content_type = value;
    }
  }
  if (!disposed) return bad("a part has no Content-Disposition");
  return head;
}

}  // namespace

Result<MultipartReader> MultipartReader::open(std::string_view content_type,
                                              const MultipartLimits& limits, PartSink& sink) {
  const auto semicolon = std::min(content_type.find(';'), content_type.size());
  if (!same_name(trimmed(content_type.substr(0, semicolon)), "multipart/form-data")) {
    return bad("expected multipart/form-data");
  }
  std::string_view rest = content_type.substr(semicolon);
  while (auto parameter = take_parameter(rest)) {
    if (!same_name(parameter->first, "boundary")) continue;
    const std::string& boundary = parameter->second;
    if (boundary.empty() || boundary.size() > boundary_size_max ||
        !std::ranges::all_of(boundary, is_boundary_char)) {
      return bad("bad boundary");
    }
    return MultipartReader{"\r\n--" + boundary, limits, sink};
  }
  return bad("no boundary");
}

Result<void> MultipartReader::feed(Bytes data) {
  pending_ += as_text(data);
  while (true) {
    auto more = step();
    if (!more) return tl::unexpected(std::move(more).error());
    if (!*more) return {};
  }
}

Result<void> MultipartReader::finish() const {
  if (state_ != State::done) return bad("the body ends before its closing delimiter");
  return {};
}

/// One piece of work; false if it takes more octets to go on.
Result<bool> MultipartReader::step() {
  switch (state_) {
    case State::first_delimiter: return step_first_delimiter();
    case State::after_delimiter: return step_after_delimiter();
    case State::head: return step_head();
    case State::data: return step_data();
    case State::done:
      // RFC 2046 allows an epilogue and says to ignore it.
      pending_.clear();
      return false;
  }
  return false;
}

Result<bool> MultipartReader::step_first_delimiter() {
  const std::string_view wanted = std::string_view{delimiter_}.substr(2);  // without CR LF
  const std::string_view seen = std::string_view{pending_}.substr(0, wanted.size());
  if (seen != wanted.substr(0, seen.size())) return bad("the body does not begin with a delimiter");
  if (seen.size() < wanted.size()) return false;
  pending_.erase(0, wanted.size());
  state_ = State::after_delimiter;
  return true;
}

Result<bool> MultipartReader::step_after_delimiter() {
  if (pending_.size() < 2) return false;
  const bool last = pending_.starts_with("--");
  if (!last && !pending_.starts_with("\r\n")) return bad("garbage after a delimiter");
  pending_.erase(0, 2);
  state_ = last ? State::done : State::head;
  return true;
}

Result<bool> MultipartReader::step_head() {
  const auto end = pending_.find("\r\n\r\n");
  if (end == std::string::npos ? pending_.size() > limits_.head_size_max
                               : end > limits_.head_size_max) {
    return too_large("part_head_too_large");
  }
  if (end == std::string::npos) return false;
  if (++parts_ > limits_.parts_max) return too_large("too_many_parts");
  const auto head = parse_head(std::string_view{pending_}.substr(0, end), limits_);
  if (!head) return tl::unexpected(head.error());
  pending_.erase(0, end + 4);
  if (auto taken = sink_->on_part(*head); !taken) return tl::unexpected(std::move(taken).error());
  is_file_ = head->file_name.has_value();
  part_size_ = 0;
  state_ = State::data;
  return true;
}

Result<bool> MultipartReader::step_data() {
  const auto found = pending_.find(delimiter_);
  if (found == std::string::npos) {
    // A delimiter may have begun in the last octets.
    const std::size_t kept = std::min(pending_.size(), delimiter_.size() - 1);
    if (auto given = give(pending_.size() - kept); !given) {
      return tl::unexpected(std::move(given).error());
    }
    return false;
  }
  if (auto given = give(found); !given) return tl::unexpected(std::move(given).error());
  if (auto ended = sink_->on_part_end(); !ended) return tl::unexpected(std::move(ended).error());
  pending_.erase(0, delimiter_.size());
  state_ = State::after_delimiter;
  return true;
}

/// Hands the first `size` pending octets to the sink, within the part's limit.
Result<void> MultipartReader::give(std::size_t size) {
  const std::uint64_t size_max = is_file_ ? limits_.file_size_max : limits_.field_size_max;
  if (size > size_max - part_size_) {
    return too_large(is_file_ ? "file_too_large" : "field_too_large");
  }
  if (size == 0) return {};
  auto taken = sink_->on_data(as_bytes(std::string_view{pending_}.substr(0, size)));
  if (!taken) return taken;
  part_size_ += size;
  pending_.erase(0, size);
  return {};
}

}  // namespace khien::http
