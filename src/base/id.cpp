#include "base/id.h"

namespace khien {
namespace {

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

}  // namespace

std::string new_id_text(InstantMs now_ms, Rng& rng) {
  std::array<std::uint8_t, 16> octets{};
  rng.fill(octets);
  const auto time = static_cast<std::uint64_t>(now_ms);
  for (std::size_t i = 0; i < 6; ++i) {
    octets[i] = static_cast<std::uint8_t>(time >> (8 * (5 - i)));
  }
  // 26 characters hold 130 bits: the first one carries the top 3 bits only.
  std::string text(id_text_size, '0');
  for (std::size_t i = 0; i < id_text_size; ++i) {
    unsigned value = 0;
    for (std::size_t bit = 0; bit < 5; ++bit) {
      const std::size_t at = i * 5 + bit;  // of 130, two leading zeros
      const unsigned one = at < 2 ? 0U : (octets[(at - 2) / 8] >> (7 - (at - 2) % 8)) & 1U;
      value = value << 1 | one;
    }
    text[i] = crockford[value];
  }
  return text;
}

bool is_id_text(std::string_view text) noexcept {
  if (text.size() != id_text_size || text.front() > '7') return false;
  return text.find_first_not_of(crockford) == std::string_view::npos;
}

}  // namespace khien
