// A block of memory in whole pages straight from the kernel: freeing it gives the pages back at
// once, whatever the allocator keeps for later, and pages that nobody writes take no memory. For
// blocks that are large, live long and are replaced as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace khien {

/// Which pages a buffer wants. `huge` (2 MiB) spares lookups at random places the walk through page
/// tables, which costs as much as the access itself; the kernel gives them where it can, at once in
/// buffers that have room for one, later (khugepaged) where smaller buffers lie side by side. A
/// huge page takes its memory as soon as one octet of it is written.
enum class Pages : std::uint8_t { ordinary, huge };

class PageBuffer {
 public:
  PageBuffer() noexcept = default;
  /// `size` octets, all zero. Ends the process where the kernel has no address space left, as the
  /// allocator does.
  explicit PageBuffer(std::size_t size, Pages pages = Pages::ordinary);
  PageBuffer(PageBuffer&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
  PageBuffer& operator=(PageBuffer&& other) noexcept {
    std::swap(octets_, other.octets_);
    return *this;
  }
  PageBuffer(const PageBuffer&) = delete;
  PageBuffer& operator=(const PageBuffer&) = delete;
  ~PageBuffer();

  [[nodiscard]] std::span<std::uint8_t> octets() const noexcept { return octets_; }

  /// Octets in all buffers of the process: now, and the most since the process began or
  /// forget_most().
  struct Use {
    std::size_t now = 0;
    std::size_t most = 0;
  };
  [[nodiscard]] static Use use() noexcept;
  static void forget_most() noexcept;

 private:
  std::span<std::uint8_t> octets_;
};

}  // namespace khien
