#include "scenario_file.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <sstream>
#include <utility>

namespace khien::scenario {

std::string Line::rest(std::size_t index) const {
  std::string out;
  for (; index < words.size(); ++index) {
    if (!out.empty()) out += ' ';
    out += words[index];
  }
  return out;
}

void Failures::add(const Line& line, std::string what) {
  if (!full()) texts_.push_back(std::to_string(line.number) + ": " + std::move(what));
}

std::vector<Statement> read_statements(std::string_view text, Failures& failures) {
  std::vector<Statement> statements;
  std::istringstream lines{std::string{text}};
  std::string content;
  for (std::size_t number = 1; std::getline(lines, content); ++number) {
    Line line{.number = number, .words = {}};
    std::istringstream words{content};
    for (std::string word; words >> word && !word.starts_with('#');) line.words.push_back(word);
    if (line.words.empty()) continue;
    const bool is_detail = content.starts_with(' ') || content.starts_with('\t');
    if (!is_detail) {
      statements.push_back({.line = std::move(line), .details = {}});
    } else if (statements.empty()) {
      failures.add(line, "an indented line belongs below a statement");
    } else {
      statements.back().details.push_back(std::move(line));
    }
  }
  return statements;
}

std::int64_t duration_ms(std::string_view text) {
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return -1;
  const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
      {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  for (const auto& [name, factor] : units) {
    if (unit == name) return value * factor;
  }
  return -1;
}

}  // namespace khien::scenario
