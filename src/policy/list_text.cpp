#include "policy/list_text.h"

#include <algorithm>
#include <cstring>

#include "policy/rules.h"

namespace khien::policy {
namespace {

std::string_view first_field(std::string_view line) noexcept {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  line.remove_prefix(begin);
  return line.substr(0, line.find_first_of(" \t\r#"));
}

// 192.0.2.1 has four labels and would never match a name, but was meant as something else.
bool is_ipv4_text(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

}  // namespace

std::optional<std::size_t> host_to_wire(std::string_view text,
                                        std::span<std::uint8_t, key_name_size_max> out) noexcept {
  if (text.ends_with('.')) text.remove_suffix(1);
  // One octet of length in front and the root behind.
  if (text.empty() || text.size() > key_name_size_max - 2) return std::nullopt;
  std::size_t label_at = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == '.') {
      const std::size_t size = i - label_at;
      if (size == 0 || size > 63) return std::nullopt;
      out[label_at] = static_cast<std::uint8_t>(size);
      label_at = i + 1;
    } else {
      const char c = text[i];
      if (c <= ' ' || c >= 0x7F) return std::nullopt;
      out[i + 1] = static_cast<std::uint8_t>(c);
    }
  }
  out[text.size() + 1] = 0;
  return text.size() + 2;
}

std::size_t count_lines(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

Result<ListCounts> add_list(NameTable& table, std::string_view text, Source source) {
  ListCounts counts;
  const RuleClass wanted{.exact = mask_of(source), .below = mask_of(source)};
  std::array<std::uint8_t, key_name_size_max> wire;
  NameKey name;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view field = first_field(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (field.empty()) continue;
    const auto size = host_to_wire(field, wire);
    if (!size || is_ipv4_text(field)) {
      ++counts.bad_name;
      continue;
    }
    name.assign(Bytes{wire}.first(*size), table.key());
    if (name.label_count() < rule_labels_min) {
      ++counts.too_wide;
      continue;
    }
    const std::size_t before = table.size();
    if (before != 0) {
      const RuleClass* had = table.find(name);
      if (had != nullptr && (had->exact & had->below & mask_of(source)) != 0) {
        ++counts.duplicate;
        continue;
      }
    }
    auto added = table.add(name, wanted);
    if (!added) return tl::unexpected(std::move(added).error());
    ++counts.accepted;
  }
  return counts;
}

}  // namespace khien::policy
