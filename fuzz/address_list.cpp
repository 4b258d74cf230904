// exchange::read_address_list: what is read is what an order may have, sorted, nothing in another,
// and its own text reads the same.
#include <string>
#include <vector>

#include "base/assert.h"
#include "cases/impact.h"
#include "exchange/address_list.h"
#include "exchange/nft_script.h"

namespace {

using khien::exchange::AddressList;

std::string text_of(const AddressList& list) {
  std::string text;
  for (const auto* part : {&list.addresses4, &list.addresses6, &list.prefixes4, &list.prefixes6}) {
    for (const auto& prefix : *part) text += khien::text::to_string(prefix) + "\n";
  }
  return text;
}

void check(const std::vector<khien::text::IpPrefix>& part, int length_min) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    KHIEN_ASSERT(part[i].length >= length_min);
    KHIEN_ASSERT(i == 0 || part[i - 1].base.octets < part[i].base.octets);
    KHIEN_ASSERT(i == 0 || !khien::text::overlap(part[i - 1], part[i]));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto list = khien::exchange::read_address_list(text);
  if (!list) return 0;
  check(list->addresses4, 32);
  check(list->addresses6, 128);
  check(list->prefixes4, khien::cases::order_length_min_v4);
  check(list->prefixes6, khien::cases::order_length_min_v6);
  const auto again = khien::exchange::read_address_list(text_of(*list));
  KHIEN_ASSERT(again.has_value());
  KHIEN_ASSERT(text_of(*again) == text_of(*list));
  KHIEN_ASSERT(!khien::exchange::nft_script(*list, {.life_s = 1}).empty());
  return 0;
}
