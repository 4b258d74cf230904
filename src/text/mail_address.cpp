#include "text/mail_address.h"

#include <algorithm>

namespace khien::text {

bool is_mail_address(std::string_view address) noexcept {
  const auto at = address.find('@');
  if (address.size() > mail_address_size_max || at == 0 || at == std::string_view::npos)
    return false;
  const auto domain = address.substr(at + 1);
  if (domain.empty() || domain.find('@') != std::string_view::npos) return false;
  return std::all_of(address.begin(), address.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view{"@.!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
  });
}

}  // namespace khien::text
