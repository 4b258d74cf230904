// Clients over a kernel socket of this worker's own (SO_REUSEPORT): recvmmsg and sendmmsg.
#pragma once

#include <memory>

#include "net/socket.h"
#include "resolver/packet_batch.h"

namespace khien::resolver {

/// What each listening socket asks of the kernel: octets of bursts, about 5,000 small queries, that
/// come while the worker is not scheduled.
constexpr int udp_receive_buffer_size = 4 << 20;
constexpr int idle_wait_ms = 200;  // how soon an idle worker sees stop and new rules

class UdpClientSocket final : public ClientSocket {
 public:
  /// `number` goes into the ClientRef; `batches` and `counters` are borrowed.
  UdpClientSocket(net::UdpSocket socket, std::uint8_t number, WorkerBatches& batches,
                  Counters& counters);

  std::size_t receive(Wait wait) noexcept override;
  void answer_batch(Engine& engine) noexcept override;
  void answer_late(const ClientRef& client, Bytes message) noexcept override;
  void flush_late() noexcept override;
  [[nodiscard]] int fd() const noexcept override { return socket_.fd(); }
  [[nodiscard]] std::uint64_t kernel_drops() const noexcept override {
    return socket_.receive_drops();
  }
  [[nodiscard]] const net::UdpSocket& socket() const noexcept { return socket_; }

 private:
  net::UdpSocket socket_;
  std::uint8_t number_;
  policy::EntryPoint entry_;
  WorkerBatches& batches_;
  Counters& counters_;
  std::size_t received_ = 0;
  PacketBatch<udp_answer_size_max> late_;
  std::size_t late_count_ = 0;
};

}  // namespace khien::resolver
