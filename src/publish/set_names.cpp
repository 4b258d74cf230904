#include "publish/set_names.h"

#include "publish/address_names.h"
#include "publish/url_names.h"

namespace khien::publish {

SetOf set_of(cases::Scope scope) noexcept {
  if (scope == cases::Scope::url) return SetOf::urls;
  return cases::is_of_names(scope) ? SetOf::names : SetOf::addresses;
}

std::string held_name(SetOf of, std::string_view text) {
  switch (of) {
    case SetOf::names: break;
    case SetOf::addresses: return address_name(text).value_or(std::string{text});
    case SetOf::urls: return url_name(text).value_or(std::string{text});
  }
  return std::string{text};
}

std::string readable_name(std::string_view name) {
  if (auto address = address_text(name)) return std::move(*address);
  return url_text(name).value_or(std::string{name});
}

bool is_name_for(SetOf of, std::string_view name) {
  if (prefix_of_name(name)) return of == SetOf::addresses;
  return url_text(name).has_value() == (of == SetOf::urls) && of != SetOf::addresses;
}

}  // namespace khien::publish
