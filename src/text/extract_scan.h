// The working copy of a text during extraction: one plain character a code point, so that scanning
// is ASCII work, and the way back to what was written. Internal to extract.cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace khien::text {

class ScanText {
 public:
  /// Stands for a letter or digit that has no ASCII form.
  static constexpr char foreign_letter = '\x01';
  /// Stands for any other character that has no ASCII form, such as a curly quote.
  static constexpr char foreign_sign = '\x02';

  /// `text` must be valid UTF-8.
  explicit ScanText(std::string text);

  /// One character a code point: folded ASCII, or one of the two above.
  [[nodiscard]] const std::string& plain() const noexcept { return plain_; }
  [[nodiscard]] std::size_t size() const noexcept { return plain_.size(); }
  /// The character at `index`, or a line feed outside the text.
  [[nodiscard]] char at(std::size_t index) const noexcept {
    return index < plain_.size() ? plain_[index] : '\n';
  }
  /// What was written in [from, to); borrowed.
  [[nodiscard]] std::string_view written(std::size_t from, std::size_t to) const noexcept;

  /// Marks [from, to) as belonging to a found subject; false, and no mark, if part of it is taken.
  bool take(std::size_t from, std::size_t to);
  [[nodiscard]] bool is_taken(std::size_t index) const noexcept {
    return index < taken_.size() && taken_[index];
  }

 private:
  std::string text_;
  std::string plain_;
  std::vector<std::size_t> offset_;  // octet of each code point, and one past the end
  std::vector<bool> taken_;
};

[[nodiscard]] bool is_digit(char c) noexcept;
/// A letter or digit, ASCII or foreign, in plain().
[[nodiscard]] bool is_word(char c) noexcept;

}  // namespace khien::text
