// RuleSet::open() on any octets; where it accepts, lookups must stay inside the image. The checksum
// is made right first, so that the checks behind it are reached.
#include <cstring>
#include <memory>
#include <vector>

#include "base/assert.h"
#include "crypto/hash.h"
#include "policy/rules.h"

using namespace khien;

namespace {

constexpr std::size_t digest_at = 16;
constexpr std::size_t hashed_from = 48;
constexpr std::size_t file_size_at = 48;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Aligned as a mapping is, and exactly as large, so that ASan sees every octet behind the end.
  auto image = std::make_shared<std::vector<std::uint64_t>>((size + 7) / 8);
  auto* octets = reinterpret_cast<std::uint8_t*>(image->data());
  if (size != 0) std::memcpy(octets, data, size);
  if (size >= file_size_at + 8) {
    const std::uint64_t file_size = size;
    std::memcpy(octets + file_size_at, &file_size, sizeof file_size);
    const auto digest = crypto::sha256(Bytes{octets, size}.subspan(hashed_from));
    std::memcpy(octets + digest_at, digest.data(), digest.size());
  }
  const auto opened = policy::RuleSet::open({octets, size}, image);
  if (!opened) return 0;

  policy::Rules rules;
  rules.base = *opened;
  std::size_t names = 0;
  rules.for_each([&](Bytes, const policy::RuleClass&) { ++names; });
  KHIEN_ASSERT(names <= rules.base->name_count());
  // The longest name there is, and one that shares a label with the corpus.
  std::vector<std::uint8_t> longest;
  while (longest.size() + 2 < 255) longest.insert(longest.end(), {1, 'x'});
  longest.push_back(0);
  (void)rules.find(policy::NameKey{longest, rules.key()}, {});
  const std::vector<std::uint8_t> scam{4,   's', 'c', 'a', 'm', 7,   'e',
                                       'x', 'a', 'm', 'p', 'l', 'e', 0};
  (void)rules.find(policy::NameKey{scam, rules.key()}, {});
  return 0;
}
