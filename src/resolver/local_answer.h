// Answers with a third party's local data (RPZ): records in place of the upstream's answer, and the
// way to another name by CNAME. Written into the buffer that is sent; nothing here allocates.
#pragma once

#include "resolver/answer.h"
#include "resolver/packet_cache.h"

namespace khien::resolver {

/// The records of `rules`, no CNAME among them, that `blocked.verdict` gives for the question's
/// type (for ANY: those of one type, RFC 8482), with TTLs of at most blocked_ttl_s; NODATA where
/// there are none. Truncated where they do not fit.
[[nodiscard]] std::size_t write_local(const AnswerHead& head, const Blocked& blocked,
                                      const policy::RareRules& rules, const BlockAnswer& answer,
                                      std::span<std::uint8_t> out) noexcept;

/// The CNAME to another name, given alone.
struct LocalAlias {
  Bytes target = {};
  std::uint32_t ttl_s = 0;
};
[[nodiscard]] std::size_t write_local_alias(const AnswerHead& head, const Blocked& blocked,
                                            const LocalAlias& alias, const BlockAnswer& answer,
                                            std::span<std::uint8_t> out) noexcept;

/// What a question that was led to another name is answered with.
struct Led {
  LocalAlias alias = {};
  Bytes message = {};                         ///< the answer to the other name's question
  const PacketCache::Entry* entry = nullptr;  ///< that it lies in, if it does
  std::int64_t now_ms = 0;
  bool stale = false;
};

/// CNAME, then everything that `led.message` says; its rcode. Truncated where it does not fit.
[[nodiscard]] std::size_t write_led(const AnswerHead& head, const Blocked& blocked, const Led& led,
                                    const BlockAnswer& answer,
                                    std::span<std::uint8_t> out) noexcept;

}  // namespace khien::resolver
