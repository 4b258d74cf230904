#include "api/form_upload.h"

namespace khien::api {
namespace {

class FormUpload final : public http::Upload, private http::PartSink {
 public:
  FormUpload(const evidence::ContentStore& contents, FormLimits limits, UseForm use)
      : contents_(contents), limits_(std::move(limits)), use_(std::move(use)) {}

  Result<void> open(std::string_view content_type) {
    auto reader = http::MultipartReader::open(
        content_type,
        {.field_size_max = limits_.field_size_max, .file_size_max = limits_.file_size_max}, *this);
    if (!reader) return tl::unexpected<Error>{std::move(reader).error()};
    reader_.emplace(std::move(*reader));
    return {};
  }

  Result<void> write(Bytes data) override { return reader_->feed(data); }

  http::Response finish() override {
    if (auto done = reader_->finish(); !done) return http::problem(done.error());
    return use_(std::move(form_));
  }

 private:
  Result<void> on_part(const http::PartHead& head) override {
    name_ = head.name;
    file_name_ = head.file_name;
    if (!file_name_) return {};
    if (head.name != limits_.file_field || form_.file) {
      return fail(ErrorCode::invalid_argument, "one file in the field " + limits_.file_field,
                  "unexpected_file");
    }
    return {};
  }

  Result<void> on_data(Bytes data) override {
    if (!file_name_) {
      form_.fields[name_].append(as_text(data));  // the reader holds field_size_max
      return {};
    }
    if (!writer_) {
      auto writer = contents_.begin();
      if (!writer) return tl::unexpected<Error>{std::move(writer).error()};
      writer_.emplace(std::move(*writer));
    }
    return writer_->write(data);
  }

  Result<void> on_part_end() override {
    if (!file_name_) {
      form_.fields.try_emplace(name_);
      return {};
    }
    if (!writer_) return {};  // a file input that was left empty
    auto content = writer_->finish();
    writer_.reset();
    if (!content) return tl::unexpected<Error>{std::move(content).error()};
    form_.file = UploadedFile{.file_name = *file_name_, .content = std::move(*content)};
    return {};
  }

  const evidence::ContentStore& contents_;
  FormLimits limits_;
  UseForm use_;
  std::optional<http::MultipartReader> reader_;
  std::string name_;
  std::optional<std::string> file_name_;
  std::optional<evidence::ContentWriter> writer_;
  UploadedForm form_;
};

}  // namespace

std::string UploadedForm::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string{} : found->second;
}

Result<std::unique_ptr<http::Upload>> take_form(const http::Request& request,
                                                const evidence::ContentStore& contents,
                                                FormLimits limits, UseForm use) {
  auto upload = std::make_unique<FormUpload>(contents, std::move(limits), std::move(use));
  auto opened = upload->open(request.headers.find("Content-Type").value_or(""));
  if (!opened) return tl::unexpected<Error>{std::move(opened).error()};
  return std::unique_ptr<http::Upload>{std::move(upload)};
}

}  // namespace khien::api
