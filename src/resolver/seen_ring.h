// What a worker tells the thread that looks for new names: that some network asked for a name and
// got an answer. One ring a worker (Lamport's queue of one producer and one consumer, 1983): the
// worker pushes and never waits, a full ring drops and counts.
//
// The client's network (/24 or /56) goes in as a hash with a key that is random for each process
// and never leaves its memory; the address goes nowhere. Of a name only the last labels go in, as
// many as a registrable name can need.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>

#include "policy/address_key.h"
#include "policy/name_key.h"

namespace khien::resolver {

constexpr std::size_t seen_ring_size = 8'192;  // observations; 1.2 MB a worker
// The longest rule of the public suffix list has 58 octets in 7 labels (2026); one label more is
// 123 octets on the wire.
constexpr std::size_t seen_name_size_max = 139;
constexpr std::size_t seen_labels_max = 9;

/// A client's network as everybody after the engine knows it; 0 is none.
using NetworkHash = std::uint32_t;

class SeenRing {
 public:
  struct Observation {
    NetworkHash network = 0;
    std::uint8_t name_size = 0;
    std::array<std::uint8_t, seen_name_size_max> name{};  // folded wire form with the root label

    [[nodiscard]] Bytes wire() const noexcept { return Bytes{name}.first(name_size); }
  };
  static_assert(sizeof(Observation) == 144);

  /// `rounds`: how often the networks that ask for one cached answer are looked through; see
  /// PacketCache::Entry::is_news(). At least 1. `size` is a power of two.
  SeenRing(const policy::HashKey& key, std::uint8_t rounds, std::size_t size = seen_ring_size)
      : key_(key), rounds_(rounds), mask_(size - 1), slots_(std::make_unique<Observation[]>(size)) {
    KHIEN_ASSERT(size != 0 && (size & mask_) == 0 && rounds != 0);
  }

  /// 0 for whoever has no address: what we ask ourselves.
  [[nodiscard]] NetworkHash network_of(const policy::AddressKey& client) const noexcept {
    if (client == policy::AddressKey{}) return 0;
    const std::uint64_t prefix = (client.is_v4() ? client.low : client.high) >> 8;
    const std::uint64_t hash = policy::mix(key_, policy::mix(key_, 0, prefix), prefix);
    return std::max(static_cast<NetworkHash>(hash >> 32), NetworkHash{1});
  }
  [[nodiscard]] std::uint8_t rounds() const noexcept { return rounds_; }

  /// The producer's. False if there is no room: counted.
  bool push(NetworkHash network, const policy::NameKey& name) noexcept {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - known_tail_ > mask_) {
      known_tail_ = tail_.load(std::memory_order_acquire);
      if (head - known_tail_ > mask_) {
        dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        return false;
      }
    }
    Observation& slot = slots_[head & mask_];
    const Bytes wire = last_labels(name);
    slot.network = network;
    slot.name_size = static_cast<std::uint8_t>(wire.size());
    std::memcpy(slot.name.data(), wire.data(), wire.size());
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  /// The consumer's: gives `take` what there is now, and says how many that was.
  template <typename Take>
  std::size_t drain(Take&& take) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    const std::size_t head = head_.load(std::memory_order_acquire);
    for (std::size_t at = tail; at != head; ++at) take(std::as_const(slots_[at & mask_]));
    tail_.store(head, std::memory_order_release);
    return head - tail;
  }

  /// Any thread.
  [[nodiscard]] std::uint64_t dropped() const noexcept {
    return dropped_.load(std::memory_order_relaxed);
  }

 private:
  [[nodiscard]] static Bytes last_labels(const policy::NameKey& name) noexcept {
    if (name.label_count() <= seen_labels_max && name.size() <= seen_name_size_max) [[likely]] {
      return name.name();
    }
    std::size_t at = name.label_count() - std::min(name.label_count(), seen_labels_max);
    while (name.suffix(at).size() > seen_name_size_max) ++at;  // the last label alone fits
    return name.suffix(at);
  }

  const policy::HashKey key_;
  const std::uint8_t rounds_;
  const std::size_t mask_;
  const std::unique_ptr<Observation[]> slots_;
  alignas(64) std::atomic<std::size_t> head_{0};  // only grow; of the producer
  std::size_t known_tail_ = 0;                    // what the producer last saw
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};  // of the consumer
};

}  // namespace khien::resolver
