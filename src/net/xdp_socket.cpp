#include "net/xdp_socket.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/if_xdp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <xdp/xsk.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/assert.h"

namespace khien::net {
namespace {

// The kernel sends this many frames a system call in copy mode (its TX_BATCH_SIZE).
constexpr std::uint32_t frames_a_wakeup = 32;

// The kernel hands frames over before it says that it took their entries out of its ring (xsk_flush
// releases the fill ring last), so a frame may come back while its old entry still seems to be
// there. With twice as many entries as there are frames there is room in any case.
constexpr std::uint32_t our_ring_size = 2 * xdp_ring_size;

// The kernel frees a queue a little later than its socket is closed: a restart must wait for that.
constexpr int open_attempts_max = 40;
constexpr std::chrono::milliseconds open_again_after{50};

tl::unexpected<Error> socket_error(const XdpProgram& program, std::uint32_t queue, int error) {
  const std::string what = fmt::format("open queue {} of {} with AF_XDP: {}", queue,
                                       program.interface(), std::strerror(error));
  switch (error) {
    case EPERM:
    case EACCES: return fail(ErrorCode::denied, what + "; it needs root or CAP_NET_RAW");
    case ENOBUFS:
    case ENOMEM:
      return fail(ErrorCode::limit_exceeded,
                  fmt::format("{}; it locks {} KiB of memory: raise LimitMEMLOCK (ulimit -l)", what,
                              xdp_memory_size >> 10));
    case EBUSY: return fail(ErrorCode::conflict, what + "; another process uses the queue");
    case EINVAL:
      return fail(ErrorCode::not_found,
                  what + "; is there such a queue? Each worker needs one: ethtool -l, --workers");
    case EAFNOSUPPORT:
      return fail(ErrorCode::unavailable,
                  what + "; this kernel has no AF_XDP (CONFIG_XDP_SOCKETS)");
    default: return fail(ErrorCode::unavailable, what);
  }
}

}  // namespace

struct XdpSocket::Rings {
  xsk_umem* umem = nullptr;
  xsk_socket* socket = nullptr;
  xsk_ring_prod fill{};
  xsk_ring_cons received{};
  xsk_ring_prod sending{};
  xsk_ring_cons sent{};

