// Moving the records of one message behind the question of another without reading them into
// memory of their own: the octets are copied and their compression pointers (RFC 1035
// section 4.1.4) corrected. For answers that lead a question to another name. Nothing here
// allocates.
#pragma once

#include <optional>
#include <span>

#include "dns/wire.h"

namespace khien::dns {

struct Relocation {
  std::size_t records_at = 0;  ///< where the records of the old message begin, behind its question
  std::size_t to = 0;          ///< where they go in the new one
  /// Where the old question's name stands whole in the new message.
  std::size_t question_name_at = 0;
};

/// Copies everything behind the question of `message`, `record_count` records in all, into `out`.
/// The size of the new message; nullopt if it does not fit, a pointer cannot reach so far (14
/// bits), or the records cannot be read.
[[nodiscard]] std::optional<std::size_t> relocate_records(Bytes message, std::size_t record_count,
                                                          const Relocation& relocation,
                                                          std::span<std::uint8_t> out) noexcept;

}  // namespace khien::dns
