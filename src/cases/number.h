// Numbers for the telephone: `NB-26-004217-K` is case 4217 of 2026. The last character checks the
// rest (ISO/IEC 7064 MOD 37,36), so that a digit heard wrongly or two swapped are found at once. A
// number is not a secret and opens nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "store/executor.h"

namespace khien::cases {

/// Which records count together. The letter stands before the count and keeps the series apart.
enum class Series : std::uint8_t {
  cases,    ///< NB-26-004217-K
  orders,   ///< NB-26-L004217-K, lệnh
  appeals,  ///< NB-26-K004217-K, khiếu nại
};

constexpr std::int64_t series_count_max = 999'999;  // a year

struct NumberParts {
  std::string_view prefix;  ///< 1 to 6 letters A-Z or digits: settings.h
  int year;                 ///< four digits; the last two are written
  Series series;
  std::int64_t count;  ///< 1..series_count_max
};

[[nodiscard]] std::string format_number(const NumberParts& parts);

/// The check character over the letters and digits of `text`; everything else is skipped.
[[nodiscard]] char check_character(std::string_view text) noexcept;

/// `written` in the form of format_number(), whatever its case and spacing; nullopt where the check
/// character does not fit.
[[nodiscard]] std::optional<std::string> read_number(std::string_view written);

/// The next number of `series` in the year of `now_ms`, in Vietnam. limit_exceeded, reason
/// "numbers_used_up", past series_count_max. Two transactions never get the same; one that rolls
/// back gives its number back.
[[nodiscard]] Result<std::string> next_number(store::Transaction& tx, Series series,
                                              std::string_view prefix, InstantMs now_ms);

}  // namespace khien::cases
