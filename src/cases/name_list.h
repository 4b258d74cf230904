// Files of names and prefixes that an order must meet first: never-block and popularity lists.
// Reads and checks one file (docs/formats/never-block.md); looking names up is name_index.h. A file
// that breaks the format is refused whole: half a list protects half of what it should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace khien::cases {

constexpr std::size_t name_list_size_max = std::size_t{32} << 20U;  // octets of one file
constexpr std::size_t name_list_names_max = 1'000'000;
constexpr std::size_t name_list_line_max = 512;  // octets

/// How bad it would be to block, in rising order. The words are those of the API.
enum class Severity : std::uint8_t {
  clear,
  info,
  caution,  ///< "note" in list files
  serious,  ///< "escalate": a written reason, and an approver of another unit
  refuse,   ///< cannot be ordered
};

[[nodiscard]] std::string_view to_string(Severity severity) noexcept;

enum class ListKind : std::uint8_t { never_block, popularity, never_block_prefixes };

struct NameListFacts {
  ListKind kind = ListKind::never_block;
  std::string name;
  std::string title_vi;
  std::string title_en;
  std::string owner;
  std::string source;
  std::string licence;
  std::string date;                     // YYYY-MM-DD
  Severity severity = Severity::clear;  // of a listed name
  Severity below = Severity::clear;     // of a name below a listed one
  std::optional<Severity> pages = {};   // of one page on a listed name, where the list says it
  std::int64_t members_of_top = 0;      // popularity: the first N of the source
  bool ranked = false;
};

struct ListedName {
  std::string name;        // or a prefix in its canonical text
  std::uint32_t rank = 0;  // 0 where the list has no ranks
};

struct NameList {
  NameListFacts facts;
  std::vector<ListedName> names;
};

/// malformed with the line, or limit_exceeded.
[[nodiscard]] Result<NameList> parse_name_list(std::string_view content);
/// Also requires that the file is called `<name>.txt`. not_found, and the errors above.
[[nodiscard]] Result<NameList> load_name_list(const std::filesystem::path& path);
/// The text of a list file; parse_name_list() reads it back.
[[nodiscard]] std::string write_name_list(const NameList& list);

/// What `khienctl data import popularity FILE` gives: ranked CSV (`rank,domain` or Majestic's
/// columns with a header line) or one name a line in falling popularity. Names that are no hosts
/// are left out and counted in `left_out`. `facts` comes from the operator; kind, ranked and
/// members_of_top are set here.
struct PopularityImport {
  NameList list;
  std::size_t left_out = 0;
};
[[nodiscard]] Result<PopularityImport> import_popularity(std::string_view csv, NameListFacts facts);

}  // namespace khien::cases
