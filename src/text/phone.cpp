#include "text/phone.h"

#include "text/utf8.h"

namespace khien::text {
namespace {

constexpr std::size_t written_size_max = 40;
constexpr std::size_t e164_digits_max = 15;

// The digits after +84 of a mobile, fixed or service number.
bool is_vietnamese_national(std::string_view digits) noexcept {
  if (digits.empty()) return false;
  switch (digits[0]) {
    case '3':
    case '5':
    case '7':
    case '8':
    case '9': return digits.size() == 9;
    case '2': return digits.size() == 10;
    case '1':  // 1800 and 1900 services, 4 to 6 more digits
      return (digits.starts_with("1800") || digits.starts_with("1900")) && digits.size() >= 8 &&
             digits.size() <= 10;
    default: return false;
  }
}

std::optional<std::string> vietnamese(std::string_view digits) {
  if (digits.starts_with('0')) digits.remove_prefix(1);  // +84 (0) 912…
  if (!is_vietnamese_national(digits)) return std::nullopt;
  return "+84" + std::string{digits};
}

}  // namespace

std::optional<std::string> phone_to_e164(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.size() > written_size_max) return std::nullopt;
  bool international = text[0] == '+';
  std::string digits;
  for (const char c : text.substr(international ? 1 : 0)) {
    if (c >= '0' && c <= '9') {
      digits.push_back(c);
    } else if (std::string_view{" .-()"}.find(c) == std::string_view::npos) {
      return std::nullopt;
    }
  }
  if (!international && digits.starts_with("00")) {
    international = true;
    digits.erase(0, 2);
  }
  if (international) {
    if (digits.starts_with("84")) return vietnamese(std::string_view{digits}.substr(2));
    if (digits.size() < 8 || digits.size() > e164_digits_max || digits[0] == '0') {
      return std::nullopt;
    }
    return "+" + digits;
  }
  if (digits.starts_with('0')) {
    // A national number with its trunk 0; services have none.
    const auto national = std::string_view{digits}.substr(1);
    return national.starts_with('1') ? std::nullopt : vietnamese(national);
  }
  if (digits.starts_with("84")) {
    const auto national = std::string_view{digits}.substr(2);
    if (is_vietnamese_national(national)) return "+84" + std::string{national};
  }
  if (digits.starts_with('1')) return vietnamese(digits);
  return std::nullopt;
}

}  // namespace khien::text
