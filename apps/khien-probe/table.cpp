#include "table.h"

#include <algorithm>

#include "probe/finding.h"

namespace khien::probe_program {
namespace {

constexpr std::size_t name_width = 44;
constexpr std::size_t word_width = 14;

void add_padded(std::string& line, std::string_view text, std::size_t width) {
  line += text;
  line.append(text.size() < width ? width - text.size() : 1, ' ');
}

std::string said(const probe::Told& told) {
  if (!told) return std::string{to_string(told.error())};
  std::string words = "rcode " + std::to_string(told->rcode) + ", " +
                      std::to_string(told->answer_count) + " answers";
  if (told->extended_error) words += ", EDE " + std::to_string(*told->extended_error);
  if (told->rpz_soa) words += ", policy SOA";
  return words + ", " + std::to_string(told->took_ms) + " ms";
}

}  // namespace

std::string table_of(const probe::Work& work, const probe::Statement& statement) {
  std::string out;
  for (const auto& resolver : statement.resolvers) {
    out += "resolver " + to_string(resolver.resolver) + ": " +
           std::string{to_string(probe::judge_line(resolver))} + "\n";
    for (std::size_t i = 0; i < resolver.names.size() && i < work.names.size(); ++i) {
      const auto& told = resolver.names[i];
      const bool has_control = statement.control && i < statement.control->names.size();
      const auto finding =
          probe::judge_name({.expected = work.names[i].expected,
                             .told = &told,
                             .control = has_control ? &statement.control->names[i] : nullptr});
      std::string line = "  ";
      add_padded(line, told.name, name_width);
      add_padded(line, to_string(work.names[i].expected), word_width);
      add_padded(line, to_string(finding), word_width);
      out += line + said(told.told) + "\n";
    }
  }
  if (statement.resolvers.empty()) out += "no resolver is entered for this probe's provider\n";
  return out;
}

}  // namespace khien::probe_program
