// Loading what the impact check knows; the rules are in impact.cpp.
#include <algorithm>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "cases/impact.h"
#include "codec/hex.h"
#include "crypto/hash.h"

namespace khien::cases {
namespace {

constexpr std::size_t list_files_max = 200;  // in one folder

Result<std::vector<std::filesystem::path>> text_files(const std::filesystem::path& folder) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at{folder, error}, end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() == ".txt") files.push_back(at->path());
    if (files.size() > list_files_max) {
      return fail(ErrorCode::limit_exceeded, folder.string() + " has too many list files");
    }
  }
  // A folder that is not there has no files; who needs it asks for at least one.
  std::sort(files.begin(), files.end());
  return files;
}

PrefixList prefixes_of(const NameList& list) {
  PrefixList out{.facts = list.facts, .prefixes = {}};
  for (const auto& listed : list.names) {
    if (const auto prefix = text::parse_prefix(listed.name)) out.prefixes.push_back(*prefix);
  }
  return out;
}

}  // namespace

ImpactData::ImpactData(text::PublicSuffixList suffixes, NameIndex index,
                       std::vector<PrefixList> prefixes, std::vector<std::string> own_hosts,
                       std::string version)
    : suffixes_(std::move(suffixes)),
      index_(std::move(index)),
      prefixes_(std::move(prefixes)),
      own_hosts_(std::move(own_hosts)),
      version_(std::move(version)) {}

Result<ImpactData> ImpactData::load(std::span<const std::filesystem::path> folders,
                                    std::vector<std::string> own_hosts) {
  if (folders.empty()) return fail(ErrorCode::invalid_argument, "no data folder given");
  const auto suffix_path = folders[0] / "psl" / "public_suffix_list.dat";
  auto suffixes = text::PublicSuffixList::load(suffix_path);
  if (!suffixes) return propagate(std::move(suffixes).error(), "load the impact data");

  crypto::Sha256 version;
  auto suffix_file = read_file(suffix_path, text::suffix_list_size_max);
  if (!suffix_file) return propagate(std::move(suffix_file).error(), "load the impact data");
  version.update(*suffix_file);

  std::vector<NameList> lists;
  std::vector<PrefixList> prefixes;
  for (const auto& folder : folders) {
    for (const char* part : {"never-block", "never-block-prefixes", "popularity"}) {
      auto files = text_files(folder / part);
      if (!files) return tl::unexpected(std::move(files).error());
      for (const auto& file : *files) {
        auto list = load_name_list(file);
        if (!list) return propagate(std::move(list).error(), "load the impact data");
        version.update(write_name_list(*list));
        if (list->facts.kind == ListKind::never_block_prefixes) {
          prefixes.push_back(prefixes_of(*list));
        } else {
          lists.push_back(std::move(*list));
        }
      }
    }
    if (lists.empty()) {
      return fail(ErrorCode::not_found, "no never-block lists in " + folder.string());
    }
  }
  return ImpactData{std::move(*suffixes), NameIndex{std::move(lists)}, std::move(prefixes),
                    std::move(own_hosts), codec::hex(version.finish())};
}

}  // namespace khien::cases
