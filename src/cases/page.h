// Lists come in pages by cursor: the last item's place in an order that does not move under the
// reader. Newest change first, unless a list says otherwise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
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

[[nodiscard]] inline int page_size(const PageRequest& page) noexcept {
  return std::clamp(page.size, 1, page_size_max);
}
/// What the first item's cursor lies below.
[[nodiscard]] inline std::int64_t page_start(const PageRequest& page) noexcept {
  return page.before.value_or(std::numeric_limits<std::int64_t>::max());
}

/// A page from `items`, of which one more than `size` was asked for to see whether more follow.
template <typename T, typename CursorOf>
[[nodiscard]] Page<T> make_page(std::vector<T> items, int size, CursorOf cursor_of) {
  Page<T> page{.items = std::move(items), .next = std::nullopt};
  if (page.items.size() > static_cast<std::size_t>(size)) {
    page.items.resize(static_cast<std::size_t>(size));
    page.next = cursor_of(page.items.back());
  }
  return page;
}

}  // namespace khien::cases
