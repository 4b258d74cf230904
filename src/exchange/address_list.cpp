#include "exchange/address_list.h"

#include <algorithm>
#include <string>

#include "cases/impact.h"
#include "text/utf8.h"

namespace khien::exchange {
namespace {

bool comes_before(const text::IpPrefix& a, const text::IpPrefix& b) noexcept {
  if (a.base.octets != b.base.octets) return a.base.octets < b.base.octets;
  return a.length < b.length;  // the wider one first, which then holds the other
}

/// Sorts, and takes out what lies in another.
void merge(std::vector<text::IpPrefix>& prefixes) {
  std::ranges::sort(prefixes, comes_before);
  std::vector<text::IpPrefix> kept;
  for (const auto& prefix : prefixes) {
    if (kept.empty() || !text::overlap(kept.back(), prefix)) kept.push_back(prefix);
  }
  prefixes = std::move(kept);
}

/// Takes the addresses out that lie in one of the prefixes; both are sorted.
void take_covered_out(std::vector<text::IpPrefix>& addresses,
                      const std::vector<text::IpPrefix>& prefixes) {
  std::erase_if(addresses, [&](const text::IpPrefix& address) {
    const auto after = std::ranges::upper_bound(prefixes, address, comes_before);
    return after != prefixes.begin() && text::overlap(*std::prev(after), address);
  });
}

}  // namespace

Result<AddressList> read_address_list(std::string_view text) {
  AddressList list;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = text::trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const auto prefix = text::parse_prefix(line);
    if (!prefix) {
      return fail(ErrorCode::malformed,
                  "line " + std::to_string(number) + " is neither an address nor a prefix");
    }
    const bool is_v6 = prefix->base.is_v6;
    if (prefix->length < (is_v6 ? cases::order_length_min_v6 : cases::order_length_min_v4)) {
      return fail(ErrorCode::denied,
                  "line " + std::to_string(number) + " is wider than any order may be",
                  "prefix_too_wide");
    }
    if (list.size() == address_list_max) {
      return fail(ErrorCode::limit_exceeded, "the list has too many entries", "list_too_large");
    }
    auto& singles = is_v6 ? list.addresses6 : list.addresses4;
    auto& wide = is_v6 ? list.prefixes6 : list.prefixes4;
    (prefix->is_address() ? singles : wide).push_back(*prefix);
  }
  for (auto* part : {&list.addresses4, &list.addresses6, &list.prefixes4, &list.prefixes6}) {
    merge(*part);
  }
  take_covered_out(list.addresses4, list.prefixes4);
  take_covered_out(list.addresses6, list.prefixes6);
  return list;
}

}  // namespace khien::exchange
