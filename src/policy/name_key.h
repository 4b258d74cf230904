// A name made ready for lookups: folded to lower case, its labels found, and one keyed hash for
// each of its suffixes, computed in one pass from the right. The key is random for each rule set
// and never leaves the process and its snapshot file, so that nobody who writes lists or sends
// queries can pick names that collide. Nothing here allocates.
#pragma once

#include <array>
#include <cstdint>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/random.h"

namespace khien::policy {

constexpr std::size_t key_name_size_max = 255;  // RFC 1035 section 2.3.4
constexpr std::size_t key_label_count_max = 127;

struct HashKey {
  std::uint64_t a = 0;
  std::uint64_t b = 1;  // odd

  [[nodiscard]] static HashKey random(Rng& rng) noexcept {
    return {.a = rng.next_u64(), .b = rng.next_u64() | 1};
  }
  friend bool operator==(const HashKey&, const HashKey&) = default;
};

/// Folds `h` and `w` into 64 well-mixed bits: the two halves of a 128-bit product.
[[nodiscard]] std::uint64_t mix(const HashKey& key, std::uint64_t h, std::uint64_t w) noexcept;

/// About 1.4 kB, of which a lookup touches what the name needs. Make it once, assign() often.
class NameKey {
 public:
  NameKey() noexcept = default;
  NameKey(Bytes qname, const HashKey& key) noexcept { assign(qname, key); }

  /// `qname` is an uncompressed wire name with its root label, checked before (parse_question()).
  void assign(Bytes qname, const HashKey& key) noexcept;

  /// Without the root label.
  [[nodiscard]] std::size_t label_count() const noexcept { return label_count_; }
  /// Octets of the name, root label included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// The folded name, borrowed.
  [[nodiscard]] Bytes name() const noexcept { return {name_.data(), size_}; }
  /// The folded name from label `index` on, borrowed; index 0 is the whole name.
  [[nodiscard]] Bytes suffix(std::size_t index) const noexcept {
    return name().subspan(label_at_[index]);
  }
  [[nodiscard]] std::size_t suffix_at(std::size_t index) const noexcept { return label_at_[index]; }
  [[nodiscard]] std::uint64_t hash(std::size_t index) const noexcept { return hash_[index]; }

 private:
  std::uint8_t size_ = 1;
  std::uint8_t label_count_ = 0;
  std::array<std::uint8_t, key_name_size_max + 9> name_{};  // 8 more: copied and folded by words
  std::array<std::uint8_t, key_label_count_max + 1> label_at_;
  std::array<std::uint64_t, key_label_count_max + 1> hash_;
};

}  // namespace khien::policy
