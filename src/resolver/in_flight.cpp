#include "resolver/in_flight.h"

#include <algorithm>
#include <cstring>

namespace khien::resolver {
namespace {

constexpr std::size_t id_count = 65'536;

bool same_key(const InFlight& entry, const CacheKey& key) noexcept {
  return entry.hash == key.hash && entry.qtype == key.qtype && entry.dnssec_ok == key.dnssec_ok &&
         entry.checking_disabled == key.checking_disabled &&
         std::ranges::equal(entry.qname(), key.qname);
}

}  // namespace

InFlightTable::InFlightTable()
    : entries_(std::make_unique<InFlight[]>(in_flight_max + lingering_max)),
      waiters_(std::make_unique<Waiter[]>(waiters_max)),
      by_id_(std::make_unique<std::uint16_t[]>(id_count)) {
  for (std::size_t i = in_flight_max + lingering_max; i-- > 0;) {
    entries_[i].next_in_bucket = free_entry_;
    free_entry_ = static_cast<std::uint16_t>(i + 1);
  }
  for (std::size_t i = waiters_max; i-- > 0;) {
    waiters_[i].next = free_waiter_;
    free_waiter_ = static_cast<std::uint16_t>(i + 1);
  }
}

std::uint16_t& InFlightTable::bucket_of(const CacheKey& key) noexcept {
  return buckets_[(key.hash ^ key.qtype) % bucket_count];
}

InFlightTable::Number InFlightTable::find(const CacheKey& key) noexcept {
  for (Number number = bucket_of(key); number != 0; number = at(number).next_in_bucket) {
    if (same_key(at(number), key)) return number;
  }
  return 0;
}

InFlightTable::Number InFlightTable::add(const CacheKey& key) noexcept {
  if (size_ == in_flight_max) return 0;
  const Number number = free_entry_;  // there is one: those that linger are limited, too
  InFlight& entry = at(number);
  free_entry_ = entry.next_in_bucket;
  entry.hash = key.hash;
  entry.qtype = key.qtype;
  entry.dnssec_ok = key.dnssec_ok;
  entry.checking_disabled = key.checking_disabled;
  entry.name_size = static_cast<std::uint8_t>(key.qname.size());
  std::memcpy(entry.name.data(), key.qname.data(), key.qname.size());
  entry.waiter_count = 0;
  entry.first_waiter = 0;
  entry.tried = 0;
  entry.attempt_count = 0;
  entry.error_count = 0;
  entry.round = 0;
  entry.mismatch_count = 0;
  entry.failed_rcode = 0;
  entry.network_error = false;
  entry.case_changed = false;
  entry.tcp_only = false;
  entry.tcp_failed = false;
  entry.stale_looked_for = false;
  entry.finished = false;
  std::uint16_t& bucket = bucket_of(key);
  entry.next_in_bucket = bucket;
  bucket = number;
  entry.previous_active = 0;
  entry.next_active = first_active_;
  if (first_active_ != 0) at(first_active_).previous_active = number;
  first_active_ = number;
  ++size_;
  return number;
}

void InFlightTable::begin_attempt(Number number, std::size_t slot, std::uint16_t wish) noexcept {
  Attempt& attempt = at(number).attempts[slot];
  // Ends: there are far fewer attempts than ids.
  while (by_id_[wish] != 0) ++wish;
  attempt.id = wish;
  attempt.waiting = true;
  by_id_[wish] = static_cast<std::uint16_t>(number * slot_count + slot);
}

void InFlightTable::end_attempt(Number number, std::size_t slot) noexcept {
  Attempt& attempt = at(number).attempts[slot];
  if (attempt.waiting) by_id_[attempt.id] = 0;
  attempt.waiting = false;
}

Waiter* InFlightTable::add_waiter(Number number) noexcept {
  InFlight& entry = at(number);
  if (free_waiter_ == 0 || entry.waiter_count >= waiters_a_name_max) return nullptr;
  const std::uint16_t index = free_waiter_;
  Waiter& waiter = waiters_[index - 1U];
  free_waiter_ = waiter.next;
  waiter.next = entry.first_waiter;
  waiter.answered = false;
  entry.first_waiter = index;
  ++entry.waiter_count;
  return &waiter;
}

void InFlightTable::leave_bucket(Number number) noexcept {
  InFlight& entry = at(number);
  std::uint16_t* link = &bucket_of(entry.key());
  while (*link != number) link = &at(*link).next_in_bucket;
  *link = entry.next_in_bucket;
}

void InFlightTable::free_waiters(InFlight& entry) noexcept {
  while (entry.first_waiter != 0) {
    Waiter& waiter = waiters_[entry.first_waiter - 1U];
    const std::uint16_t index = entry.first_waiter;
    entry.first_waiter = waiter.next;
    waiter.client = {};
    waiter.next = free_waiter_;
    free_waiter_ = index;
  }
}

bool InFlightTable::finish(Number number) noexcept {
  InFlight& entry = at(number);
  if (!entry.waits() || lingering_ == lingering_max) {
    remove(number);
    return false;
  }
  leave_bucket(number);
  free_waiters(entry);
  entry.finished = true;
  --size_;
  ++lingering_;
  return true;
}

void InFlightTable::remove(Number number) noexcept {
  InFlight& entry = at(number);
  if (entry.finished) {
    --lingering_;
  } else {
    leave_bucket(number);
    free_waiters(entry);
    --size_;
  }
  if (entry.previous_active != 0) {
    at(entry.previous_active).next_active = entry.next_active;
  } else {
    first_active_ = entry.next_active;
  }
  if (entry.next_active != 0) at(entry.next_active).previous_active = entry.previous_active;
  for (std::size_t slot = 0; slot < entry.attempt_count; ++slot) end_attempt(number, slot);
  entry.next_in_bucket = free_entry_;
  free_entry_ = number;
}

}  // namespace khien::resolver
