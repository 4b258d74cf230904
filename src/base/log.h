// Structured log lines on standard error: an event word and fields. Hold ids, counts and durations;
// never message text, names of persons, phone numbers, codes or full client addresses.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace khien {

enum class LogLevel { debug, info, warning, error };

/// A field of a log line. Text is quoted and control characters are escaped, so that no input can
/// forge a line.
struct LogField {
  std::string_view key;
  std::string value;
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  template <typename Number>
    requires(std::is_arithmetic_v<Number>)
  LogField(std::string_view k, Number v) : key(k), value(std::to_string(v)) {}
};

/// Below this level nothing is written; info at start. Any thread.
void set_log_level(LogLevel level) noexcept;
[[nodiscard]] LogLevel log_level() noexcept;

/// Writes `time level event key="value" …`. At most 100 lines a second for each event word; what is
/// left out is counted in the next line that passes as `suppressed`. Any thread.
void write_log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields);

}  // namespace khien

#define KHIEN_LOG(level, event, ...)                                      \
  do {                                                                    \
    if (::khien::log_level() <= ::khien::LogLevel::level)                 \
      ::khien::write_log(::khien::LogLevel::level, event, {__VA_ARGS__}); \
  } while (false)