  Rings() = default;
  Rings(const Rings&) = delete;
  Rings& operator=(const Rings&) = delete;
  ~Rings() {
    if (socket != nullptr) ::xsk_socket__delete(socket);
    if (umem != nullptr) (void)::xsk_umem__delete(umem);
  }
};

XdpSocket::XdpSocket() : memory_(xdp_memory_size, Pages::huge), rings_(std::make_unique<Rings>()) {}
// The rings go before the memory that they point into.
XdpSocket::~XdpSocket() { rings_.reset(); }

Result<std::unique_ptr<XdpSocket>> XdpSocket::open(XdpProgram& program, std::uint32_t queue) {
  for (int attempt = 1;; ++attempt) {
    std::unique_ptr<XdpSocket> socket{new XdpSocket};  // NOLINT: the constructor is private
    auto made = socket->make(program, queue);
    if (made) return socket;
    if (made.error().code != ErrorCode::conflict || attempt == open_attempts_max) {
      return tl::unexpected(std::move(made).error());
    }
    std::this_thread::sleep_for(open_again_after);
  }
}

Result<void> XdpSocket::make(XdpProgram& program, std::uint32_t queue) {
  // Best effort, for kernels that count it here: without the right to raise it, the error says so.
  const rlimit unlimited{.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
  (void)::setrlimit(RLIMIT_MEMLOCK, &unlimited);

  xsk_umem_config memory_config{};
  memory_config.fill_size = our_ring_size;
  memory_config.comp_size = xdp_ring_size;
  memory_config.frame_size = xdp_frame_size;
  int error = ::xsk_umem__create(&rings_->umem, memory_.octets().data(), xdp_memory_size,
                                 &rings_->fill, &rings_->sent, &memory_config);
  if (error != 0) return socket_error(program, queue, -error);

  xsk_socket_config config{};
  config.rx_size = xdp_ring_size;
  config.tx_size = our_ring_size;
  config.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD;  // the program is ours
  config.bind_flags = XDP_USE_NEED_WAKEUP;
  // In the driver the kernel shares the card's memory where it can; the generic path copies always.
  if (program.mode() == XdpMode::generic) config.bind_flags |= XDP_COPY;
  error = ::xsk_socket__create(&rings_->socket, program.interface().c_str(), queue, rings_->umem,
                               &rings_->received, &rings_->sending, &config);
  if (error != 0) return socket_error(program, queue, -error);

  std::uint32_t at = 0;
  const std::uint32_t room = ::xsk_ring_prod__reserve(&rings_->fill, xdp_ring_size, &at);
  KHIEN_ASSERT(room == xdp_ring_size);
  for (std::uint64_t i = 0; i < xdp_ring_size; ++i) {
    *::xsk_ring_prod__fill_addr(&rings_->fill, at++) = i * xdp_frame_size;
  }
  ::xsk_ring_prod__submit(&rings_->fill, xdp_ring_size);
  free_.reserve(xdp_ring_size);
  for (std::uint64_t i = xdp_ring_size; i < std::uint64_t{2} * xdp_ring_size; ++i) {
    free_.push_back(i * xdp_frame_size);
  }
  return program.add_socket(queue, fd());
}

int XdpSocket::fd() const noexcept { return ::xsk_socket__fd(rings_->socket); }

std::size_t XdpSocket::receive(std::span<Frame> out) noexcept {
  std::uint32_t at = 0;
  const std::uint32_t count =
      ::xsk_ring_cons__peek(&rings_->received, static_cast<std::uint32_t>(out.size()), &at);
  for (std::uint32_t i = 0; i < count; ++i) {
    const xdp_desc& descriptor = *::xsk_ring_cons__rx_desc(&rings_->received, at++);
    out[i] = {.address = descriptor.addr,
              .octets = memory_.octets().subspan(descriptor.addr, descriptor.len)};
  }
  if (count != 0) ::xsk_ring_cons__release(&rings_->received, count);
  return count;
}

void XdpSocket::give_back(std::span<const Frame> received) noexcept {
  const auto count = static_cast<std::uint32_t>(received.size());
  std::uint32_t at = 0;
  const std::uint32_t room = ::xsk_ring_prod__reserve(&rings_->fill, count, &at);
  KHIEN_ASSERT(room == count);  // for every frame of this half
  for (const Frame& frame : received) {
    *::xsk_ring_prod__fill_addr(&rings_->fill, at++) =
        frame.address & ~std::uint64_t{xdp_frame_size - 1};
  }
  ::xsk_ring_prod__submit(&rings_->fill, count);
}

void XdpSocket::collect_sent() noexcept {
  std::uint32_t at = 0;
  const std::uint32_t count = ::xsk_ring_cons__peek(&rings_->sent, xdp_ring_size, &at);
  for (std::uint32_t i = 0; i < count; ++i) {
    free_.push_back(*::xsk_ring_cons__comp_addr(&rings_->sent, at++));
  }
  if (count != 0) ::xsk_ring_cons__release(&rings_->sent, count);
}

std::optional<XdpSocket::Frame> XdpSocket::take() noexcept {
  if (free_.empty()) {
    flush();
    if (free_.empty()) return std::nullopt;
  }
  const std::uint64_t address = free_.back();
  free_.pop_back();
  return Frame{.address = address, .octets = memory_.octets().subspan(address, xdp_frame_size)};
}

void XdpSocket::send(const Frame& taken, std::size_t size) noexcept {
  std::uint32_t at = 0;
  const std::uint32_t room = ::xsk_ring_prod__reserve(&rings_->sending, 1, &at);
  KHIEN_ASSERT(room == 1);  // for every frame of this half
  *::xsk_ring_prod__tx_desc(&rings_->sending, at) = {
      .addr = taken.address, .len = static_cast<std::uint32_t>(size), .options = 0};
  ++unsent_;
}

std::uint32_t XdpSocket::waiting_to_leave() noexcept {
  return our_ring_size - ::xsk_prod_nb_free(&rings_->sending, our_ring_size);
}

void XdpSocket::flush() noexcept {
  if (unsent_ != 0) ::xsk_ring_prod__submit(&rings_->sending, unsent_);
  unsent_ = 0;
  // What the kernel cannot take now (its send buffer is full) stays in the ring for the next flush.
  std::uint32_t waiting = waiting_to_leave();
  for (std::uint32_t tries = waiting / frames_a_wakeup + 1; waiting != 0 && tries != 0; --tries) {
    if (!::xsk_ring_prod__needs_wakeup(&rings_->sending)) break;
    (void)::sendto(fd(), nullptr, 0, MSG_DONTWAIT, nullptr, 0);
    waiting = waiting_to_leave();
  }
  collect_sent();
}

std::uint64_t XdpSocket::drops() const noexcept {
  xdp_statistics statistics{};
  socklen_t size = sizeof statistics;
  if (::getsockopt(fd(), SOL_XDP, XDP_STATISTICS, &statistics, &size) != 0) return 0;
  return statistics.rx_dropped + statistics.rx_ring_full;
}

}  // namespace khien::net
