// An AF_XDP socket: frames of one queue of an interface, in and out through memory that the kernel
// and we share. One system call sends a batch; receiving takes none while frames keep coming.
//
//            ┌── fill ring ◄── give_back() ──┐            ┌─ free ──► take() ─┐
//   kernel ──┤                               │   kernel ──┤                   │
//            └── receive ring ──► receive() ─┘            └─ done ◄─ send() ◄─┘
//
// Half of the frames go round on the left, half on the right, so that neither starves the other and
// every ring has room for all of its frames. One thread; made before it serves. A frame is
// owned by whoever took it until it is given back or sent.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/page_buffer.h"
#include "net/xdp_program.h"

struct xsk_umem;
struct xsk_socket;

namespace khien::net {

/// What one socket can hold each way: a burst that comes while the worker is not scheduled.
constexpr std::uint32_t xdp_ring_size = 2'048;   // a power of 2
constexpr std::uint32_t xdp_frame_size = 2'048;  // holds any frame of an ordinary MTU
constexpr std::size_t xdp_memory_size = std::size_t{2} * xdp_ring_size * xdp_frame_size;

class XdpSocket {
 public:
  struct Frame {
    std::uint64_t address = 0;  // in the shared memory
    std::span<std::uint8_t> octets = {};
  };

  /// `program` is borrowed while this opens. denied without rights; conflict if the queue has a
  /// socket of somebody else; not_found if there is no such queue; the message says what to do.
  [[nodiscard]] static Result<std::unique_ptr<XdpSocket>> open(XdpProgram& program,
                                                               std::uint32_t queue);
  ~XdpSocket();

  /// The next frames that came in, at most out.size(); give them all back before the next call.
  [[nodiscard]] std::size_t receive(std::span<Frame> out) noexcept;
  void give_back(std::span<const Frame> received) noexcept;

  /// A frame of xdp_frame_size to write into, or nullopt while all are on their way out.
  [[nodiscard]] std::optional<Frame> take() noexcept;
  /// Its first `size` octets leave with the next flush().
  void send(const Frame& taken, std::size_t size) noexcept;
  /// A taken frame that is not sent after all.
  void put_back(const Frame& taken) noexcept { free_.push_back(taken.address); }
  /// A system call for each 32 frames that wait; what the kernel cannot take stays for the next
  /// one.
  void flush() noexcept;

  /// Readable while frames wait.
  [[nodiscard]] int fd() const noexcept;
  /// Frames that the kernel dropped for want of room, since the socket was made. Any thread; one
  /// system call.
  [[nodiscard]] std::uint64_t drops() const noexcept;

 private:
  struct Rings;
  XdpSocket();
  Result<void> make(XdpProgram& program, std::uint32_t queue);
  void collect_sent() noexcept;
  std::uint32_t waiting_to_leave() noexcept;

  PageBuffer memory_;
  std::unique_ptr<Rings> rings_;
  std::vector<std::uint64_t> free_;  // frames to send; capacity never changes
  std::uint32_t unsent_ = 0;
};

}  // namespace khien::net
