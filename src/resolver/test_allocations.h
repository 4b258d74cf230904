// Counts every allocation of the test program, to prove that the query path makes none.
#pragma once

#include <atomic>
#include <cstddef>

namespace khien::resolver {

extern std::atomic<std::size_t> allocation_count;

}  // namespace khien::resolver
