#include "base/page_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

#include "base/assert.h"

namespace khien {
namespace {

// Relaxed counters.
std::atomic<std::size_t> octets_now{0};
std::atomic<std::size_t> octets_most{0};

constexpr std::size_t huge_page_size = std::size_t{2} << 20;

std::uint8_t* map(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  KHIEN_ASSERT(memory != MAP_FAILED);
  return static_cast<std::uint8_t*>(memory);
}

// The kernel makes huge pages of whole aligned pieces only.
std::uint8_t* map_aligned(std::size_t size) {
  const std::size_t page_size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t whole = (size + page_size - 1) / page_size * page_size;
  std::uint8_t* const memory = map(whole + huge_page_size);
  const std::size_t before =
      (huge_page_size - reinterpret_cast<std::uintptr_t>(memory) % huge_page_size) % huge_page_size;
  if (before != 0) ::munmap(memory, before);
  if (before != huge_page_size) ::munmap(memory + before + whole, huge_page_size - before);
  return memory + before;
}

}  // namespace

PageBuffer::PageBuffer(std::size_t size, Pages pages) {
  if (size == 0) return;
  const bool has_room = pages == Pages::huge && size >= huge_page_size;
  octets_ = {has_room ? map_aligned(size) : map(size), size};
  // Advice: a kernel without huge pages goes on with ordinary ones.
  if (pages == Pages::huge) (void)::madvise(octets_.data(), size, MADV_HUGEPAGE);
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
