// Calls of the C library that this program makes, its libraries among it, pass here: those on the
// folder of a FakedDisk are written down before they are made, and need not wait for a real disk. A
// definition in the program itself comes before the C library's (ELF symbol interposition).
#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "faked_disk.h"

namespace {

using khien::sim::FakedDisk;

template <typename Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// What the descriptor is open on; empty for what has no path.
std::string path_of(int fd) {
  std::array<char, 4'096> path;
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  return size <= 0 ? std::string{} : std::string{path.data(), static_cast<std::size_t>(size)};
}

FakedDisk* disk_of(int fd, std::string& path) {
  const int error = errno;
  path = path_of(fd);
  errno = error;
  return FakedDisk::watching(path);
}

int sync_with(const char* name, int fd) {
  std::string path;
  FakedDisk* disk = disk_of(fd, path);
  if (disk == nullptr) return real<int(int)>(name)(fd);
  if (disk->on_sync(path)) return 0;
  errno = EIO;
  return -1;
}

}  // namespace

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): the C library's own
extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
  std::string path;
  if (FakedDisk* disk = disk_of(fd, path)) {
    const off_t offset = ::lseek(fd, 0, SEEK_CUR);
    disk->on_write(path, static_cast<std::uint64_t>(offset),
                   {static_cast<const std::uint8_t*>(data), size});
  }
  return next(fd, data, size);
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const next = real<int(int, off_t)>("ftruncate");
  std::string path;
  if (FakedDisk* disk = disk_of(fd, path))
    disk->on_truncate(path, static_cast<std::uint64_t>(size));
  return next(fd, size);
}

int fsync(int fd) { return sync_with("fsync", fd); }
int fdatasync(int fd) { return sync_with("fdatasync", fd); }

int rename(const char* from, const char* to) noexcept {
  static auto* const next = real<int(const char*, const char*)>("rename");
  if (FakedDisk* disk = FakedDisk::watching(from)) disk->on_rename(from, to);
  return next(from, to);
}

int unlink(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("unlink");
  if (FakedDisk* disk = FakedDisk::watching(path)) disk->on_unlink(path);
  return next(path);
}

int remove(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("remove");
  if (FakedDisk* disk = FakedDisk::watching(path)) disk->on_unlink(path);
  return next(path);
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
