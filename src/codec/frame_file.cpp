#include "codec/frame_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "codec/frames.h"

namespace khien::codec {
namespace {

tl::unexpected<Error> system_failure(std::string_view doing) {
  return fail(ErrorCode::unavailable, std::string{doing} + ": " + std::strerror(errno));
}

Result<Octets> read_whole(int fd, std::size_t size) {
  Octets content(size);
  std::size_t at = 0;
  while (at < size) {
    const ssize_t got = ::pread(fd, content.data() + at, size - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read frame file");
    if (got == 0) return fail(ErrorCode::unavailable, "frame file shrank while it was read");
    at += static_cast<std::size_t>(got);
  }
  return content;
}

}  // namespace

Result<FrameFile> FrameFile::open(const std::filesystem::path& path, FrameFileLimits limits,
                                  const OnFrame& on_frame) {
  FileDescriptor fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
  if (!fd.valid()) return system_failure("open frame file");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(ErrorCode::conflict, "frame file is open in another process");
  FrameFile file{std::move(fd), limits};
  if (auto read = file.read_all(on_frame); !read) return tl::unexpected<Error>{read.error()};

  if (file.size_ == 0) {
    if (auto written = write_all(file.fd_.get(), as_bytes(frame_file_magic)); !written)
      return propagate(std::move(written).error(), "start frame file");
    file.size_ = frame_file_magic.size();
  }
  // A process that was killed may have left records that only the kernel's memory has. Whoever
  // opens the file acts on them, so they must survive a power cut from now on, and so must the
  // name.
  if (auto synced = file.sync(); !synced) return tl::unexpected<Error>{synced.error()};
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  if (auto synced = sync_folder(folder); !synced) return tl::unexpected<Error>{synced.error()};
  return file;
}

Result<void> FrameFile::read_all(const OnFrame& on_frame) {
  struct stat status{};
  if (::fstat(fd_.get(), &status) != 0) return system_failure("read frame file");
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::invalid_argument, "not a regular file");
  const auto file_size = static_cast<std::size_t>(status.st_size);
  if (file_size > limits_.file_size_max)
    return fail(ErrorCode::limit_exceeded, "frame file is above its maximum");

  auto content = read_whole(fd_.get(), file_size);
  if (!content) return tl::unexpected<Error>{content.error()};
  const auto scan = scan_frames(*content, limits_.payload_size_max, limits_.damage);
  if (!scan) return tl::unexpected<Error>{scan.error()};
  for (const auto& frame : scan->frames) {
    if (auto taken = on_frame(Bytes{*content}.subspan(frame.offset, frame.size)); !taken)
      return propagate(std::move(taken).error(),
                       "frame at octet " + std::to_string(frame.offset - frame_header_size));
  }
  cut_size_ = scan->torn_size;
  return cut_to(scan->good_size);
}

Result<void> FrameFile::cut_to(std::uint64_t size) {
  if (::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0 ||
      ::lseek(fd_.get(), static_cast<off_t>(size), SEEK_SET) < 0) {
    broken_ = true;
    return system_failure("cut frame file");
  }
  size_ = size;
  return {};
}

Result<void> FrameFile::append(Bytes payload) {
  if (broken_) return fail(ErrorCode::unavailable, "frame file failed before; open it again");
  if (payload.size() > limits_.payload_size_max)
    return fail(ErrorCode::limit_exceeded, "record is above its maximum");
  if (frame_header_size + payload.size() > limits_.file_size_max - size_)
    return fail(ErrorCode::limit_exceeded, "frame file is full");

  Octets frame;
  frame.reserve(frame_header_size + payload.size());
  append_frame(frame, size_, payload);
  if (auto written = write_all(fd_.get(), frame); !written) {
    // Take back what did arrive; if even that fails, broken_ stays set and open() will cut it.
    if (auto cut = cut_to(size_); !cut) return tl::unexpected<Error>{cut.error()};
    return propagate(std::move(written).error(), "append to frame file");
  }
  size_ += frame.size();
  return {};
}

FileDescriptor FrameFile::duplicate() const noexcept {
  return FileDescriptor{::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0)};
}

Result<void> FrameFile::sync() {
  if (broken_) return fail(ErrorCode::unavailable, "frame file failed before; open it again");
  if (::fdatasync(fd_.get()) == 0) return {};
  broken_ = true;  // the kernel may have dropped the dirty pages: a second call would lie
  return system_failure("sync frame file");
}

}  // namespace khien::codec
