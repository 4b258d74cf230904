// Lists come in pages by cursor: the last item's place in an order that does not move under the
// reader. Newest change first, unless a list says otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace khien::cases {

constexpr int page_size_default = 50;
constexpr int page_size_max = 200;

struct PageRequest {
  std::optional<std::int64_t> before = {};  ///< the cursor of the page before; none for the first
  int size = page_size_default;             ///< clamped to 1..page_size_max
};

template <typename T>
struct Page {
  std::vector<T> items;
  std::optional<std::int64_t> next;  ///< cursor of the next page; none at the end
};

}  // namespace khien::cases
