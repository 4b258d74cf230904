#include "resolver/snapshot_disk.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/file.h"

namespace khien::resolver {
namespace {

constexpr ::mode_t owner_only = 0600;

tl::unexpected<Error> io_error(std::string_view what, const std::filesystem::path& path) {
  const int number = errno;
  return fail(number == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
              std::string{what} + " " + path.string() + ": " + std::strerror(number));
}

}  // namespace

Result<void> save_snapshot(const policy::RuleSet& rules, const std::filesystem::path& path) {
  auto pieces = policy::SnapshotPieces::of(rules);
  if (!pieces) return tl::unexpected(std::move(pieces).error());
  std::filesystem::path beside = path;
  beside += ".new";
  {
    const FileDescriptor file{
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only)};
    if (!file.valid()) return io_error("create", beside);
    for (const Bytes piece : pieces->pieces()) {
      if (auto written = write_all(file.get(), piece); !written) {
        return propagate(std::move(written).error(), "write " + beside.string());
      }
    }
    if (::fsync(file.get()) != 0) return io_error("sync", beside);
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return io_error("rename", beside);
  return sync_folder(path.parent_path());
}

Result<std::shared_ptr<const policy::RuleSet>> map_snapshot(const std::filesystem::path& path) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.valid()) return io_error("open", path);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return io_error("look at", path);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size == 0 || size > snapshot_size_max) {
    return fail(ErrorCode::corrupt, "rule snapshot: its size cannot be", "bad_snapshot");
  }
  // Private: nobody else's later write to the file's pages may be seen. The file is never written
  // in place, only replaced.
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) return io_error("map", path);
  const std::shared_ptr<const void> owner{
      memory, [size](const void* at) { ::munmap(const_cast<void*>(at), size); }};
  return policy::RuleSet::open({static_cast<const std::uint8_t*>(memory), size}, owner);
}

}  // namespace khien::resolver
