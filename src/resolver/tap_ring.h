// Copies of messages on their way from a worker to the thread that writes dnstap: one ring a worker
// (Lamport's queue of one producer and one consumer, 1983, over records of different sizes). The
// worker copies and never waits; a full ring drops and counts. What is copied is the message and by
// what way it came: no address, no port, no time.
#pragma once

#include <atomic>
#include <cstring>
#include <memory>

#include "resolver/client_query.h"

namespace khien::resolver {

constexpr std::size_t tap_ring_size = std::size_t{1} << 20;  // octets a worker

/// Numbers as in dnstap.proto, Message.Type.
enum class TapKind : std::uint8_t {
  client_query = 5,
  client_response = 6,
  forwarder_query = 7,
  forwarder_response = 8,
};

struct TapRecord {
  TapKind kind = TapKind::client_query;
  Transport transport = Transport::udp;
  Bytes message = {};  // borrowed
};

class TapRing {
 public:
  /// `is_on` is borrowed; `size` is a power of two.
  explicit TapRing(const std::atomic<bool>& is_on, std::size_t size = tap_ring_size)
      : is_on_(is_on), size_(size), octets_(std::make_unique<std::uint8_t[]>(size)) {
    KHIEN_ASSERT(size >= 2 * head_size && (size & (size - 1)) == 0);
  }

  [[nodiscard]] bool is_on() const noexcept { return is_on_.load(std::memory_order_relaxed); }

  /// The producer's.
  void push(const TapRecord& record) noexcept {
    const std::size_t size = (head_size + record.message.size() + 7) / 8 * 8;
    const std::size_t head = head_.load(std::memory_order_relaxed);
    const std::size_t until_end = size_ - (head & (size_ - 1));
    const std::size_t skipped = size > until_end ? until_end : 0;
    const std::size_t used = head - tail_.load(std::memory_order_acquire);
    if (size + skipped > size_ - used) {
      dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
      return;
    }
    if (skipped != 0) write_head(head, {.size = skip});
    write_head(head + skipped, {.size = static_cast<std::uint32_t>(record.message.size()),
                                .kind = record.kind,
                                .transport = record.transport});
    if (!record.message.empty()) {
      std::memcpy(at(head + skipped) + head_size, record.message.data(), record.message.size());
    }
    head_.store(head + skipped + size, std::memory_order_release);
  }

  /// The consumer's: gives `take` what there is now.
  template <typename Take>
  void drain(Take&& take) {
    std::size_t tail = tail_.load(std::memory_order_relaxed);
    const std::size_t head = head_.load(std::memory_order_acquire);
    while (tail != head) {
      Head record;
      std::memcpy(&record, at(tail), sizeof record);
      if (record.size == skip) {
        tail += size_ - (tail & (size_ - 1));
        continue;
      }
      take(TapRecord{.kind = record.kind,
                     .transport = record.transport,
                     .message = {at(tail) + head_size, record.size}});
      tail += (head_size + record.size + 7) / 8 * 8;
      tail_.store(tail, std::memory_order_release);
    }
    tail_.store(tail, std::memory_order_release);
  }

  /// Any thread.
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  struct Head {
    std::uint32_t size = 0;
    TapKind kind = TapKind::client_query;
    Transport transport = Transport::udp;
    std::uint16_t unused = 0;
  };
  static constexpr std::size_t head_size = sizeof(Head);
  static constexpr std::uint32_t skip = 0xFFFF'FFFF;  // the rest up to the end holds nothing
  static_assert(head_size == 8);

  [[nodiscard]] std::uint8_t* at(std::size_t place) const noexcept {
    return octets_.get() + (place & (size_ - 1));
  }
  void write_head(std::size_t place, const Head& head) noexcept {
    std::memcpy(at(place), &head, sizeof head);
  }

  const std::atomic<bool>& is_on_;
  const std::size_t size_;
  const std::unique_ptr<std::uint8_t[]> octets_;
  alignas(64) std::atomic<std::size_t> head_{0};  // only grow; of the producer
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};  // of the consumer
};

}  // namespace khien::resolver
