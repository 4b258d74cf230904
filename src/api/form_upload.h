// A multipart form that a handler takes while it arrives: fields in memory (small), files straight
// into the evidence store, hashed on their way (stored_parts.h). Used by the officers' upload and
// by both ways to send a report.
#pragma once

#include <functional>
#include <memory>

#include "api/stored_parts.h"
#include "http/message.h"
#include "http/multipart.h"
#include "http/router.h"

namespace khien::api {

/// What a form may bring.
struct FormLimits {
  std::size_t files_max = 1;
  std::uint64_t file_size_max = 0;  ///< octets of one file
  std::size_t parts_max = 16;       ///< fields and files
  std::size_t field_size_max = 48 * 1024;
};

/// The form is whole: what it means is `use`'s.
using UseForm = std::function<http::Response(const StoredParts&)>;

/// invalid_argument or malformed as MultipartReader::open(); `contents` is borrowed until the
/// upload ends.
[[nodiscard]] Result<std::unique_ptr<http::Upload>> take_form(
    const http::Request& request, const evidence::ContentStore& contents, const FormLimits& limits,
    UseForm use);

}  // namespace khien::api
