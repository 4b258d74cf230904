#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/unfinished_file.h"

namespace khien {
namespace {

tl::unexpected<Error> system_error(int error, std::string_view doing,
                                   const std::filesystem::path& path) {
  const auto code = error == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable;
  return fail(code, std::string{doing} + " " + path.string() + ": " + std::strerror(error));
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void FileDescriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Octets> read_file(const std::filesystem::path& path, std::size_t size_max) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.valid()) return system_error(errno, "open", path);
  Octets content;
  struct stat status{};
  if (::fstat(file.get(), &status) == 0 && status.st_size > 0) {
    if (static_cast<std::uint64_t>(status.st_size) > size_max) {
      return fail(ErrorCode::limit_exceeded, path.string() + " is larger than allowed");
    }
    content.reserve(static_cast<std::size_t>(status.st_size));
  }
  std::uint8_t block[64 * 1024];
  while (true) {
    const ssize_t got = ::read(file.get(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, "read", path);
    if (got == 0) return content;
    const auto size = static_cast<std::size_t>(got);
    if (size > size_max - content.size()) {
      return fail(ErrorCode::limit_exceeded, path.string() + " is larger than allowed");
    }
    content.insert(content.end(), block, block + size);
  }
}

Result<void> write_all(int fd, Bytes content) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      return fail(ErrorCode::unavailable, std::string{"write: "} + std::strerror(errno));
    }
    content = content.subspan(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const FileDescriptor opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened.valid()) return system_error(errno, "open", folder);
  if (::fsync(opened.get()) != 0) return system_error(errno, "sync", folder);
  return {};
}

Result<void> write_file_atomically(const std::filesystem::path& path, Bytes content,
                                   FileAccess access) {
  auto name = path.string() + std::string{temporary_ending};
  FileDescriptor file{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file.valid()) return system_error(errno, "make a file beside", path);
  const mode_t mode = access == FileAccess::owner ? 0600 : 0644;
  auto written = write_all(file.get(), content);
  if (written && (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0)) {
    written = system_error(errno, "sync", name);
  }
  file.reset();
  if (written && ::rename(name.c_str(), path.c_str()) != 0) {
    written = system_error(errno, "rename to", path);
  }
  if (!written) {
    ::unlink(name.c_str());
    return written;
  }
  return sync_folder(path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."});
}

std::optional<std::string_view> target_of_unfinished(std::string_view path) noexcept {
  const auto is_random = [](char c) {  // what mkostemp(3) puts in place of an X
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  if (path.size() <= temporary_ending.size()) return std::nullopt;
  const auto ending = path.substr(path.size() - temporary_ending.size());
  if (ending.front() != '.' || !std::ranges::all_of(ending.substr(1), is_random)) {
    return std::nullopt;
  }
  return path.substr(0, path.size() - temporary_ending.size());
}

}  // namespace khien
