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

std::filesystem::path new_path(std::filesystem::path path) {
  path += ".new";
  return path;
}

/// On its way to the disk at once, and what came before it is there: the sync at the end, which
/// nothing interrupts, has little left to wait for.
void start_writeback(int fd, std::size_t offset, std::size_t size) noexcept {
  (void)::sync_file_range(fd, static_cast<off_t>(offset), static_cast<off_t>(size),
                          SYNC_FILE_RANGE_WRITE);
  if (offset == 0) return;
  (void)::sync_file_range(fd, 0, static_cast<off_t>(offset), SYNC_FILE_RANGE_WAIT_BEFORE);
}

// The whole pages of `octets`; the kernel would read them from the file again.
void give_pages_back(Bytes octets) {
  const auto page_size = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(octets.data());
  const std::uintptr_t first = (begin + page_size - 1) / page_size * page_size;
  const std::uintptr_t end = (begin + octets.size()) / page_size * page_size;
  if (first >= end) return;
  (void)::madvise(const_cast<std::uint8_t*>(octets.data()) + (first - begin), end - first,
                  MADV_DONTNEED);
}

}  // namespace

Result<std::optional<crypto::Sha256Digest>> write_snapshot(const SnapshotContent& content,
                                                           const std::filesystem::path& path,
                                                           const Interrupted& interrupted) {
  auto pieces = policy::SnapshotPieces::of(content.rules, content.zones, content.rare);
  if (!pieces) return tl::unexpected(std::move(pieces).error());
  const std::filesystem::path beside = new_path(path);
  const FileDescriptor file{
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, owner_only)};
  if (!file.valid()) return io_error("create", beside);
  crypto::Sha256 hash;
  std::size_t skipped = policy::SnapshotPieces::hashed_from;  // of the first piece
  std::size_t size = 0;
  for (const Bytes piece : pieces->pieces()) {
    if (interrupted()) {
      ::unlink(beside.c_str());
      return std::nullopt;
    }
    hash.update(piece.subspan(std::exchange(skipped, 0)));
    if (auto written = write_all(file.get(), piece); !written) {
      return propagate(std::move(written).error(), "write " + beside.string());
    }
    start_writeback(file.get(), size, piece.size());
    size += piece.size();
  }
  const auto digest = hash.finish();
  if (::pwrite(file.get(), digest.data(), digest.size(), policy::SnapshotPieces::digest_at) !=
          static_cast<ssize_t>(digest.size()) ||
      ::fsync(file.get()) != 0) {
    return io_error("sync", beside);
  }
  return digest;
}

Result<void> put_snapshot_in_place(const std::filesystem::path& path) {
  const std::filesystem::path beside = new_path(path);
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
  return policy::RuleSet::open({static_cast<const std::uint8_t*>(memory), size}, owner,
                               give_pages_back);
}

}  // namespace khien::resolver
