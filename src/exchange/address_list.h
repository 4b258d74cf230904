// A list of addresses and prefixes as it is given out (format "prefixes",
// docs/formats/signed-lists.md), read by those who enforce it: whole or not at all, without
// anything twice, and nothing wider than an order may be.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/ip_prefix.h"

namespace khien::exchange {

constexpr std::size_t address_list_max = 1'000'000;  // entries

struct AddressList {
  std::vector<text::IpPrefix> addresses4 = {};  ///< each sorted, nothing in another
  std::vector<text::IpPrefix> addresses6 = {};
  std::vector<text::IpPrefix> prefixes4 = {};
  std::vector<text::IpPrefix> prefixes6 = {};
  [[nodiscard]] std::size_t size() const noexcept {
    return addresses4.size() + addresses6.size() + prefixes4.size() + prefixes6.size();
  }
};

/// One entry a line, comments behind '#'. malformed with the line for anything else; denied
/// ("prefix_too_wide") for a prefix that no order may have (cases/impact.h); limit_exceeded.
[[nodiscard]] Result<AddressList> read_address_list(std::string_view text);

}  // namespace khien::exchange
