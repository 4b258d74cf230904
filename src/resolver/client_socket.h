// Where a worker's clients come in and their answers go out, in batches: a kernel socket
// (UdpClientSocket) or a queue of an interface taken by AF_XDP (XdpClientSocket). The engine and
// all that goes upstream are the worker's. One thread, but for kernel_drops().
#pragma once

#include "resolver/engine.h"

namespace khien::resolver {

constexpr std::size_t batch_size = 32;  // packets a system call; more gains nothing (measured)

class ClientSocket {
 public:
  virtual ~ClientSocket() = default;

  enum class Wait : std::uint8_t {
    no,
    a_while,  ///< until a packet comes, a signal, or about 200 ms have passed
  };
  /// Takes what came in, at most batch_size packets, and returns how many.
  virtual std::size_t receive(Wait wait) noexcept = 0;
  /// Gives what receive() took to `engine`, and sends the answers that are ready at once.
  virtual void answer_batch(Engine& engine) noexcept = 0;

  /// Keeps an answer to a client of this socket until flush_late(), or sends it.
  virtual void answer_late(const ClientRef& client, Bytes message) noexcept = 0;
  virtual void flush_late() noexcept = 0;

  /// Readable while packets wait.
  [[nodiscard]] virtual int fd() const noexcept = 0;
  /// Packets that the kernel dropped for want of room. Any thread; one system call.
  [[nodiscard]] virtual std::uint64_t kernel_drops() const noexcept = 0;
};

}  // namespace khien::resolver
