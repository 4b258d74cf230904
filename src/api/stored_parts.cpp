#include "api/stored_parts.h"

namespace khien::api {

Result<void> StoredParts::on_part(const http::PartHead& head) {
  head_ = head;
  part_size_ = 0;
  return {};
}

Result<void> StoredParts::on_data(Bytes data) {
  part_size_ += data.size();
  if (!head_.file_name) {
    fields_[head_.name] += as_text(data);
    return {};
  }
  if (!writer_) {
    if (files_.size() >= files_max_) {
      return fail(ErrorCode::limit_exceeded, "too many files in one form", "too_many_files");
    }
    auto writer = contents_.begin();
    if (!writer) return propagate(std::move(writer).error(), "begin an evidence item");
    writer_.emplace(std::move(*writer));
  }
  return writer_->write(data);
}

Result<void> StoredParts::on_part_end() {
  if (!writer_) return {};  // a field, or a file that is empty
  auto content = writer_->finish();
  writer_.reset();
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  files_.push_back({.content = std::move(*content), .file_name = *head_.file_name});
  return {};
}

std::string StoredParts::field(std::string_view name) const {
  const auto found = fields_.find(name);
  return found == fields_.end() ? std::string{} : found->second;
}

}  // namespace khien::api
