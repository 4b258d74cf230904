#include "resolver/packet_cache.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace khien::resolver {
namespace {

constexpr std::uint8_t kind_padding = 0;
constexpr std::uint8_t kind_answer = 1;
constexpr std::size_t bytes_a_bucket = 1'024;  // eight slots for about four answers
constexpr std::size_t line_size = 64;
constexpr std::size_t entry_lines_ahead = 4;  // its head, a message of one record, the name
constexpr int moves_max = 16;                 // used answers kept for one new one
constexpr std::size_t small_part = 10;        // the small ring is a tenth
constexpr std::uint8_t uses_to_stay = 1;      // in the small ring, to come into the main one
constexpr std::size_t bytes_a_ghost = 256;    // about as many ghosts as answers
constexpr std::size_t ghosts_a_bucket = 4;

std::uint8_t key_flags(const CacheKey& key) noexcept {
  return static_cast<std::uint8_t>((key.dnssec_ok ? 1 : 0) | (key.checking_disabled ? 2 : 0));
}

std::uint32_t tag_of(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

PacketCache::PacketCache(std::size_t size) {
  size = std::max(size, cache_size_min) / 8 * 8;
  ring_pages_ = PageBuffer{size, Pages::huge};
  memory_ = std::launder(reinterpret_cast<std::uint64_t*>(ring_pages_.octets().data()));
  small_ = {.begin = 0, .size = size / small_part / 8 * 8};
  main_ = {.begin = small_.size, .size = size - small_.size};
  bucket_count_ = size / bytes_a_bucket * 4;
  // The pages are zero, which is a free slot.
  bucket_pages_ = PageBuffer{bucket_count_ * sizeof(Bucket), Pages::huge};
  buckets_ = std::launder(reinterpret_cast<Bucket*>(bucket_pages_.octets().data()));
  ghost_bucket_count_ = size / bytes_a_ghost / ghosts_a_bucket;
  ghosts_ = std::make_unique<std::uint32_t[]>(ghost_bucket_count_ * ghosts_a_bucket);
}

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
    const std::uint64_t* entry = memory_ + (slot.position - 1);
    for (std::size_t line = 0; line < entry_lines_ahead; ++line) {
      __builtin_prefetch(entry + line * (line_size / sizeof *entry), 1);
    }
    return;
  }
}

PacketCache::IndexSlot* PacketCache::look_up(std::uint64_t hash, const CacheKey& key) noexcept {
  for (IndexSlot& slot : bucket_of(hash).slots) {
    if (slot.position == 0 || slot.tag != tag_of(hash)) continue;
    if (matches(*at(slot.place()), hash, key)) return &slot;
  }
  return nullptr;
}

PacketCache::Entry* PacketCache::peek(const CacheKey& key) noexcept {
  const IndexSlot* slot = look_up(key_hash(key), key);
  return slot == nullptr ? nullptr : at(slot->place());
}

PacketCache::Entry* PacketCache::find(const CacheKey& key) noexcept {
  Entry* entry = peek(key);
  if (entry != nullptr && entry->uses < uses_max) ++entry->uses;
  return entry;
}

PacketCache::IndexSlot* PacketCache::slot_at(std::uint64_t hash, std::uint64_t place) noexcept {
  for (IndexSlot& slot : bucket_of(hash).slots) {
    if (slot.position != 0 && slot.place() == place) return &slot;
  }
  return nullptr;
}

void PacketCache::forget(IndexSlot& slot) noexcept {
  slot = {};
  --count_;
}

