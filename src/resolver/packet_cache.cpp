#include "resolver/packet_cache.h"

#include <algorithm>
#include <cstring>

namespace khien::resolver {
namespace {

constexpr std::uint32_t kind_padding = 0;
constexpr std::uint32_t kind_answer = 1;
constexpr std::size_t bytes_a_bucket = 1'024;  // eight slots for about four answers
constexpr std::size_t line_size = 64;
constexpr std::size_t entry_lines_ahead = 3;  // its head, a message of one record, the name
constexpr int moves_max = 16;                 // used answers kept for one new one

std::uint8_t key_flags(const CacheKey& key) noexcept {
  return static_cast<std::uint8_t>((key.dnssec_ok ? 1 : 0) | (key.checking_disabled ? 2 : 0));
}

std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

PacketCache::PacketCache(std::size_t size)
    : size_(std::max(size, cache_size_min) / 8 * 8),
      ring_(std::make_unique_for_overwrite<std::uint64_t[]>(size_ / 8)),
      bucket_count_(size_ / bytes_a_bucket * 4),
      buckets_(std::make_unique<Bucket[]>(bucket_count_)) {}

std::uint64_t PacketCache::key_hash(const CacheKey& key) noexcept {
  // The name's hash is keyed and well mixed; type and flags only have to move it.
  const std::uint64_t more = (std::uint64_t{key.qtype} << 2) | key_flags(key);
  return (key.hash ^ (more * 0x9e37'79b9'7f4a'7c15)) * 0xd6e8'feb8'6659'fd93;
}

bool PacketCache::matches(const Entry& entry, std::uint64_t hash,
                          const CacheKey& key) const noexcept {
  return entry.hash == hash && entry.qtype == key.qtype && entry.key_flags == key_flags(key) &&
         entry.name_size == key.qname.size() &&
         std::memcmp(entry.qname().data(), key.qname.data(), key.qname.size()) == 0;
}

void PacketCache::prefetch(std::uint64_t name_hash) const noexcept {
  // Most queries are for A without flags; a wrong guess costs nothing.
  const std::uint64_t hash = key_hash({.qname = {}, .hash = name_hash, .qtype = 1});
  __builtin_prefetch(&buckets_[(hash & 0xFFFF'FFFF) * bucket_count_ >> 32]);
}

void PacketCache::prefetch_entry(const CacheKey& key) const noexcept {
  const std::uint64_t hash = key_hash(key);
  for (const IndexSlot& slot : bucket_of(hash).slots) {
    if (slot.position == 0 || slot.tag != tag_of(hash)) continue;
    const std::uint64_t* entry = ring_.get() + (slot.position - 1);
    for (std::size_t line = 0; line < entry_lines_ahead; ++line) {
      __builtin_prefetch(entry + line * (line_size / sizeof *entry), 1);
    }
    return;
  }
}

PacketCache::Entry* PacketCache::find(const CacheKey& key) noexcept {
  const std::uint64_t hash = key_hash(key);
  for (const IndexSlot& slot : bucket_of(hash).slots) {
    if (slot.position == 0 || slot.tag != tag_of(hash)) continue;
    Entry* entry = at(std::uint64_t{slot.position - 1} * 8);
    if (!matches(*entry, hash, key)) continue;
    entry->used = true;
    return entry;
  }
  return nullptr;
}

PacketCache::IndexSlot* PacketCache::slot_at(std::uint64_t hash, std::uint64_t offset) noexcept {
  for (IndexSlot& slot : bucket_of(hash).slots) {
    if (slot.position == offset / 8 + 1) return &slot;
  }
  return nullptr;
}

void PacketCache::drop_oldest() noexcept {
  const std::uint64_t offset = tail_ % size_;
  const Entry* entry = at(offset);
  tail_ += entry->size;
  if (entry->kind != kind_answer) return;
  if (IndexSlot* slot = slot_at(entry->hash, offset)) {
    *slot = {};
    --count_;
  }
}

// Moves the oldest answer to the front if it was used; false if it was not (or cannot be moved).
bool PacketCache::keep_oldest() noexcept {
  const std::uint64_t from = tail_ % size_;
  Entry* entry = at(from);
  if (entry->kind != kind_answer || !entry->used) return false;
  const std::uint64_t to = head_ % size_;
  const std::uint32_t entry_size = entry->size;
  const std::uint64_t hash = entry->hash;
  // Its own room counts as free, so it fits unless the ring ends in between.
  if (entry_size > size_ - to) return false;
  IndexSlot* slot = slot_at(hash, from);
  if (slot == nullptr) return false;  // replaced meanwhile
  tail_ += entry_size;
  head_ += entry_size;
  entry->used = false;
  std::memmove(at(to), entry, entry_size);
  slot->position = static_cast<std::uint32_t>(to / 8 + 1);
  return true;
}

// The ring's last octets, too few for what comes: an entry of its own that holds nothing.
void PacketCache::pad_to_end() noexcept {
  const std::uint64_t offset = head_ % size_;
  const auto rest = static_cast<std::uint32_t>(size_ - offset);
  const std::array<std::uint32_t, 2> padding{rest, kind_padding};
  std::memcpy(static_cast<void*>(at(offset)), padding.data(), sizeof padding);
  head_ += rest;
}

// Ends: each round moves (at most moves_max times), drops, or pads (once a turn of the ring).
std::uint64_t PacketCache::make_room(std::size_t size) noexcept {
  int moves = 0;
  while (true) {
    const std::uint64_t rest = size_ - head_ % size_;
    const std::uint64_t wanted = std::min<std::uint64_t>(size, rest);
    if (head_ + wanted > tail_ + size_) {
      if (moves < moves_max && keep_oldest()) {
        ++moves;
      } else {
        drop_oldest();
      }
    } else if (size <= rest) {
      return head_ % size_;
    } else {
      pad_to_end();
    }
  }
}

void PacketCache::index(std::uint64_t hash, std::uint64_t offset) noexcept {
  Bucket& bucket = bucket_of(hash);
  IndexSlot* victim = &bucket.slots[0];
  std::uint64_t oldest = size_;
  for (IndexSlot& slot : bucket.slots) {
    if (slot.position == 0) {
      victim = &slot;
      break;
    }
    // Distance behind the tail: the smallest is the oldest.
    const std::uint64_t place =
        (std::uint64_t{slot.position - 1} * 8 + size_ - tail_ % size_) % size_;
    if (place < oldest) {
      oldest = place;
      victim = &slot;
    }
  }
  if (victim->position == 0) ++count_;
  *victim = {.tag = tag_of(hash), .position = static_cast<std::uint32_t>(offset / 8 + 1)};
}

bool PacketCache::put(const CacheKey& key, const CacheItem& item) noexcept {
  if (item.message.size() > cached_message_size_max || item.ttl_at.size() > cached_ttls_max ||
      item.targets.size() > cached_targets_size_max ||
      item.extended.size() > relayed_extended_size_max || item.ttl_s == 0) {
    return false;
  }
  const std::size_t body = item.message.size() + item.targets.size() + key.qname.size() +
                           item.extended.size() + 2 * item.ttl_at.size();
  const std::size_t size = (sizeof(Entry) + body + 7) / 8 * 8;
  const std::uint64_t hash = key_hash(key);
  if (Entry* old = find(key)) {
    const auto offset =
        static_cast<std::uint64_t>(reinterpret_cast<std::uint64_t*>(old) - ring_.get()) * 8;
    if (IndexSlot* slot = slot_at(hash, offset)) {
      *slot = {};
      --count_;
    }
  }
  const std::uint64_t offset = make_room(size);
  Entry* entry = at(offset);
  *entry = Entry{.size = static_cast<std::uint32_t>(size),
                 .kind = kind_answer,
                 .hash = hash,
                 .stored_ms = item.now_ms,
                 .expires_ms = item.now_ms + std::int64_t{item.ttl_s} * 1'000,
                 .retry_at_ms = 0,
                 .checked_by = 0,
                 .target_verdict = {},
                 .key_flags = key_flags(key),
                 .target_at = 0,
                 .qtype = key.qtype,
                 .message_size = static_cast<std::uint16_t>(item.message.size()),
                 .ttl_count = static_cast<std::uint16_t>(item.ttl_at.size()),
                 .targets_size = static_cast<std::uint16_t>(item.targets.size()),
                 .name_size = static_cast<std::uint8_t>(key.qname.size()),
                 .extended_size = static_cast<std::uint8_t>(item.extended.size()),
                 .used = false};
  auto* out = reinterpret_cast<std::uint8_t*>(entry + 1);
  const auto append = [&out](Bytes octets) {
    if (octets.empty()) return;
    std::memcpy(out, octets.data(), octets.size());
    out += octets.size();
  };
  append(item.message);
  append(item.targets);
  append(key.qname);
  append(item.extended);
  for (const std::uint16_t ttl_at : item.ttl_at) {
    *out++ = static_cast<std::uint8_t>(ttl_at);
    *out++ = static_cast<std::uint8_t>(ttl_at >> 8);
  }
  head_ += size;
  index(hash, offset);
  return true;
}

}  // namespace khien::resolver
