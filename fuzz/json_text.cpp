// Json::parse on any octets: what it takes is written and read back the same, canonical text is a
// fixed point, and nothing is deeper than allowed.
#include <algorithm>

#include "base/assert.h"
#include "codec/json.h"

using namespace khien;

namespace {

std::size_t depth_of(const codec::Json& json) {
  std::size_t deepest = 0;
  for (const auto& item : json.items()) deepest = std::max(deepest, depth_of(item));
  for (const auto& member : json.members()) deepest = std::max(deepest, depth_of(member.value));
  return deepest + (json.is_array() || json.is_object() ? 1 : 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr codec::JsonLimits limits{.size_max = std::size_t{1} << 20};
  const auto json = codec::Json::parse(Bytes{data, size}, limits);
  if (!json) return 0;
  KHIEN_ASSERT(depth_of(*json) <= codec::json_depth_max);

  const auto text = json->dump();
  const auto again = codec::Json::parse(text, {.size_max = text.size()});
  KHIEN_ASSERT(again.has_value());
  KHIEN_ASSERT(again->dump() == text && *again == *json);

  const auto canonical = json->canonical();
  if (!canonical) return 0;
  const auto sorted = codec::Json::parse(*canonical, {.size_max = canonical->size()});
  // RFC 8785 writes 1e3 as 1000, which reads back as an integer: beyond 2^53 one without a
  // canonical form, beyond 2^63 one that is refused.
  const auto twice = sorted ? sorted->canonical() : canonical;
  KHIEN_ASSERT(!twice || *twice == *canonical);
  return 0;
}
