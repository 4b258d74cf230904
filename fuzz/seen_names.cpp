// The reader of known names on any octets: as a file, and as the payload of one whose checksum is
// right. What it takes is written again with the same names, and taken again.
#include "base/assert.h"
#include "codec/container.h"
#include "resolver/known_names.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input{data, size};
  for (const Octets& file : {to_octets(input), codec::make_container("KHIENSEE", 1, input)}) {
    SeededRng rng{1};
    resolver::KnownNames names{rng, 64};
    const auto learning_until_ms = names.read(file);
    if (!learning_until_ms) {
      KHIEN_ASSERT(names.count() == 0);
      continue;
    }
    KHIEN_ASSERT(names.count() <= 128);
    const Octets again =
        names.write(*learning_until_ms, [](resolver::KnownNames::Hash) { return false; });
    resolver::KnownNames others{rng, 64};
    const auto learning_again_ms = others.read(again);
    KHIEN_ASSERT(learning_again_ms.has_value() && *learning_again_ms == *learning_until_ms);
    KHIEN_ASSERT(others.count() == names.count());
    KHIEN_ASSERT(others.hash_of("a.example") == names.hash_of("a.example"));
  }
  return 0;
}
