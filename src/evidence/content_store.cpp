#include "evidence/content_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "codec/hex.h"

namespace khien::evidence {
namespace {

constexpr mode_t item_mode = 0440;  // nobody writes to it again

tl::unexpected<Error> disk_error(std::string_view doing) {
  return fail(ErrorCode::unavailable, std::string{doing} + ": " + std::strerror(errno));
}

bool is_sha256_text(std::string_view text) noexcept {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<ContentStore>> ContentStore::open(std::filesystem::path root) {
  std::error_code error;
  std::filesystem::remove_all(root / "incoming", error);
  for (const auto& folder : {root / "incoming", root / "items"}) {
    std::filesystem::create_directories(folder, error);
    if (error)
      return fail(ErrorCode::unavailable, "make " + folder.string() + ": " + error.message());
  }
  std::filesystem::permissions(root, std::filesystem::perms::owner_all, error);
  return std::unique_ptr<ContentStore>{new ContentStore{std::move(root)}};
}

std::filesystem::path ContentStore::path_of(const std::string& sha256) const {
  return root_ / "items" / sha256.substr(0, 2) / sha256;
}

Result<ContentWriter> ContentStore::begin() const {
  auto name = (root_ / "incoming" / "XXXXXX").string();
  FileDescriptor file{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file.valid()) return disk_error("begin an evidence item");
  return ContentWriter{*this, std::move(name), std::move(file)};
}

Result<Octets> ContentStore::read(const std::string& sha256) const {
  // The name comes from our database, but a path is never made of what was not looked at.
  if (!is_sha256_text(sha256)) return fail(ErrorCode::not_found, "no such evidence");
  auto content = read_file(path_of(sha256), item_size_max);
  if (!content) return propagate(std::move(content).error(), "read evidence");
  if (codec::hex(crypto::sha256(*content)) != sha256) {
    return fail(ErrorCode::corrupt, "evidence " + sha256 + " is not what it was",
                "evidence_damaged");
  }
  return content;
}

Result<void> ContentStore::verify(const std::string& sha256) const {
  auto content = read(sha256);
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  return {};
}

Result<bool> ContentStore::remove(const std::string& sha256, std::int64_t written_before_ms) const {
  if (!is_sha256_text(sha256)) return fail(ErrorCode::not_found, "no such evidence");
  const auto path = path_of(sha256);
  const auto old_enough = [&](const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 &&
           std::int64_t{status.st_mtim.tv_sec} * ms_per_second < written_before_ms;
  };
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return true;
  if (!old_enough(path)) return false;
  // Taken out of the tree first and looked at again, because the same content may come in anew at
  // this very moment; renaming keeps the time of writing.
  const auto leaving = root_ / "incoming" / ("leaving-" + sha256);
  if (::rename(path.c_str(), leaving.c_str()) != 0) return disk_error("take evidence out");
  if (!old_enough(leaving)) {
    if (::rename(leaving.c_str(), path.c_str()) != 0) return disk_error("put evidence back");
    return false;
  }
  if (::unlink(leaving.c_str()) != 0) return disk_error("remove evidence");
  if (auto synced = sync_folder(path.parent_path()); !synced) {
    return tl::unexpected<Error>{std::move(synced).error()};
  }
  return true;
}

ContentWriter::ContentWriter(const ContentStore& store, std::filesystem::path path,
                             FileDescriptor file)
    : store_(&store), path_(std::move(path)), file_(std::move(file)) {}

ContentWriter::~ContentWriter() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<void> ContentWriter::write(Bytes data) {
  if (data.size() > item_size_max - content_.size) {
    return fail(ErrorCode::limit_exceeded, "an evidence item is at most 20 MB", "file_too_large");
  }
  if (auto written = write_all(file_.get(), data); !written) {
    return propagate(std::move(written).error(), "write evidence");
  }
  hash_.update(data);
  content_.size += data.size();
  const auto missing = content_head_size - content_.head.size();
  const auto head = data.first(std::min(missing, data.size()));
  content_.head.insert(content_.head.end(), head.begin(), head.end());
  return {};
}

Result<Content> ContentWriter::finish() {
  if (content_.size == 0) {
    return fail(ErrorCode::invalid_argument, "the file is empty", "file_empty");
  }
  content_.sha256 = codec::hex(hash_.finish());
  const auto target = store_->path_of(content_.sha256);
  std::error_code error;
  std::filesystem::create_directories(target.parent_path(), error);
  if (error) return fail(ErrorCode::unavailable, "make an evidence folder: " + error.message());
  if (::fchmod(file_.get(), item_mode) != 0 || ::fsync(file_.get()) != 0) {
    return disk_error("sync evidence");
  }
  file_.reset();
  // Over an equal file this changes nothing that anybody can see.
  if (::rename(path_.c_str(), target.c_str()) != 0) return disk_error("name evidence");
  path_.clear();
  for (const auto& folder : {target.parent_path(), target.parent_path().parent_path()}) {
    if (auto synced = sync_folder(folder); !synced) return tl::unexpected<Error>{synced.error()};
  }
  return std::move(content_);
}

}  // namespace khien::evidence
