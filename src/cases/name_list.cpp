#include "cases/name_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/file.h"
#include "text/host.h"
#include "text/ip_prefix.h"
#include "text/utf8.h"

namespace khien::cases {
namespace {

constexpr std::string_view never_block_mark = "# khien never-block list, format 1";
constexpr std::string_view prefixes_mark = "# khien never-block prefixes, format 1";
constexpr std::string_view popularity_mark = "# khien popularity list, format 1";

std::string_view mark_of(ListKind kind) noexcept {
  switch (kind) {
    case ListKind::never_block: return never_block_mark;
    case ListKind::popularity: return popularity_mark;
    case ListKind::never_block_prefixes: return prefixes_mark;
  }
  return {};
}

struct Line {
  std::string_view text;
  std::size_t number;
};

// Calls use(Line) for each line until it fails.
template <typename Use>
Result<void> for_each_line(std::string_view content, Use use) {
  for (std::size_t number = 1; !content.empty(); ++number) {
    const auto end = content.find('\n');
    auto text = content.substr(0, end);
    content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.size() > name_list_line_max) {
      return fail(ErrorCode::limit_exceeded, "line " + std::to_string(number) + " is too long");
    }
    if (auto used = use(Line{text, number}); !used) return used;
  }
  return {};
}

tl::unexpected<Error> bad_line(const Line& line, std::string_view why) {
  return fail(ErrorCode::malformed,
              "line " + std::to_string(line.number) + " of a name list: " + std::string{why});
}

template <typename Number>
std::optional<Number> number_from(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Severity> parse_list_severity(std::string_view word) noexcept {
  if (word == "refuse") return Severity::refuse;
  if (word == "escalate") return Severity::serious;
  if (word == "note") return Severity::caution;
  if (word == "none") return Severity::clear;
  return std::nullopt;
}

std::string_view list_word(Severity severity) noexcept {
  switch (severity) {
    case Severity::refuse: return "refuse";
    case Severity::serious: return "escalate";
    case Severity::caution: return "note";
    default: return "none";
  }
}

bool is_date(std::string_view text) noexcept {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
}

Result<void> read_header(const Line& line, NameListFacts& facts, std::set<std::string>& seen) {
  const auto colon = line.text.find(": ");
  if (!line.text.starts_with("# ") || colon == std::string_view::npos) return {};  // a remark
  const std::string key{line.text.substr(2, colon - 2)};
  const auto value = line.text.substr(colon + 2);
  const std::array<std::pair<std::string_view, std::string*>, 7> texts{
      {{"name", &facts.name},
       {"title-vi", &facts.title_vi},
       {"title-en", &facts.title_en},
       {"owner", &facts.owner},
       {"source", &facts.source},
       {"licence", &facts.licence},
       {"date", &facts.date}}};
  const auto* const text = std::find_if(texts.begin(), texts.end(),
                                        [&key](const auto& known) { return known.first == key; });
  if (text != texts.end()) {
    *text->second = std::string{value};
  } else if (key == "severity" || key == "below" || key == "pages") {
    const auto severity = parse_list_severity(value);
    if (!severity) return bad_line(line, "unknown severity");
    if (key == "pages") {
      if (facts.kind != ListKind::never_block) return bad_line(line, "pages of no names");
      facts.pages = *severity;
    } else {
      (key == "severity" ? facts.severity : facts.below) = *severity;
    }
  } else if (key == "members-of-top") {
    const auto count = number_from<std::int64_t>(value);
    if (!count || *count <= 0) return bad_line(line, "members-of-top is no number");
    facts.members_of_top = *count;
  } else if (key == "ranked") {
    facts.ranked = value == "yes";
  } else {
    return bad_line(line, "unknown header key");
  }
  if (!seen.insert(key).second) return bad_line(line, "header key given twice");
  return {};
}

Result<void> check_header(const NameListFacts& facts, const std::set<std::string>& seen) {
  std::vector<std::string> wanted{"name",   "title-vi", "title-en", "owner",
                                  "source", "licence",  "date"};
  if (facts.kind == ListKind::never_block) {
    wanted.insert(wanted.end(), {"severity", "below"});
  } else if (facts.kind == ListKind::popularity) {
    wanted.insert(wanted.end(), {"members-of-top", "ranked"});
  } else {
    wanted.emplace_back("severity");
  }
  for (const auto& key : wanted) {
    if (!seen.contains(key)) return fail(ErrorCode::malformed, "name list without header " + key);
  }
  if (!is_date(facts.date)) return fail(ErrorCode::malformed, "name list with a bad date");
  if (facts.kind != ListKind::popularity && facts.severity == Severity::clear) {
    return fail(ErrorCode::malformed, "a never-block list needs a severity");
  }
  return {};
}

Result<void> keep(ListedName listed, NameList& list) {
  if (list.names.size() == name_list_names_max) {
    return fail(ErrorCode::limit_exceeded, "name list with too many names");
  }
  list.names.push_back(std::move(listed));
  return {};
}

Result<void> read_prefix(const Line& line, NameList& list) {
  const auto prefix = text::parse_prefix(line.text);
  if (!prefix || text::to_string(*prefix) != line.text) return bad_line(line, "no prefix");
  // Half of all addresses: such a line would refuse every order.
  if (prefix->length < 2) return bad_line(line, "a prefix that is too wide");
  return keep({.name = std::string{line.text}}, list);
}

Result<void> read_name(const Line& line, NameList& list) {
  if (list.facts.kind == ListKind::never_block_prefixes) return read_prefix(line, list);
  ListedName listed;
  auto name = line.text;
  if (list.facts.ranked) {
    const auto comma = name.find(',');
    const auto rank = number_from<std::uint32_t>(name.substr(0, comma));
    if (comma == std::string_view::npos || !rank || *rank == 0) return bad_line(line, "no rank");
    listed.rank = *rank;
    name.remove_prefix(comma + 1);
  }
  auto host = text::host_from(name);
  if (!host || *host != name) return bad_line(line, "not a normalised host name");
  // A bare top-level name would protect, or make popular, everything below it.
  if (host->find('.') == std::string::npos) return bad_line(line, "a name of one label");
  listed.name = std::move(*host);
  return keep(std::move(listed), list);
}

// The column that holds the name: the first field that is a host with a dot.
std::optional<std::string> host_of_csv(std::string_view line) {
  while (true) {
    const auto comma = line.find(',');
    auto field = text::trim(line.substr(0, comma));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
      field = field.substr(1, field.size() - 2);
    }
    auto host = text::host_from(field);
    if (host && host->find('.') != std::string::npos) return std::move(*host);
    if (comma == std::string_view::npos) return std::nullopt;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  constexpr std::array<std::string_view, 5> words{"clear", "info", "caution", "serious", "refuse"};
  return words[static_cast<std::size_t>(severity)];
}

Result<NameList> parse_name_list(std::string_view content) {
  if (content.size() > name_list_size_max) {
    return fail(ErrorCode::limit_exceeded, "name list is too large");
  }
  NameList list;
  std::set<std::string> seen;
  bool in_header = true;
  auto read = for_each_line(content, [&](const Line& line) -> Result<void> {
    if (line.number == 1) {
      for (const auto kind :
           {ListKind::never_block, ListKind::popularity, ListKind::never_block_prefixes}) {
        list.facts.kind = kind;
        if (line.text == mark_of(kind)) return {};
      }
      return bad_line(line, "not a name list of format 1");
    }
    if (line.text.starts_with('#')) {
      return in_header ? read_header(line, list.facts, seen) : Result<void>{};
    }
    if (line.text.empty()) return {};
    in_header = false;
    return read_name(line, list);
  });
  if (!read) return tl::unexpected(std::move(read).error());
  if (auto checked = check_header(list.facts, seen); !checked) {
    return tl::unexpected(std::move(checked).error());
  }
  return list;
}

Result<NameList> load_name_list(const std::filesystem::path& path) {
  auto content = read_file(path, name_list_size_max);
  if (!content) return propagate(std::move(content).error(), "load a name list");
  auto list = parse_name_list(as_text(*content));
  if (!list) return propagate(std::move(list).error(), path.filename().string());
  if (path.filename().string() != list->facts.name + ".txt") {
    return fail(ErrorCode::malformed,
                path.filename().string() + " names itself " + list->facts.name + " in its header");
  }
  return list;
}

std::string write_name_list(const NameList& list) {
  const NameListFacts& facts = list.facts;
  std::string out{mark_of(facts.kind)};
  const auto header = [&out](std::string_view key, std::string_view value) {
    out.append("\n# ").append(key).append(": ").append(value);
  };
  header("name", facts.name);
  header("title-vi", facts.title_vi);
  header("title-en", facts.title_en);
  header("owner", facts.owner);
  header("source", facts.source);
  header("licence", facts.licence);
  header("date", facts.date);
  if (facts.kind == ListKind::popularity) {
    header("members-of-top", std::to_string(facts.members_of_top));
    header("ranked", facts.ranked ? "yes" : "no");
  } else {
    header("severity", list_word(facts.severity));
    if (facts.kind == ListKind::never_block) header("below", list_word(facts.below));
    if (facts.pages) header("pages", list_word(*facts.pages));
  }
  out.push_back('\n');
  for (const auto& listed : list.names) {
    if (facts.ranked) out.append(std::to_string(listed.rank)).push_back(',');
    out.append(listed.name).push_back('\n');
  }
  return out;
}

Result<PopularityImport> import_popularity(std::string_view csv, NameListFacts facts) {
  if (csv.size() > name_list_size_max) {
    return fail(ErrorCode::limit_exceeded, "popularity file is too large");
  }
  PopularityImport result;
  result.list.facts = std::move(facts);
  result.list.facts.kind = ListKind::popularity;
  result.list.facts.ranked = true;
  std::set<std::string> seen;
  auto read = for_each_line(csv, [&](const Line& line) -> Result<void> {
    if (text::trim(line.text).empty() || line.text.starts_with('#')) return {};
    auto host = host_of_csv(line.text);
    if (!host || !seen.insert(*host).second) {
      ++result.left_out;  // also the header line of a CSV file
      return {};
    }
    if (result.list.names.size() == name_list_names_max) {
      return fail(ErrorCode::limit_exceeded, "popularity file with too many names");
    }
    // A file in falling order is its own ranking; a rank column that agrees adds nothing.
    const auto column = number_from<std::uint32_t>(line.text.substr(0, line.text.find(',')));
    const auto place = static_cast<std::uint32_t>(result.list.names.size() + 1);
    result.list.names.push_back({std::move(*host), column.value_or(place)});
    return {};
  });
  if (!read) return tl::unexpected(std::move(read).error());
  if (result.list.names.empty()) return fail(ErrorCode::malformed, "no names in popularity file");
  result.list.facts.members_of_top = static_cast<std::int64_t>(result.list.names.size());
  return result;
}

}  // namespace khien::cases