void PacketCache::leave_ghost(std::uint64_t hash) noexcept {
  const std::size_t bucket = (hash & 0xFFFF'FFFF) * ghost_bucket_count_ >> 32;
  ghosts_[bucket * ghosts_a_bucket + ghost_turn_++ % ghosts_a_bucket] = tag_of(hash) | 1;
}

bool PacketCache::take_ghost(std::uint64_t hash) noexcept {
  const std::size_t bucket = (hash & 0xFFFF'FFFF) * ghost_bucket_count_ >> 32;
  for (std::size_t i = 0; i < ghosts_a_bucket; ++i) {
    std::uint32_t& ghost = ghosts_[bucket * ghosts_a_bucket + i];
    if (ghost != (tag_of(hash) | 1)) continue;
    ghost = 0;
    return true;
  }
  return false;
}

// The oldest of the small ring goes: into the main ring if it was used enough, else for good.
void PacketCache::make_room_in_small() noexcept {
  const std::uint64_t from = small_.place(small_.tail);
  const Entry* entry = at(from);
  IndexSlot* slot = entry->kind == kind_answer ? slot_at(entry->hash, from) : nullptr;
  // While the main ring has room that nobody ever took, nothing needs to go.
  const bool is_filling = main_.head + entry->size <= main_.size;
  if (slot != nullptr && (entry->uses >= uses_to_stay || is_filling)) {
    const std::uint64_t to = make_room(main_, entry->size);
    std::memcpy(static_cast<void*>(at(to)), entry, entry->size);
    at(to)->uses = 0;
    main_.head += entry->size;
    slot->set_place(to);
  } else if (slot != nullptr) {
    leave_ghost(entry->hash);
    forget(*slot);
  }
  small_.tail += entry->size;
}

void PacketCache::drop_oldest_of_main() noexcept {
  const std::uint64_t place = main_.place(main_.tail);
  const Entry* entry = at(place);
  main_.tail += entry->size;
  if (entry->kind != kind_answer) return;
  if (IndexSlot* slot = slot_at(entry->hash, place)) forget(*slot);
}

// Moves the oldest answer of the main ring to the front if it was used; false if it was not (or
// cannot be moved).
bool PacketCache::keep_oldest_of_main() noexcept {
  const std::uint64_t from = main_.place(main_.tail);
  Entry* entry = at(from);
  if (entry->kind != kind_answer || entry->uses == 0) return false;
  const std::uint32_t entry_size = entry->size;
  // Its own room counts as free, so it fits unless the ring ends in between.
  if (entry_size > main_.until_end()) return false;
  IndexSlot* slot = slot_at(entry->hash, from);
  if (slot == nullptr) return false;  // replaced meanwhile
  const std::uint64_t to = main_.place(main_.head);
  main_.tail += entry_size;
  main_.head += entry_size;
  entry->uses /= 2;
  std::memmove(static_cast<void*>(at(to)), entry, entry_size);
  slot->set_place(to);
  return true;
}

// The ring's last octets, too few for what comes: an entry of its own that holds nothing.
void PacketCache::pad_to_end(Ring& ring) noexcept {
  const auto rest = static_cast<std::uint32_t>(ring.until_end());
  const std::array<std::uint32_t, 2> padding{rest, kind_padding};
  std::memcpy(static_cast<void*>(at(ring.place(ring.head))), padding.data(), sizeof padding);
  ring.head += rest;
}

// Ends: each round moves (at most moves_max times), drops, or pads (once a turn of the ring).
std::uint64_t PacketCache::make_room(Ring& ring, std::size_t size) noexcept {
  int moves = 0;
  while (true) {
    const std::uint64_t rest = ring.until_end();
    if (ring.head + std::min<std::uint64_t>(size, rest) > ring.tail + ring.size) {
      if (&ring == &small_) {
        make_room_in_small();
      } else if (moves < moves_max && keep_oldest_of_main()) {
        ++moves;
      } else {
        drop_oldest_of_main();
      }
    } else if (size <= rest) {
      return ring.place(ring.head);
    } else {
      pad_to_end(ring);
    }
  }
}

// A full bucket gives up its oldest answer of the small ring, or of the main one if all are there.
void PacketCache::index(std::uint64_t hash, std::uint64_t place) noexcept {
  IndexSlot* victim = nullptr;
  std::uint64_t victim_age = 0;
  for (IndexSlot& slot : bucket_of(hash).slots) {
    if (slot.position == 0) {
      victim = &slot;
      ++count_;
      break;
    }
    const bool is_small = in_small(slot.place());
    // Any answer of the small ring counts as older than all of the main one.
    const std::uint64_t age =
        is_small ? small_.age(slot.place()) : small_.size + main_.age(slot.place());
    if (victim != nullptr && age >= victim_age) continue;
    victim = &slot;
    victim_age = age;
  }
  victim->tag = tag_of(hash);
  victim->set_place(place);
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
  // A new answer to a known question stands where the old one stood.
  std::uint8_t uses = 0;
  bool to_main = false;
  if (IndexSlot* old = look_up(hash, key)) {
    uses = at(old->place())->uses;
    to_main = !in_small(old->place());
    forget(*old);
  } else {
    to_main = take_ghost(hash);
  }
  Ring& ring = to_main ? main_ : small_;
  const std::uint64_t place = make_room(ring, size);
  const std::int64_t expires_ms = item.now_ms + std::int64_t{item.ttl_s} * 1'000;
  const bool refreshes = item.failures == 0 && item.ttl_s >= refresh_ttl_min_s;
  Entry* entry = at(place);
  *entry =
      Entry{.size = static_cast<std::uint32_t>(size),
            .kind = kind_answer,
            .seen_rounds = item.seen_rounds == 0
                               ? std::uint8_t{0}
                               : static_cast<std::uint8_t>(item.seen_rounds | seen_every_hit),
            .target_at = 0,
            .hash = hash,
            .stored_ms = item.now_ms,
            .expires_ms = expires_ms,
            .ask_again_ms = refreshes ? expires_ms - std::int64_t{item.ttl_s} * 100 : expires_ms,
            .checked_by = 0,
            .target_verdict = {},
            .key_flags = key_flags(key),
            .name_size = static_cast<std::uint8_t>(key.qname.size()),
            .seen = 0,
            .qtype = key.qtype,
            .message_size = static_cast<std::uint16_t>(item.message.size()),
            .ttl_count = static_cast<std::uint16_t>(item.ttl_at.size()),
            .targets_size = static_cast<std::uint16_t>(item.targets.size()),
            .extended_size = static_cast<std::uint8_t>(item.extended.size()),
            .uses = uses,
            .failures = item.failures};
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
  ring.head += size;
  index(hash, place);
  return true;
}

}  // namespace khien::resolver
