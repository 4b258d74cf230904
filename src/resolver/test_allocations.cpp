#include "resolver/test_allocations.h"

#include <cstdlib>
#include <new>

namespace khien::resolver {

std::atomic<std::size_t> allocation_count{0};

}  // namespace khien::resolver

// In a file of its own, so that no caller sees through new to malloc and warns of the pair.
void* operator new(std::size_t size) {
  ++khien::resolver::allocation_count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
