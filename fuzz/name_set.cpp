// The stored form of a set of names on any octets: refused, or read to what writes the same.
#include "exchange/name_set.h"
#include "base/assert.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto set = exchange::NameSet::read({data, size});
  if (!set) return 0;
  const auto again = exchange::NameSet::read(set->write());
  KHIEN_ASSERT(again.has_value() && *again == *set);
  KHIEN_ASSERT(again->hash() == set->hash());
  return 0;
}
