// An append-only file of frames that is open: reads what is there, cuts a torn tail, appends. One
// process opens a file at a time (an advisory lock sees to it); one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "codec/frames.h"

namespace khien::codec {

struct FrameFileLimits {
  std::size_t payload_size_max;  ///< octets of one record
  std::size_t file_size_max;     ///< octets of the file; append() refuses beyond it
  Damage damage = Damage::refuse;
};

class FrameFile {
 public:
  using OnFrame = std::function<Result<void>(Bytes payload)>;

  /// Opens or creates `path` (mode 0600), calls `on_frame` for each record in order, then cuts a
  /// torn tail. All that it told on_frame is durable when it returns: two syncs. Reads the file
  /// into memory. corrupt for damage that is not to be cut; limit_exceeded for a file above its
  /// maximum; conflict if another process has it open; or what on_frame returned.
  [[nodiscard]] static Result<FrameFile> open(const std::filesystem::path& path,
                                              FrameFileLimits limits, const OnFrame& on_frame);

  /// Appends one record. It survives a crash only after sync(). On failure (disk full) the file is
  /// as before; limit_exceeded for a record or file above its maximum.
  [[nodiscard]] Result<void> append(Bytes payload);
  /// Makes everything appended durable. After a failure the file takes nothing more: what the
  /// disk holds is then unknown, and only opening it again can tell.
  [[nodiscard]] Result<void> sync();
  /// A descriptor of the same file for a thread that makes it durable meanwhile; if fdatasync(2)
  /// fails there, this file is to be given up. Invalid if the process has no descriptor left.
  [[nodiscard]] FileDescriptor duplicate() const noexcept;

  /// True after a failure behind which it takes nothing more.
  [[nodiscard]] bool is_broken() const noexcept { return broken_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Octets of a torn tail that open() cut: worth a log line and a counter.
  [[nodiscard]] std::uint64_t cut_size() const noexcept { return cut_size_; }

 private:
  FrameFile(FileDescriptor fd, FrameFileLimits limits) : fd_(std::move(fd)), limits_(limits) {}
  Result<void> read_all(const OnFrame& on_frame);
  Result<void> cut_to(std::uint64_t size);

  FileDescriptor fd_;
  FrameFileLimits limits_;
  std::uint64_t size_ = 0;
  std::uint64_t cut_size_ = 0;
  bool broken_ = false;
};

}  // namespace khien::codec
