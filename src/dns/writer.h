// Writes a DNS message into a buffer of the caller's, with name compression (RFC 1035
// section 4.1.4) and a limit. What does not fit leaves the message as it was: the caller decides on
// TC. Nothing here allocates, locks or throws.
#pragma once

#include <array>

#include "dns/message.h"

namespace khien::dns {

struct RecordHead {
  std::uint16_t type = 0;
  std::uint16_t rclass = class_in;
  std::uint32_t ttl = 0;
};

class MessageWriter {
 public:
  /// The message takes at most min(buffer.size(), size_max, 65535) octets, which must be at least
  /// twelve. Borrows `buffer`.
  MessageWriter(std::span<std::uint8_t> buffer, std::size_t size_max) noexcept;

  /// Starts over with this id and these flags, and no records.
  void begin(std::uint16_t id, std::uint16_t flags) noexcept;
  void set_flags(std::uint16_t flags) noexcept { store_u16(buffer_, 2, flags); }
  [[nodiscard]] std::uint16_t flags() const noexcept { return load_u16(buffer_, 2); }

  /// Keeps `size` octets free for what comes last (OPT, TSIG), or gives them back with 0.
  void reserve(std::size_t size) noexcept { reserved_ = size; }

  /// False if it does not fit.
  [[nodiscard]] bool add_question(NameView name, std::uint16_t qtype,
                                  std::uint16_t qclass) noexcept;
  /// `rdata` is uncompressed; names in it are compressed where RFC 1035 types allow that. Sections
  /// are written in order. False if it does not fit.
  [[nodiscard]] bool add_record(Section section, NameView owner, const RecordHead& head,
                                Bytes rdata) noexcept;
  [[nodiscard]] bool add_record(Section section, const Record& record) noexcept {
    return add_record(section, record.owner,
                      {.type = record.type, .rclass = record.rclass, .ttl = record.ttl},
                      record.rdata);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t size_free() const noexcept {
    const std::size_t limit = reserved_ < buffer_.size() ? buffer_.size() - reserved_ : 0;
    return size_ < limit ? limit - size_ : 0;
  }
  [[nodiscard]] std::uint16_t count(Section section) const noexcept;
  /// The message so far, borrowed from the buffer.
  [[nodiscard]] Bytes message() const noexcept { return Bytes{buffer_}.first(size_); }

 private:
  // Names written so far, by hash of the suffix. The newest wins a crowded slot; a name that fell
  // out is written in full once and is then here again.
  struct Seen {
    std::uint16_t tag = 0;
    std::uint16_t at = 0;  // 0: free, since no name stands in the header
  };
  static constexpr std::size_t slot_count = 128;
  static constexpr std::size_t probes_max = 4;

  [[nodiscard]] bool put(Bytes octets) noexcept;
  [[nodiscard]] bool put_u16(std::uint16_t value) noexcept;
  [[nodiscard]] bool put_u32(std::uint32_t value) noexcept;
  [[nodiscard]] bool put_name(NameView name) noexcept;
  [[nodiscard]] bool put_rdata(std::uint16_t type, Bytes rdata) noexcept;
  [[nodiscard]] bool put_record(NameView owner, const RecordHead& head, Bytes rdata) noexcept;
  [[nodiscard]] std::size_t find_suffix(NameView suffix, std::uint32_t hash,
                                        std::size_t complete_end) const noexcept;
  void remember(std::uint32_t hash, std::size_t at) noexcept;
  [[nodiscard]] bool stands_at(NameView name, std::size_t at) const noexcept;
  void forget_from(std::size_t at) noexcept;
  void bump(std::size_t count_at) noexcept;

  std::span<std::uint8_t> buffer_;
  std::size_t size_ = header_size;
  std::size_t reserved_ = 0;
  std::array<Seen, slot_count> seen_{};
};

}  // namespace khien::dns
