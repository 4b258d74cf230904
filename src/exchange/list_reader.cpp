#include "exchange/list_reader.h"

#include <numeric>
#include <utility>

#include "exchange/list_formats.h"
#include "text/host.h"
#include "text/utf8.h"

namespace khien::exchange {
namespace {

constexpr std::array<std::string_view, 5> format_words{"hosts", "domains", "adblock", "rpz", "csv"};

constexpr std::array<std::string_view, list_refusal_count> refusal_words{
    "line_too_long",  "bad_syntax",    "not_a_host",   "bad_idna",
    "ip_address",     "single_label",  "local_name",   "other_address",
    "exception_rule", "cosmetic_rule", "rule_options", "pattern_rule",
    "url_path",       "rpz_trigger",   "rpz_action",   "below_only"};

std::unique_ptr<ListReader::LineParser> make_parser(const ListOptions& options) {
  switch (options.format) {
    case ListFormat::hosts: return make_hosts_parser();
    case ListFormat::adblock: return make_adblock_parser();
    case ListFormat::rpz: return make_rpz_parser();
    case ListFormat::csv: return make_csv_parser(options);
    case ListFormat::domains: break;
  }
  return make_domains_parser(options);
}

ListRefusal refusal_of(text::HostError error) noexcept {
  switch (error) {
    case text::HostError::ip_address: return ListRefusal::ip_address;
    case text::HostError::bad_idna: return ListRefusal::bad_idna;
    default: return ListRefusal::not_a_host;
  }
}

}  // namespace

std::string_view to_string(ListFormat format) noexcept {
  return format_words[static_cast<std::size_t>(format)];
}

std::optional<ListFormat> parse_list_format(std::string_view word) noexcept {
  for (std::size_t i = 0; i < format_words.size(); ++i) {
    if (format_words[i] == word) return static_cast<ListFormat>(i);
  }
  return std::nullopt;
}

std::string_view to_string(ListRefusal refusal) noexcept {
  return refusal_words[static_cast<std::size_t>(refusal)];
}

std::uint64_t ListCounts::refused_total() const noexcept {
  return std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
}

std::string_view take_word(std::string_view& line) noexcept {
  const auto start = line.find_first_not_of(" \t");
  if (start == std::string_view::npos) {
    line = {};
    return {};
  }
  line.remove_prefix(start);
  const auto word = line.substr(0, line.find_first_of(" \t"));
  line.remove_prefix(word.size());
  return word;
}

void give_host(std::string_view name, Reach reach, ListCounts& counts, const ListSink& sink) {
  const auto host = text::host_from(name);
  if (!host) return counts.refuse(refusal_of(host.error()));
  if (host->find('.') == std::string::npos) return counts.refuse(ListRefusal::single_label);
  ++counts.entries;
  sink({*host, reach});
}

ListReader::ListReader(ListOptions options, ListSink sink)
    : parser_(make_parser(options)), sink_(std::move(sink)) {}
ListReader::ListReader(ListReader&&) noexcept = default;
ListReader& ListReader::operator=(ListReader&&) noexcept = default;
ListReader::~ListReader() = default;

Result<void> ListReader::read(std::string_view piece) {
  if (failed_) return fail(ErrorCode::conflict, "the list has already failed");
  counts_.octets += piece.size();
  if (counts_.octets > list_size_max) {
    failed_ = true;
    return fail(ErrorCode::limit_exceeded, "list is larger than 1 GiB", "list_too_large");
  }
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const auto part = piece.substr(0, end);
    piece.remove_prefix(end == std::string_view::npos ? piece.size() : end + 1);
    const bool too_long = partial_.size() + part.size() > list_line_max;
    if (too_long) {
      skipping_ = true;
      partial_.clear();
    }
    if (end == std::string_view::npos) {
      if (!skipping_) partial_.append(part);
      break;
    }
    std::string joined;
    std::string_view line = part;
    if (!partial_.empty()) {
      joined = std::exchange(partial_, {});
      line = joined.append(part);
    }
    if (auto taken = take_line(line); !taken) {
      failed_ = true;
      return taken;
    }
  }
  return {};
}

Result<void> ListReader::finish() {
  if (failed_) return fail(ErrorCode::conflict, "the list has already failed");
  if (partial_.empty() && !skipping_) return {};
  const std::string last = std::exchange(partial_, {});
  return take_line(last);
}

Result<void> ListReader::take_line(std::string_view line) {
  if (++counts_.lines > list_lines_max) {
    return fail(ErrorCode::limit_exceeded, "list has too many lines", "list_too_many_lines");
  }
  if (std::exchange(skipping_, false)) {
    counts_.refuse(ListRefusal::line_too_long);
    return {};
  }
  // A byte order mark is no part of the first name.
  if (counts_.lines == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return parser_->parse(line, counts_, sink_);
}

Result<ListCounts> read_list(std::string_view text, const ListOptions& options,
                             const ListSink& sink) {
  ListReader reader{options, sink};
  if (auto read = reader.read(text); !read) return tl::unexpected(std::move(read).error());
  if (auto last = reader.finish(); !last) return tl::unexpected(std::move(last).error());
  return reader.counts();
}

}  // namespace khien::exchange
