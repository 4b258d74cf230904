// Files read and written whole, with a maximum and with durability. No formats (codec).
#pragma once

#include <cstddef>
#include <filesystem>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace khien {

/// A file descriptor that closes itself. -1 is none.
class FileDescriptor {
 public:
  FileDescriptor() noexcept = default;
  explicit FileDescriptor(int fd) noexcept : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// The whole file. not_found; limit_exceeded above `size_max` octets; unavailable on I/O errors.
[[nodiscard]] Result<Octets> read_file(const std::filesystem::path& path, std::size_t size_max);

/// Readable by the owner alone, or by everybody.
enum class FileAccess { owner, everybody };

/// Writes a temporary file beside `path`, syncs it, renames it over `path` and syncs the folder:
/// after a crash either the old content or the new stands there, whole.
[[nodiscard]] Result<void> write_file_atomically(const std::filesystem::path& path, Bytes content,
                                                 FileAccess access);

/// fsync(2) on a folder, so that names made or renamed in it survive a power cut.
[[nodiscard]] Result<void> sync_folder(const std::filesystem::path& folder);

/// Writes all of `content` to `fd`, again after short writes and signals.
[[nodiscard]] Result<void> write_all(int fd, Bytes content);

}  // namespace khien
