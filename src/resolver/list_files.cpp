#include "resolver/list_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace khien::resolver {
namespace {

struct MappedText {
  std::shared_ptr<const void> owner;
  std::string_view text;
};

Result<MappedText> map_list(const std::filesystem::path& path) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status{};
  if (!file.valid() || ::fstat(file.get(), &status) != 0) {
    return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
                "list " + path.string() + ": " + std::strerror(errno));
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > list_size_max) {
    return fail(ErrorCode::limit_exceeded, "list " + path.string() + " is too large");
  }
  if (size == 0) return MappedText{};
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
  if (memory == MAP_FAILED) return fail(ErrorCode::unavailable, "cannot map " + path.string());
  return MappedText{
      .owner = {memory, [size](const void* at) { ::munmap(const_cast<void*>(at), size); }},
      .text = {static_cast<const char*>(memory), size}};
}

}  // namespace

Result<std::vector<policy::ZoneState>> stamp_lists(const std::vector<ListFile>& lists) {
  std::vector<policy::ZoneState> zones;
  for (const ListFile& list : lists) {
    struct stat status{};
    if (::stat(list.path.c_str(), &status) != 0) {
      return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
                  "list " + list.path.string() + ": " + std::strerror(errno));
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

Result<policy::NameTable> compile_lists(const std::vector<ListFile>& lists,
                                        const policy::HashKey& key) {
  std::vector<MappedText> texts;
  std::size_t lines = 0;
  std::size_t octets = 0;
  for (const ListFile& list : lists) {
    auto mapped = map_list(list.path);
    if (!mapped) return tl::unexpected(std::move(mapped).error());
    lines += policy::count_lines(mapped->text);
    octets += mapped->text.size();
    texts.push_back(std::move(*mapped));
  }
  policy::NameTable table{key};
  // A line of text is one octet shorter than the name in wire form.
  table.reserve(lines, octets / std::max<std::size_t>(lines, 1) + 2);
  for (std::size_t i = 0; i < lists.size(); ++i) {
    auto counts = policy::add_list(table, texts[i].text, lists[i].source);
    if (!counts) return propagate(std::move(counts).error(), lists[i].path.string());
    KHIEN_LOG(info, "list_loaded", {"file", lists[i].path.filename().string()},
              {"source", policy::source_id(lists[i].source)}, {"names", counts->accepted},
              {"duplicates", counts->duplicate}, {"bad_names", counts->bad_name},
              {"too_wide", counts->too_wide});
  }
  return table;
}

}  // namespace khien::resolver
