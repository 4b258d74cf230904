// CSV (RFC 4180 without line breaks inside quotes): one column holds a host or an address of a
// whole site.
#include <charconv>
#include <vector>

#include "exchange/list_formats.h"
#include "text/url.h"
#include "text/utf8.h"

namespace khien::exchange {
namespace {

constexpr std::size_t columns_max = 256;

// The fields of one line; nullopt if a quote does not close.
std::optional<std::vector<std::string>> split(std::string_view line, char delimiter) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c != '"') {
        fields.back().push_back(c);
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        fields.back().push_back('"');
        ++i;
      } else {
        quoted = false;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == delimiter) {
      if (fields.size() == columns_max) return std::nullopt;
      fields.emplace_back();
    } else {
      fields.back().push_back(c);
    }
  }
  if (quoted) return std::nullopt;
  return fields;
}

class CsvParser final : public ListReader::LineParser {
 public:
  explicit CsvParser(const ListOptions& options)
      : delimiter_(options.csv_delimiter),
        plain_(options.plain_scope == cases::Scope::host ? Reach::host : Reach::domain),
        wanted_(options.csv_column) {
    std::size_t index = 0;
    const char* const end = wanted_.data() + wanted_.size();
    const auto [stop, error] = std::from_chars(wanted_.data(), end, index);
    if (error == std::errc{} && stop == end) column_ = index;
  }

  Result<void> parse(std::string_view line, ListCounts& counts, const ListSink& sink) override {
    if (text::trim(line).empty() || line.starts_with('#')) return {};
    const auto fields = split(line, delimiter_);
    if (!column_) return read_header(fields);
    if (!fields || *column_ >= fields->size()) {
      counts.refuse(ListRefusal::bad_syntax);
      return {};
    }
    value(text::trim((*fields)[*column_]), counts, sink);
    return {};
  }

 private:
  Result<void> read_header(const std::optional<std::vector<std::string>>& fields) {
    for (std::size_t i = 0; fields && i < fields->size(); ++i) {
      if (text::ascii_lower(text::trim((*fields)[i])) == text::ascii_lower(wanted_)) {
        column_ = i;
        return {};
      }
    }
    return fail(ErrorCode::malformed, "the CSV header has no column " + wanted_, "csv_column");
  }

  void value(std::string_view written, ListCounts& counts, const ListSink& sink) const {
    if (written.find('/') == std::string_view::npos)
      return give_host(written, plain_, counts, sink);
    const auto url = text::read_url(written);
    if (!url) return counts.refuse(ListRefusal::not_a_host);
    if (url->host_is_ip) return counts.refuse(ListRefusal::ip_address);
    // A page of a site is not the site: blocking the host for it would be our decision, not theirs.
    if (url->path != "/" || !url->query.empty()) return counts.refuse(ListRefusal::url_path);
    give_host(url->host, plain_, counts, sink);
  }

  char delimiter_;
  Reach plain_;
  std::string wanted_;
  std::optional<std::size_t> column_;
};

}  // namespace

std::unique_ptr<ListReader::LineParser> make_csv_parser(const ListOptions& options) {
  return std::make_unique<CsvParser>(options);
}

}  // namespace khien::exchange
