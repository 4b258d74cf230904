// A multipart form on its way in: small fields in memory, files straight into the evidence store,
// hashed while they are written. What nobody refers to afterwards is a content without a row, which
// is harmless.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/content_store.h"
#include "http/multipart.h"

namespace khien::api {

struct StoredFile {
  evidence::Content content;
  std::string file_name;  ///< as the sender wrote it
};

class StoredParts final : public http::PartSink {
 public:
  /// `contents` is borrowed. More than `files_max` files are refused with "too_many_files".
  StoredParts(const evidence::ContentStore& contents, std::size_t files_max) noexcept
      : contents_(contents), files_max_(files_max) {}

  Result<void> on_part(const http::PartHead& head) override;
  Result<void> on_data(Bytes data) override;
  Result<void> on_part_end() override;

  /// The value of a field, or empty.
  [[nodiscard]] std::string field(std::string_view name) const;
  /// In the order of the form; without the empty part that a browser sends where no file was
  /// chosen.
  [[nodiscard]] const std::vector<StoredFile>& files() const noexcept { return files_; }

 private:
  const evidence::ContentStore& contents_;
  std::size_t files_max_;
  http::PartHead head_;
  std::uint64_t part_size_ = 0;
  std::optional<evidence::ContentWriter> writer_;
  std::map<std::string, std::string, std::less<>> fields_;
  std::vector<StoredFile> files_;
};

}  // namespace khien::api
