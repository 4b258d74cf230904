#include "cases/number.h"

#include <fmt/format.h>

#include "cases/calendar.h"

namespace khien::cases {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr int modulus = 36;
constexpr std::size_t number_size_max = 32;

constexpr std::string_view sql_next = R"(
INSERT INTO number_series (series, prefix, year, used) VALUES ($1, $2, $3, 1)
ON CONFLICT (series, prefix, year) DO UPDATE SET used = number_series.used + 1
RETURNING used)";

std::string_view letter_of(Series series) noexcept {
  switch (series) {
    case Series::cases: return "";
    case Series::orders: return "L";
    case Series::appeals: return "K";
  }
  return "";
}

std::string_view name_of(Series series) noexcept {
  switch (series) {
    case Series::cases: return "case";
    case Series::orders: return "order";
    case Series::appeals: return "appeal";
  }
  return "";
}

}  // namespace

char check_character(std::string_view text) noexcept {
  // ISO/IEC 7064, hybrid system: product runs modulo 37, sums modulo 36.
  int product = modulus;
  for (const char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) continue;
    int sum = (product + static_cast<int>(value)) % modulus;
    if (sum == 0) sum = modulus;
    product = sum * 2 % (modulus + 1);
  }
  return alphabet[static_cast<std::size_t>((modulus + 1 - product) % modulus)];
}

std::string format_number(const NumberParts& parts) {
  auto text = fmt::format("{}-{:02}-{}{:06}", parts.prefix, parts.year % 100,
                          letter_of(parts.series), parts.count);
  const char check = check_character(text);
  return text + '-' + check;
}

std::optional<std::string> read_number(std::string_view written) {
  if (written.size() > number_size_max) return std::nullopt;
  std::string plain;
  for (const char c : written) {
    const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (alphabet.find(upper) != std::string_view::npos) {
      plain += upper;
    } else if (c != '-' && c != ' ' && c != '.') {
      return std::nullopt;
    }
  }
  // From the back: check character, six digits, perhaps a letter, two digits of the year, prefix.
  if (plain.size() < 1 + 2 + 6 + 1) return std::nullopt;
  const char check = plain.back();
  plain.pop_back();
  if (check_character(plain) != check) return std::nullopt;
  const auto is_letter = [&](std::size_t at) { return plain[at] >= 'A'; };
  std::size_t count_at = plain.size() - 6;
  for (std::size_t i = count_at; i < plain.size(); ++i) {
    if (is_letter(i)) return std::nullopt;
  }
  // A letter directly before the count belongs to the series; the year stands before it.
  const std::size_t year_end = is_letter(count_at - 1) ? count_at - 1 : count_at;
  if (year_end < 3 || is_letter(year_end - 1) || is_letter(year_end - 2)) return std::nullopt;
  const std::string_view all{plain};
  return fmt::format("{}-{}-{}-{}", all.substr(0, year_end - 2), all.substr(year_end - 2, 2),
                     all.substr(year_end), check);
}

Result<std::string> next_number(store::Transaction& tx, Series series, std::string_view prefix,
                                InstantMs now_ms) {
  const int year = vietnam_year(now_ms);
  auto row = tx.query_one(sql_next, {name_of(series), prefix, year});
  if (!row) return propagate(std::move(row).error(), "take a number");
  if (!row->has_value()) return fail(ErrorCode::internal, "a series gave no number");
  const auto count = (*row)->integer(0);
  if (count > series_count_max) {
    return fail(ErrorCode::limit_exceeded, "the numbers of the year are used up",
                "numbers_used_up");
  }
  return format_number({.prefix = prefix, .year = year, .series = series, .count = count});
}

}  // namespace khien::cases
