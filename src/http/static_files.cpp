#include "http/static_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <optional>

#include "http/range.h"

namespace khien::http {
namespace {

struct Ending {
  std::string_view ending;
  std::string_view content_type;
};
constexpr std::array<Ending, 18> endings{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".xml", "application/xml"},
    {".pdf", "application/pdf"},
    {".wasm", "application/wasm"},
}};

struct Opened {
  FileDescriptor file;
  std::uint64_t size = 0;
  std::string version;  // differs whenever the content may
};

/// A segment that can only be a plain name below its folder. Hidden files are not for the web.
bool is_plain_name(std::string_view segment) noexcept {
  if (segment.empty() || segment.front() == '.') return false;
  for (const char c : segment) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

std::optional<Opened> open_below(const std::filesystem::path& root, std::string_view path) {
  FileDescriptor at{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  while (at.valid()) {
    const auto slash = path.find('/');
    const std::string segment{path.substr(0, slash)};
    if (!is_plain_name(segment)) return std::nullopt;
    const bool last = slash == std::string_view::npos;
    // O_NONBLOCK: opening a FIFO that somebody put there must not hang a worker.
    const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (last ? O_NONBLOCK : O_DIRECTORY);
    FileDescriptor next{::openat(at.get(), segment.c_str(), flags)};
    at = std::move(next);
    if (!last) {
      path.remove_prefix(slash + 1);
      continue;
    }
    struct stat status{};
    if (!at.valid() || ::fstat(at.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return std::nullopt;
    }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    return Opened{.file = std::move(at),
                  .size = size,
                  .version = fmt::format("{:x}-{:x}-{:x}", size, status.st_mtim.tv_sec,
                                         status.st_mtim.tv_nsec)};
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Calls `visit` with each element of a comma-separated header until it returns true.
template <typename Visit>
bool any_element(std::string_view header, Visit visit) {
  while (!header.empty()) {
    const auto comma = std::min(header.find(','), header.size());
    if (visit(trimmed(header.substr(0, comma)))) return true;
    header.remove_prefix(std::min(comma + 1, header.size()));
  }
  return false;
}

}  // namespace

std::string_view content_type_of(std::string_view name) noexcept {
  for (const auto& known : endings) {
    if (name.ends_with(known.ending)) return known.content_type;
  }
  return "application/octet-stream";
}

bool accepts_encoding(const Request& request, std::string_view coding) {
  const auto header = request.headers.find("Accept-Encoding");
  return header && any_element(*header, [&](std::string_view element) {
           const auto semicolon = element.find(';');
           if (!same_name(trimmed(element.substr(0, semicolon)), coding)) return false;
           if (semicolon == std::string_view::npos) return true;
           // q=0, q=0.0 … refuse; any other digit in the weight accepts.
           return trimmed(element.substr(semicolon + 1)).find_first_of("123456789") !=
                  std::string_view::npos;
         });
}

bool matches_etag(const Request& request, std::string_view etag) {
  const auto header = request.headers.find("If-None-Match");
  return header && any_element(*header, [&](std::string_view element) {
           if (element.starts_with("W/")) element.remove_prefix(2);
           return element == "*" || element == etag;
         });
}

Response StaticFiles::serve(const Request& request, std::string_view path) const {
  auto plain = open_below(options_.root, path);
  if (!plain) return problem({.code = ErrorCode::not_found, .message = "no such file"});
  std::string_view coding;
  for (const auto& [name, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    if (!accepts_encoding(request, name)) continue;
    auto packed = open_below(options_.root, std::string{path} + ending);
    if (!packed) continue;
    plain = std::move(packed);
    coding = name;
    break;
  }
  Response response;
  const auto etag =
      "\"" + plain->version + std::string{coding.empty() ? "" : "-"} + std::string{coding} + "\"";
  response.headers.set("ETag", etag);
  response.headers.set("Vary", "Accept-Encoding");
  bool immutable = false;
  for (const auto& prefix : options_.immutable_prefixes) immutable |= path.starts_with(prefix);
  response.headers.set("Cache-Control",
                       immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (matches_etag(request, etag)) {
    response.status = 304;
    return response;
  }
  response.headers.set("Content-Type", options_.content_type.empty()
                                           ? content_type_of(path)
                                           : std::string_view{options_.content_type});
  if (!coding.empty()) response.headers.set("Content-Encoding", coding);
  response.file = std::make_unique<FileBody>(std::move(plain->file), plain->size);
  apply_range(request, response);
  return response;
}

}  // namespace khien::http
