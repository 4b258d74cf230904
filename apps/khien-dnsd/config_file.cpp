#include "config_file.h"

#include <algorithm>
#include <optional>

namespace khien::dnsd {
namespace {

constexpr std::string_view key_octets = "abcdefghijklmnopqrstuvwxyz0123456789-_";

/// Reads `text` from left to right and knows the line it is in.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const noexcept { return text_.empty(); }
  [[nodiscard]] char next() const noexcept { return text_.empty() ? '\n' : text_.front(); }
  [[nodiscard]] std::size_t line() const noexcept { return line_; }
  [[nodiscard]] tl::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorCode::malformed, "line " + std::to_string(line_) + ": " + std::string{what});
  }

  void skip() noexcept {
    if (text_.empty()) return;
    if (text_.front() == '\n') ++line_;
    text_.remove_prefix(1);
  }
  void skip_blanks() noexcept {
    while (!at_end() && (next() == ' ' || next() == '\t' || next() == '\r')) skip();
  }
  void skip_comment() noexcept {
    if (next() != '#') return;
    while (!at_end() && next() != '\n') skip();
  }
  /// Blanks, comments and the ends of lines.
  void skip_gap() noexcept {
    for (skip_blanks(); !at_end() && (next() == '#' || next() == '\n'); skip_blanks()) {
      skip_comment();
      if (next() == '\n') skip();
    }
  }
  std::string word() {
    const auto size = std::min(text_.find_first_not_of(key_octets), text_.size());
    std::string word{text_.substr(0, size)};
    text_.remove_prefix(size);
    return word;
  }

 private:
  std::string_view text_;
  std::size_t line_ = 1;
};

Result<std::string> read_text(Scanner& in) {
  const char quote = in.next();
  std::string text;
  for (in.skip(); in.next() != quote; in.skip()) {
    if (in.next() == '\n') return in.error("a text does not end on its line");
    if (quote == '"' && in.next() == '\\') {
      in.skip();
      // The two escapes that paths and names may need; the rest of TOML's are refused.
      if (in.next() != '\\' && in.next() != '"') return in.error("only \\\\ and \\\" are escapes");
    }
    text += in.next();
  }
  in.skip();
  return text;
}

Result<std::string> read_scalar(Scanner& in) {
  if (in.next() == '"' || in.next() == '\'') return read_text(in);
  std::string word = in.word();
  const bool number =
      !word.empty() && std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  if (!number && word != "true" && word != "false") {
    return in.error("a value is \"text\", a whole number, true, false, or an array of them");
  }
  return word;
}

Result<std::vector<std::string>> read_array(Scanner& in) {
  std::vector<std::string> values;
  in.skip();
  for (in.skip_gap(); in.next() != ']'; in.skip_gap()) {
    if (in.at_end()) return in.error("an array does not end");
    auto value = read_scalar(in);
    if (!value) return tl::unexpected(std::move(value).error());
    values.push_back(std::move(*value));
    in.skip_gap();
    if (in.next() == ',') {
      in.skip();
    } else if (in.next() != ']') {
      return in.error("between the values of an array stands a comma");
    }
  }
  in.skip();
  return values;
}

Result<ConfigEntry> read_entry(Scanner& in) {
  ConfigEntry entry{.key = {}, .values = {}, .line = in.line()};
  if (in.next() == '[') return in.error("there are no [tables]: every key stands by itself");
  entry.key = in.word();
  if (entry.key.empty()) return in.error("a line is key = value");
  in.skip_blanks();
  if (in.next() != '=') return in.error("after " + entry.key + " comes =");
  in.skip();
  in.skip_blanks();
  if (in.next() == '[') {
    auto values = read_array(in);
    if (!values) return tl::unexpected(std::move(values).error());
    entry.values = std::move(*values);
  } else {
    auto value = read_scalar(in);
    if (!value) return tl::unexpected(std::move(value).error());
    entry.values.push_back(std::move(*value));
  }
  in.skip_blanks();
  in.skip_comment();
  if (in.next() != '\n') return in.error("after the value of " + entry.key + " comes nothing");
  return entry;
}

}  // namespace

Result<std::vector<ConfigEntry>> parse_config(std::string_view text) {
  std::vector<ConfigEntry> entries;
  Scanner in{text};
  for (in.skip_gap(); !in.at_end(); in.skip_gap()) {
    auto entry = read_entry(in);
    if (!entry) return tl::unexpected(std::move(entry).error());
    const auto before = std::ranges::find(entries, entry->key, &ConfigEntry::key);
    if (before != entries.end()) {
      return fail(ErrorCode::malformed, "line " + std::to_string(entry->line) + ": " + entry->key +
                                            " stands in line " + std::to_string(before->line) +
                                            " already; several values are an array");
    }
    entries.push_back(std::move(*entry));
  }
  return entries;
}

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  const auto refuse = [](const std::string& why) -> CLI::ConversionError {
    return {why, "configuration file"};
  };
  std::string text(config_size_max + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(input.gcount()));
  if (text.size() > config_size_max) throw refuse("it is larger than 1 MiB");
  auto entries = parse_config(text);
  if (!entries) throw refuse(entries.error().message);
  std::vector<CLI::ConfigItem> given;
  for (ConfigEntry& entry : *entries) {
    const CLI::Option* option = app_.get_option_no_throw("--" + entry.key);
    if (option == nullptr || !option->get_configurable()) {
      throw refuse("line " + std::to_string(entry.line) + ": there is no option " + entry.key);
    }
    if (entry.values.size() > 1 && option->get_items_expected_max() == 1) {
      throw refuse("line " + std::to_string(entry.line) + ": " + entry.key + " takes one value");
    }
    CLI::ConfigItem item;
    item.name = std::move(entry.key);
    item.inputs = std::move(entry.values);
    if (item.inputs.empty()) item.inputs.emplace_back("{}");  // CLI11's empty vector
    given.push_back(std::move(item));
  }
  return given;
}

}  // namespace khien::dnsd
