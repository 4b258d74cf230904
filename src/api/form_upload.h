// A form with at most one file, taken while it arrives: fields in memory (small), the file straight
// into the evidence store, hashed on its way. Used by the officers' upload and by the public report
// form.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "evidence/content_store.h"
#include "http/message.h"
#include "http/multipart.h"
#include "http/router.h"

namespace khien::api {

struct UploadedFile {
  std::string file_name;
  evidence::Content content;
};

struct UploadedForm {
  std::map<std::string, std::string> fields = {};
  std::optional<UploadedFile> file = {};  ///< none, or an empty file input

  [[nodiscard]] std::string field(const std::string& name) const;
};

/// What a form may bring.
struct FormLimits {
  std::string file_field;       ///< name of the one file part; another is refused
  std::uint64_t file_size_max;  ///< octets
  std::size_t field_size_max = 48 * 1024;
};

/// The form is whole: what it means is `use`'s.
using UseForm = std::function<http::Response(UploadedForm)>;

/// invalid_argument or malformed as MultipartReader::open(); `contents` is borrowed.
[[nodiscard]] Result<std::unique_ptr<http::Upload>> take_form(
    const http::Request& request, const evidence::ContentStore& contents, FormLimits limits,
    UseForm use);

}  // namespace khien::api
