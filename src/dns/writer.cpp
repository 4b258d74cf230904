#include "dns/writer.h"

#include <algorithm>

#include "dns/rdata_layout.h"

namespace khien::dns {
namespace {

constexpr std::size_t pointer_target_max = 0x3FFF;  // 14 bits
constexpr std::size_t question_count_at = 4;

std::size_t count_offset(Section section) noexcept {
  return 6 + 2 * static_cast<std::size_t>(section);
}

/// FNV-1a over the octets as they are: compression here keeps the case of every name.
std::uint32_t suffix_hash(Bytes wire) noexcept {
  std::uint32_t hash = 0x811C'9DC5;
  for (const std::uint8_t octet : wire) hash = (hash ^ octet) * 0x0100'0193;
  return hash;
}

}  // namespace

MessageWriter::MessageWriter(std::span<std::uint8_t> buffer, std::size_t size_max) noexcept
    : buffer_(buffer.first(std::min({buffer.size(), size_max, message_size_max}))) {
  KHIEN_ASSERT(buffer_.size() >= header_size);
  begin(0, 0);
}

void MessageWriter::begin(std::uint16_t id, std::uint16_t flags) noexcept {
  std::fill_n(buffer_.begin(), header_size, std::uint8_t{0});
  store_u16(buffer_, 0, id);
  store_u16(buffer_, 2, flags);
  size_ = header_size;
  seen_.fill({});
}

std::uint16_t MessageWriter::count(Section section) const noexcept {
  return load_u16(buffer_, count_offset(section));
}

bool MessageWriter::add_question(NameView name, std::uint16_t qtype,
                                 std::uint16_t qclass) noexcept {
  const std::size_t start = size_;
  if (put_name(name) && put_u16(qtype) && put_u16(qclass)) {
    bump(question_count_at);
    return true;
  }
  forget_from(start);
  return false;
}

bool MessageWriter::add_record(Section section, NameView owner, const RecordHead& head,
                               Bytes rdata) noexcept {
  const std::size_t start = size_;
  const bool has_room_for_count = count(section) != 0xFFFF;
  if (has_room_for_count && put_record(owner, head, rdata)) {
    bump(count_offset(section));
    return true;
  }
  forget_from(start);
  return false;
}

bool MessageWriter::put_record(NameView owner, const RecordHead& head, Bytes rdata) noexcept {
  if (!put_name(owner) || !put_u16(head.type) || !put_u16(head.rclass) || !put_u32(head.ttl)) {
    return false;
  }
  const std::size_t length_at = size_;
  if (!put_u16(0) || !put_rdata(head.type, rdata)) return false;
  store_u16(buffer_, length_at, static_cast<std::uint16_t>(size_ - length_at - 2));
  return true;
}

bool MessageWriter::put_rdata(std::uint16_t type, Bytes rdata) noexcept {
  for (const Field field : rdata_layout(type)) {
    if (field == Field::name_compressed) {
      const auto name = NameView::parse_prefix(rdata);
      if (!name) break;  // not this type's layout: it goes out as it is
      if (!put_name(*name)) return false;
      rdata = rdata.subspan(name->size());
      continue;
    }
    const std::size_t size = fixed_size(field);
    if (size == 0 || size > rdata.size()) break;  // no compressible name lies behind these
    if (!put(rdata.first(size))) return false;
    rdata = rdata.subspan(size);
  }
  return put(rdata);
}

bool MessageWriter::put(Bytes octets) noexcept {
  if (octets.size() > size_free()) return false;
  std::copy(octets.begin(), octets.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += octets.size();
  return true;
}

bool MessageWriter::put_u16(std::uint16_t value) noexcept {
  if (2 > size_free()) return false;
  store_u16(buffer_, size_, value);
  size_ += 2;
  return true;
}

bool MessageWriter::put_u32(std::uint32_t value) noexcept {
  return put_u16(static_cast<std::uint16_t>(value >> 16)) &&
         put_u16(static_cast<std::uint16_t>(value));
}

bool MessageWriter::put_name(NameView name) noexcept {
  const std::size_t complete_end = size_;  // this name itself is not whole yet
  for (NameView suffix = name; !suffix.is_root(); suffix = suffix.parent()) {
    const std::uint32_t hash = suffix_hash(suffix.wire());
    if (const std::size_t at = find_suffix(suffix, hash, complete_end); at != 0) {
      return put_u16(static_cast<std::uint16_t>(0xC000 | at));
    }
    remember(hash, size_);
    if (!put(suffix.wire().first(1 + suffix.first_label().size()))) return false;
  }
  return put(NameView{}.wire());
}

std::size_t MessageWriter::find_suffix(NameView suffix, std::uint32_t hash,
                                       std::size_t complete_end) const noexcept {
  const auto tag = static_cast<std::uint16_t>(hash >> 16);
  for (std::size_t probe = 0; probe < probes_max; ++probe) {
    const Seen& seen = seen_[(hash + probe) % slot_count];
    if (seen.at == 0) return 0;
    if (seen.tag == tag && seen.at < complete_end && stands_at(suffix, seen.at)) return seen.at;
  }
  return 0;
}

void MessageWriter::remember(std::uint32_t hash, std::size_t at) noexcept {
  if (at > pointer_target_max) return;
  const Seen entry{.tag = static_cast<std::uint16_t>(hash >> 16),
                   .at = static_cast<std::uint16_t>(at)};
  for (std::size_t probe = 0; probe < probes_max; ++probe) {
    Seen& seen = seen_[(hash + probe) % slot_count];
    if (seen.at != 0) continue;
    seen = entry;
    return;
  }
  seen_[hash % slot_count] = entry;
}

bool MessageWriter::stands_at(NameView name, std::size_t at) const noexcept {
  // Only our own complete names are remembered, so pointers go backwards and labels are whole.
  Bytes rest = name.wire();
  while (true) {
    while ((buffer_[at] & 0xC0) == 0xC0) at = load_u16(buffer_, at) & 0x3FFFU;
    const std::size_t label_size = 1 + std::size_t{buffer_[at]};
    if (label_size > rest.size()) return false;
    if (!std::equal(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(label_size),
                    buffer_.begin() + static_cast<std::ptrdiff_t>(at))) {
      return false;
    }
    if (label_size == 1) return true;  // both ended with the root
    rest = rest.subspan(label_size);
    at += label_size;
  }
}

void MessageWriter::forget_from(std::size_t at) noexcept {
  size_ = at;
  for (Seen& seen : seen_) {
    if (seen.at >= at) seen = {};
  }
}

void MessageWriter::bump(std::size_t count_at) noexcept {
  store_u16(buffer_, count_at, static_cast<std::uint16_t>(load_u16(buffer_, count_at) + 1));
}

}  // namespace khien::dns
