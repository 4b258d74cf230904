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

std::uint64_t load_word(const std::uint8_t* at, std::size_t size) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

std::uint64_t hash_label(const HashKey& key, std::uint64_t h, Bytes label) noexcept {
  // The length goes in first, so that "ab"."c" and "a"."bc" differ.
  h ^= label.size() * 0x9ddf'ea08'eb38'2d69;
  const std::uint8_t* at = label.data();
  std::size_t left = label.size();
  for (; left >= 8; at += 8, left -= 8) h = mix(key, h, load_word(at, 8));
  return mix(key, h, load_word(at, left));
}

}  // namespace

std::uint64_t mix(const HashKey& key, std::uint64_t h, std::uint64_t w) noexcept {
  const Product product = Product{h ^ w ^ key.a} * (key.b | 0x9e37'79b9'0000'0000);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

void NameKey::assign(Bytes qname, const HashKey& key) noexcept {
  KHIEN_ASSERT(!qname.empty() && qname.size() <= key_name_size_max && qname.back() == 0);
  size_ = static_cast<std::uint8_t>(qname.size());
  for (std::size_t at = 0; at < qname.size(); at += 8) {
    const std::size_t count = qname.size() - at < 8 ? qname.size() - at : 8;
    const std::uint64_t word = fold_word(load_word(qname.data() + at, count));
    std::memcpy(name_.data() + at, &word, 8);
  }
  label_count_ = 0;
  for (std::size_t at = 0; name_[at] != 0; at += 1 + std::size_t{name_[at]}) {
    KHIEN_ASSERT(label_count_ < key_label_count_max);
    label_at_[label_count_++] = static_cast<std::uint8_t>(at);
  }
  std::uint64_t h = key.b;
  hash_[0] = h;  // what the root has
  for (std::size_t i = label_count_; i-- > 0;) {
    const std::size_t at = label_at_[i];
    h = hash_label(key, h, name().subspan(at + 1, name_[at]));
    hash_[i] = h;
  }
}

}  // namespace khien::policy
