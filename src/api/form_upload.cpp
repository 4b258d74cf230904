#include "api/form_upload.h"

#include <optional>

namespace khien::api {
namespace {

class FormUpload final : public http::Upload {
 public:
  FormUpload(const evidence::ContentStore& contents, std::size_t files_max, UseForm use)
      : parts_(contents, files_max), use_(std::move(use)) {}

  Result<void> open(std::string_view content_type, const http::MultipartLimits& limits) {
    auto reader = http::MultipartReader::open(content_type, limits, parts_);
    if (!reader) return tl::unexpected<Error>{std::move(reader).error()};
    reader_.emplace(std::move(*reader));
    return {};
  }

  Result<void> write(Bytes data) override { return reader_->feed(data); }

  http::Response finish() override {
    if (auto done = reader_->finish(); !done) return http::problem(done.error());
    return use_(parts_);
  }

 private:
  StoredParts parts_;
  UseForm use_;
  std::optional<http::MultipartReader> reader_;
};

}  // namespace

Result<std::unique_ptr<http::Upload>> take_form(const http::Request& request,
                                                const evidence::ContentStore& contents,
                                                const FormLimits& limits, UseForm use) {
  auto upload = std::make_unique<FormUpload>(contents, limits.files_max, std::move(use));
  auto opened = upload->open(request.headers.find("Content-Type").value_or(""),
                             {.parts_max = limits.parts_max,
                              .field_size_max = limits.field_size_max,
                              .file_size_max = limits.file_size_max});
  if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
  return std::unique_ptr<http::Upload>{std::move(upload)};
}

}  // namespace khien::api
