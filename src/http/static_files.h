// Files of one folder as answers: web assets, ledger tiles. Nothing outside of the folder can be
// reached: each segment is opened below the one before, and symbolic links are refused.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace khien::http {

struct StaticFilesOptions {
  std::filesystem::path root;
  /// Paths that begin so never change their content: cached for a year. All others: no-cache, with
  /// an ETag.
  std::vector<std::string> immutable_prefixes = {};
  std::string content_type = {};  ///< of all files; empty: by the name's ending
};

class StaticFiles {
 public:
  /// The folder need not exist yet.
  explicit StaticFiles(StaticFilesOptions options) : options_(std::move(options)) {}

  /// The file `path` (relative, '/' between segments) for `request`: 200 with the file, .br or .gz
  /// beside it where the client takes that; 304; a part of it (range.h); or 404. Blocks on the file
  /// system.
  [[nodiscard]] Response serve(const Request& request, std::string_view path) const;

 private:
  StaticFilesOptions options_;
};

/// `If-None-Match` of `request` names `etag` (weak comparison, RFC 9110 section 13.1.2).
[[nodiscard]] bool matches_etag(const Request& request, std::string_view etag);

/// By the ending of the name; application/octet-stream if unknown. Text is UTF-8.
[[nodiscard]] std::string_view content_type_of(std::string_view name) noexcept;

/// True if Accept-Encoding of `request` takes `coding` with a weight above 0.
[[nodiscard]] bool accepts_encoding(const Request& request, std::string_view coding);

}  // namespace khien::http
