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

std::optional<Bytes> list_line_name(std::string_view line, ListCounts& counts,
                                    std::span<std::uint8_t, key_name_size_max> out) {
  const std::string_view field = first_field(line);
  if (field.empty()) return std::nullopt;
  const auto size = host_to_wire(field, out);
  if (!size || is_ipv4_text(field)) {
    ++counts.bad_name;
    return std::nullopt;
  }
  // One label and the root: nobody may list a top-level domain.
  static_assert(rule_labels_min == 2);
  const std::size_t first_label_end = 1 + std::size_t{out[0]};
  if (first_label_end + 1 >= *size) {
    ++counts.too_wide;
    return std::nullopt;
  }
  ++counts.accepted;
  return Bytes{out}.first(*size);
}

Result<ListCounts> add_list(NameTable& table, std::string_view text, Source source) {
  ListCounts counts;
  const RuleClass wanted{.exact = mask_of(source), .below = mask_of(source)};
  std::array<std::uint8_t, key_name_size_max> wire;
  NameKey name;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line_name = list_line_name(text.substr(0, end), counts, wire);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (!line_name) continue;
    name.assign(*line_name, table.key());
    const RuleClass* had = table.empty() ? nullptr : table.find(name);
    if (had != nullptr && (had->exact & had->below & mask_of(source)) != 0) {
      ++counts.duplicate;
      --counts.accepted;
      continue;
    }
    auto added = table.add(name, wanted);
    if (!added) return tl::unexpected(std::move(added).error());
  }
  return counts;
}

}  // namespace khien::policy
