#include "publish/url_names.h"

#include <algorithm>

#include "base/bytes.h"
#include "cases/url_target.h"
#include "codec/base32.h"
#include "dns/name.h"

namespace khien::publish {
namespace {

constexpr std::string_view url_suffix = ".url";
constexpr std::string_view separator = "._.";
constexpr std::size_t label_max = 63;

/// `text` in labels of at most label_max characters.
std::string in_labels(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += label_max) {
    if (at > 0) out += '.';
    for (const char c : text.substr(at, label_max)) {
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return out;
}

std::string replaced(std::string_view text, char from, char to) {
  std::string out{text};
  std::ranges::replace(out, from, to);
  return out;
}

}  // namespace

std::string_view host_of_url(std::string_view text) noexcept {
  const auto bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return {};
  return text.substr(0, std::min(text.find_first_of(":/", bracket), text.size()));
}

std::optional<std::string> url_name(std::string_view text) {
  const auto target = cases::read_url_target(text);
  if (!target || *target != text) return std::nullopt;
  auto host = host_of_url(text);
  const auto rest = text.substr(host.size());
  const bool is_v6 = host.starts_with('[');
  if (is_v6) host = host.substr(1, host.size() - 2);
  auto name = in_labels(codec::base32(as_bytes(rest))) + std::string{separator} +
              (is_v6 ? replaced(host, ':', '-') : std::string{host}) + std::string{url_suffix};
  if (!dns::Name::from_text(name)) return std::nullopt;
  return name;
}

std::optional<std::string> url_text(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (!name.ends_with(url_suffix)) return std::nullopt;
  const auto whole = name;
  name.remove_suffix(url_suffix.size());
  const auto middle = name.find(separator);
  if (middle == std::string_view::npos) return std::nullopt;
  auto labels = std::string{name.substr(0, middle)};
  std::erase(labels, '.');
  const auto rest = codec::parse_base32(labels);
  if (!rest) return std::nullopt;
  auto host = std::string{name.substr(middle + separator.size())};
  if (host.find('.') == std::string::npos) host = "[" + replaced(host, '-', ':') + "]";
  auto text = host + std::string{as_text(*rest)};
  // An address has one name: letter case and the cuts between labels count.
  if (const auto again = url_name(text); !again || *again != whole) return std::nullopt;
  return text;
}

}  // namespace khien::publish
