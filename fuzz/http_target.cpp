// parse_target(), parse_form() and parse_cookies() on any octets.
#include "base/assert.h"
#include "http/target.h"

using namespace khien;

namespace {

void check_path(std::string_view path) {
  KHIEN_ASSERT(path.starts_with('/'));
  KHIEN_ASSERT(path.find("//") == std::string_view::npos);
  KHIEN_ASSERT(path.find('\\') == std::string_view::npos);
  KHIEN_ASSERT(path.find('\0') == std::string_view::npos);
  KHIEN_ASSERT(path.find("/../") == std::string_view::npos && !path.ends_with("/.."));
  KHIEN_ASSERT(path.find("/./") == std::string_view::npos && !path.ends_with("/."));
}

/// Written again and read again it is the same.
void check_form(const http::Fields& fields) {
  KHIEN_ASSERT(fields.size() <= http::form_fields_max);
  std::string text;
  for (const auto& [name, value] : fields) {
    text += http::percent_encode(name) + "=" + http::percent_encode(value) + "&";
  }
  const auto again = http::parse_form(text);
  KHIEN_ASSERT(again.has_value() && *again == fields);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = as_text(Bytes{data, size});
  if (const auto target = http::parse_target(text)) {
    check_path(target->path);
    check_form(target->query);
  }
  if (const auto form = http::parse_form(text)) check_form(*form);
  KHIEN_ASSERT(http::parse_cookies(text).size() <= http::cookies_max);
  return 0;
}
