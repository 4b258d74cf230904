#include "resolver/list_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace khien::resolver {
namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;

tl::unexpected<Error> list_error(const std::filesystem::path& path) {
  const int number = errno;
  return fail(number == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
              "list " + path.string() + ": " + std::strerror(number));
}

/// Lines of a text that comes in blocks. A line that is too long is handed over as its first part.
class LineSplitter {
 public:
  template <typename Visit>
  void add(std::string_view block, Visit&& visit) {
    while (true) {
      const auto end = block.find('\n');
      if (end == std::string_view::npos) break;
      if (begun_.empty()) {
        visit(block.substr(0, std::min(end, list_line_size_max)));
      } else {
        keep(block.substr(0, end));
        visit(begun_);
        begun_.clear();
      }
      block.remove_prefix(end + 1);
    }
    keep(block);
  }
  template <typename Visit>
  void finish(Visit&& visit) {
    if (!begun_.empty()) visit(begun_);
  }

 private:
  void keep(std::string_view part) {
    begun_.append(part.substr(0, list_line_size_max - std::min(begun_.size(), list_line_size_max)));
  }
  std::string begun_;
};

}  // namespace

Result<std::vector<policy::ZoneState>> stamp_lists(const std::vector<ListFile>& lists) {
  std::vector<policy::ZoneState> zones;
  for (const ListFile& list : lists) {
    struct stat status{};
    if (::stat(list.path.c_str(), &status) != 0) {
      return list_error(list.path);
    }
    const std::uint64_t time_ns =
        static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
        static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    zones.push_back({.name = std::filesystem::absolute(list.path).string(),
                     .source = list.source,
                     .stamp = time_ns ^ (static_cast<std::uint64_t>(status.st_size) << 20)});
  }
  return zones;
}

Result<policy::ListCounts> read_list(const ListFile& list, EditSpool& spool) {
  const FileDescriptor file{::open(list.path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.valid()) return list_error(list.path);
  policy::ListCounts counts;
  std::array<std::uint8_t, policy::key_name_size_max> wire;
  const auto take = [&](std::string_view line) {
    if (const auto name = policy::list_line_name(line, counts, wire)) {
      spool.push_whole(list.source, *name);
    }
  };
  LineSplitter lines;
  std::string block(read_size, '\0');
  for (std::uint64_t size = 0;;) {
    const auto got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return list_error(list.path);
    if (got == 0) break;
    size += static_cast<std::uint64_t>(got);
    if (size > list_size_max) {
      return fail(ErrorCode::limit_exceeded, "list " + list.path.string() + " is too large");
    }
    lines.add(std::string_view{block}.substr(0, static_cast<std::size_t>(got)), take);
  }
  lines.finish(take);
  if (counts.refused() > counts.accepted) {
    return fail(ErrorCode::malformed,
                "list " + list.path.string() + ": " + std::to_string(counts.refused()) +
                    " lines are no domains and " + std::to_string(counts.accepted) + " are",
                "bad_list");
  }
  return counts;
}

}  // namespace khien::resolver
