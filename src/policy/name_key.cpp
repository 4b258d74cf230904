#include "policy/name_key.h"

#include <cstring>

namespace khien::policy {
namespace {

__extension__ using Product = unsigned __int128;

// Sets bit 5 of every octet in 'A'..'Z', eight octets at once. The length octets of labels are at
// most 63 and so below 'A'.
std::uint64_t fold_word(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  constexpr std::uint64_t tops = 0x8080'8080'8080'8080;
  const std::uint64_t low = word & ~tops;
  const std::uint64_t from_a = low + ones * (0x80 - 'A');       // top bit: at least 'A'
  const std::uint64_t above_z = low + ones * (0x80 - 'Z' - 1);  // top bit: above 'Z'
  const std::uint64_t capital = (from_a & ~above_z) & ~word & tops;
  return word | (capital >> 2);
}

std::uint64_t load_word(const std::uint8_t* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Hashes `size` octets at `at`. Reads whole words, so up to eight octets behind the label, which do
// not count.
std::uint64_t hash_label(const HashKey& key, std::uint64_t h, const std::uint8_t* at,
                         std::size_t size) noexcept {
  // The length goes in first, so that "ab"."c" and "a"."bc" differ.
  h ^= size * 0x9ddf'ea08'eb38'2d69;
  for (; size >= 8; at += 8, size -= 8) h = mix(key, h, load_word(at));
  const std::uint64_t counted = (std::uint64_t{1} << (8 * size)) - 1;
  return mix(key, h, load_word(at) & counted);
}

}  // namespace

std::uint64_t mix(const HashKey& key, std::uint64_t h, std::uint64_t w) noexcept {
  const Product product = Product{h ^ w ^ key.a} * (key.b | 0x9e37'79b9'0000'0000);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

void NameKey::assign(Bytes qname, const HashKey& key) noexcept {
  KHIEN_ASSERT(!qname.empty() && qname.size() <= key_name_size_max && qname.back() == 0);
  size_ = static_cast<std::uint8_t>(qname.size());
  std::uint8_t* const octets = name_.data();
  std::memcpy(octets, qname.data(), qname.size());
  for (std::size_t at = 0; at < qname.size(); at += 8) {
    const std::uint64_t word = fold_word(load_word(octets + at));
    std::memcpy(octets + at, &word, 8);
  }
  std::size_t labels = 0;
  for (std::size_t at = 0; octets[at] != 0; at += 1 + std::size_t{octets[at]}) {
    KHIEN_ASSERT(labels < key_label_count_max);
    label_at_[labels++] = static_cast<std::uint8_t>(at);
  }
  label_count_ = static_cast<std::uint8_t>(labels);
  std::uint64_t h = key.b;
  hash_[0] = h;  // what the root has
  for (std::size_t i = labels; i-- > 0;) {
    const std::size_t at = label_at_[i];
    h = hash_label(key, h, octets + at + 1, octets[at]);
    hash_[i] = h;
  }
}

}  // namespace khien::policy
