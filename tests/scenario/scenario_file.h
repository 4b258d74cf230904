// A scenario file (tests/scenario/README.md) as statements: a line of words, and the indented lines
// below it. What the words mean is for the worlds that run them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace khien::scenario {

struct Line {
  std::size_t number = 0;  ///< in the file, from 1
  std::vector<std::string> words;

  /// The words from `index` on with single spaces between them.
  [[nodiscard]] std::string rest(std::size_t index) const;
};

struct Statement {
  Line line;
  std::vector<Line> details;
};

/// What did not come as the file says, each with its line.
class Failures {
 public:
  void add(const Line& line, std::string what);
  /// Beyond this many a file tells nothing new.
  [[nodiscard]] bool full() const noexcept { return texts_.size() >= failures_max; }
  /// "12: expected NXDOMAIN, got NOERROR"
  [[nodiscard]] const std::vector<std::string>& texts() const noexcept { return texts_; }

 private:
  static constexpr std::size_t failures_max = 20;
  std::vector<std::string> texts_;
};

/// Blank lines and what follows `#` at the start of a word are left out.
[[nodiscard]] std::vector<Statement> read_statements(std::string_view text, Failures& failures);

/// "90s", "50ms", "4h", "7d" in milliseconds, or -1.
[[nodiscard]] std::int64_t duration_ms(std::string_view text);

}  // namespace khien::scenario
