// The web addresses that were reported of what an order blocks: what is looked at to see whether it
// is still there. Only what may be asked for without doing anything in a victim's name: query and
// fragment are left out, for they may hold a victim's token.
#pragma once

#include <string>
#include <vector>

#include "cases/order.h"
#include "store/executor.h"

namespace khien::cases {

constexpr std::size_t order_pages_max = 4;
constexpr int order_pages_read_max = 1'000;  // addresses of the case that are looked through

/// Pages among the subjects of the order's case whose host is the order's name, or lies below it
/// where the order reaches that far: the most reported first, each once, at most order_pages_max.
/// Empty for an order that names no host, and for child abuse: nobody here fetches that.
[[nodiscard]] Result<std::vector<std::string>> reported_pages(store::Executor& db,
                                                              const Order& order);

}  // namespace khien::cases
