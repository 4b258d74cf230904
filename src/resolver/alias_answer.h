// The answer to a question that policy turned into another (safe search): a CNAME to the other name
// and that name's records, taken from its own answer. Unsigned, so it never carries AD. Nothing
// here allocates.
#pragma once

#include "resolver/answer.h"

namespace khien::resolver {

/// Seconds for which clients keep the alias: short, like a block, so that a change is soon seen.
constexpr std::uint32_t alias_ttl_s = blocked_ttl_s;

struct AliasAnswer {
  Bytes target = {};   ///< wire name
  Bytes message = {};  ///< the whole answer to the question for `target`
  std::uint32_t age_s = 0;
  bool stale = false;
};

/// Header, question, CNAME and the records of the question's type; room for OPT stays. The size, or
/// 0 if it does not fit or the message cannot be read.
[[nodiscard]] std::size_t write_alias(const AnswerHead& head, const AliasAnswer& answer,
                                      std::span<std::uint8_t> out) noexcept;

}  // namespace khien::resolver
