#include "exchange/squid.h"

#include <algorithm>

namespace khien::exchange {
namespace {

std::string_view take_word(std::string_view& line) noexcept {
  while (line.starts_with(' ')) line.remove_prefix(1);
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view word) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const bool coded = word[i] == '%' && 2 < word.size() - i && hex_value(word[i + 1]) >= 0 &&
                       hex_value(word[i + 2]) >= 0;
    if (!coded) {
      out += word[i];
      continue;
    }
    out += static_cast<char>(hex_value(word[i + 1]) * 16 + hex_value(word[i + 2]));
    i += 2;
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return out + "\"";
}

}  // namespace

std::optional<SquidQuestion> read_squid_question(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto word = take_word(line);
  if (word.empty()) return std::nullopt;
  SquidQuestion question;
  auto rest = line;
  const auto next = take_word(rest);
  const bool digits = std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  if (digits && !next.empty()) {
    question.channel = word;
    word = next;
  }
  question.target = decoded(word);
  return question;
}

std::string to_line(const SquidAnswer& answer) {
  std::string line = answer.channel;
  if (!line.empty()) line += ' ';
  line += answer.result == SquidResult::ok    ? "OK"
          : answer.result == SquidResult::err ? "ERR"
                                              : "BH";
  if (!answer.message.empty()) line += " message=" + quoted(answer.message);
  if (!answer.log.empty()) line += " log=" + quoted(answer.log);
  return line + "\n";
}

}  // namespace khien::exchange
