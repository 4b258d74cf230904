#include "base/page_buffer.h"

#include <sys/mman.h>

#include <atomic>

#include "base/assert.h"

namespace khien {
namespace {

// Relaxed counters.
std::atomic<std::size_t> octets_now{0};
std::atomic<std::size_t> octets_most{0};

}  // namespace

PageBuffer::PageBuffer(std::size_t size) {
  if (size == 0) return;
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  KHIEN_ASSERT(memory != MAP_FAILED);
  octets_ = {static_cast<std::uint8_t*>(memory), size};
  const std::size_t now = octets_now.fetch_add(size, std::memory_order_relaxed) + size;
  std::size_t most = octets_most.load(std::memory_order_relaxed);
  while (now > most && !octets_most.compare_exchange_weak(most, now, std::memory_order_relaxed)) {
  }
}

PageBuffer::~PageBuffer() {
  if (octets_.empty()) return;
  ::munmap(octets_.data(), octets_.size());
  octets_now.fetch_sub(octets_.size(), std::memory_order_relaxed);
}

PageBuffer::Use PageBuffer::use() noexcept {
  return {.now = octets_now.load(std::memory_order_relaxed),
          .most = octets_most.load(std::memory_order_relaxed)};
}

void PageBuffer::forget_most() noexcept {
  octets_most.store(octets_now.load(std::memory_order_relaxed), std::memory_order_relaxed);
}

}  // namespace khien
