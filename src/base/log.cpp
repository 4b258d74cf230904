#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>

#include "base/guarded.h"

namespace khien {
namespace {

constexpr int lines_per_second_max = 100;  // per event word
constexpr std::size_t events_max = 1'000;  // event words are code, so this is a bug's limit

std::atomic<LogLevel> level_now{LogLevel::info};

struct Budget {
  std::int64_t second = 0;
  int lines = 0;
  std::int64_t suppressed = 0;
};

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("khien",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::info);
    auto format = std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                                                              spdlog::pattern_time_type::utc);
    made->set_formatter(std::move(format));
    return made;
  }();
  return *instance;
}

/// How many lines of `event` were left out before this one, or -1 to leave this one out too.
std::int64_t admit(std::string_view event) {
  static Guarded<std::map<std::string, Budget, std::less<>>> budgets;
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::steady_clock::now().time_since_epoch())
                          .count();
  auto all = budgets.lock();
  auto found = all->find(event);
  if (found == all->end()) {
    if (all->size() >= events_max) return -1;
    found = all->emplace(std::string{event}, Budget{}).first;
  }
  Budget& budget = found->second;
  if (budget.second != second) {
    budget.second = second;
    budget.lines = 0;
  }
  if (budget.lines >= lines_per_second_max) {
    ++budget.suppressed;
    return -1;
  }
  ++budget.lines;
  return std::exchange(budget.suppressed, 0);
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

void set_log_level(LogLevel level) noexcept { level_now.store(level); }
LogLevel log_level() noexcept { return level_now.load(std::memory_order_relaxed); }

void write_log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const std::int64_t suppressed = admit(event);
  if (suppressed < 0) return;
  std::string line{event};
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_quoted(line, field.value);
  }
  if (suppressed > 0) line += fmt::format(" suppressed=\"{}\"", suppressed);
  logger().log(to_spdlog(level), line);
}

}  // namespace khien
