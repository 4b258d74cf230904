// Clients over AF_XDP: one queue of an interface, without the kernel's IP stack. A query is read in
// the frame that the card (or the kernel) filled, its answer written into the frame that leaves.
// Queries that the XDP program does not take (fragments, options, other interfaces) reach the
// worker's kernel sockets as ever.
#pragma once

#include "net/xdp_socket.h"
#include "resolver/packet_batch.h"

namespace khien::resolver {

class XdpClientSocket final : public ClientSocket {
 public:
  /// `number` goes into the ClientRef; `program`, `batches` and `counters` are borrowed.
  [[nodiscard]] static Result<std::unique_ptr<XdpClientSocket>> open(net::XdpProgram& program,
                                                                     std::uint32_t queue,
                                                                     std::uint8_t number,
                                                                     WorkerBatches& batches,
                                                                     Counters& counters);

  /// Never waits: the worker does, in epoll.
  std::size_t receive(Wait wait) noexcept override;
  void answer_batch(Engine& engine) noexcept override;
  void answer_late(const ClientRef& client, Bytes message) noexcept override;
  void flush_late() noexcept override { socket_->flush(); }
  [[nodiscard]] int fd() const noexcept override { return socket_->fd(); }
  [[nodiscard]] std::uint64_t kernel_drops() const noexcept override { return socket_->drops(); }

 private:
  XdpClientSocket(std::unique_ptr<net::XdpSocket> socket, const net::XdpProgram& program,
                  std::uint8_t number, WorkerBatches& batches, Counters& counters);
  bool is_for_us(const net::UdpFrame& frame) noexcept;
  [[nodiscard]] ClientRef client_of(const net::UdpFrame& frame) const noexcept;

  std::unique_ptr<net::XdpSocket> socket_;
  const net::XdpProgram& program_;
  std::uint8_t number_;
  std::vector<policy::EntryPoint> entries_;  // by the program's addresses
  WorkerBatches& batches_;
  Counters& counters_;
  std::array<net::XdpSocket::Frame, batch_size> frames_{};
  std::array<net::UdpFrame, batch_size> queries_{};
  std::size_t received_ = 0;
  std::size_t address_ = 0;  // of the program's addresses, the one that was asked last
};

}  // namespace khien::resolver
