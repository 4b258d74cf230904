#include "dns/rpz_prefix.h"

#include <charconv>
#include <span>

namespace khien::dns {
namespace {

constexpr std::size_t v4_parts = 4;
constexpr std::size_t v6_parts = 8;

/// Digits only, without leading zeros, at most `value_max`.
std::optional<unsigned> number_of(Bytes label, int base, unsigned value_max) {
  constexpr std::size_t digits_max = 4;
  const std::string_view text = as_text(label);
  if (text.empty() || text.size() > digits_max || (text.size() > 1 && text[0] == '0')) {
    return std::nullopt;
  }
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size() || value > value_max) {
    return std::nullopt;
  }
  return value;
}

bool is_zero_run(Bytes label) noexcept {
  return label.size() == 2 && fold(label[0]) == 'z' && fold(label[1]) == 'z';
}

bool has_bits_beyond(const RpzPrefix& prefix) noexcept {
  for (std::size_t bit = prefix.length; bit < prefix.size() * 8; ++bit) {
    if ((prefix.base[bit / 8] & (0x80U >> (bit % 8))) != 0) return true;
  }
  return false;
}

std::optional<RpzPrefix> v4_of(std::span<const Bytes> parts, RpzPrefix prefix) {
  for (std::size_t i = 0; i < v4_parts; ++i) {
    const auto octet = number_of(parts[i], 10, 255);
    if (!octet) return std::nullopt;
    prefix.base[v4_parts - 1 - i] = static_cast<std::uint8_t>(*octet);
  }
  return prefix;
}

/// `parts` come least significant first; one of them may stand for all words that are missing.
std::optional<RpzPrefix> v6_of(std::span<const Bytes> parts, RpzPrefix prefix) {
  std::size_t word = 0;  // counted from the last of the address
  bool has_run = false;
  for (const Bytes part : parts) {
    if (is_zero_run(part)) {
      if (has_run || parts.size() > v6_parts) return std::nullopt;
      has_run = true;
      word += v6_parts - (parts.size() - 1);
      continue;
    }
    const auto value = number_of(part, 16, 0xFFFF);
    if (!value || word >= v6_parts) return std::nullopt;
    prefix.base[14 - 2 * word] = static_cast<std::uint8_t>(*value >> 8);
    prefix.base[15 - 2 * word] = static_cast<std::uint8_t>(*value & 0xFF);
    ++word;
  }
  if (word != v6_parts) return std::nullopt;
  return prefix;
}

}  // namespace

std::optional<RpzPrefix> parse_rpz_prefix(NameView name) {
  std::array<Bytes, v6_parts + 1> labels;
  std::size_t count = 0;
  bool has_run = false;
  for (; !name.is_root(); name = name.parent()) {
    if (count == labels.size()) return std::nullopt;
    labels[count++] = name.first_label();
    has_run = has_run || is_zero_run(name.first_label());
  }
  if (count < 2) return std::nullopt;
  const std::span<const Bytes> parts = std::span{labels}.subspan(1, count - 1);
  RpzPrefix prefix{.is_v6 = has_run || parts.size() != v4_parts};
  const auto length = number_of(labels[0], 10, static_cast<unsigned>(prefix.size() * 8));
  if (!length) return std::nullopt;
  prefix.length = static_cast<std::uint8_t>(*length);
  const auto read = prefix.is_v6 ? v6_of(parts, prefix) : v4_of(parts, prefix);
  if (!read || has_bits_beyond(*read)) return std::nullopt;
  return read;
}

std::string rpz_prefix_labels(const RpzPrefix& prefix) {
  std::string text = std::to_string(prefix.length);
  const std::size_t step = prefix.is_v6 ? 2 : 1;
  for (std::size_t at = prefix.size(); at > 0; at -= step) {
    unsigned value = prefix.base[at - 1];
    if (prefix.is_v6) value |= static_cast<unsigned>(prefix.base[at - 2]) << 8;
    std::array<char, 8> digits;
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), value, prefix.is_v6 ? 16 : 10);
    KHIEN_ASSERT(error == std::errc{});
    text += '.';
    text.append(digits.data(), end);
  }
  return text;
}

}  // namespace khien::dns
