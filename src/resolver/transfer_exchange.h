// One zone transfer over an open connection: the request goes out, each message of the answer is
// proven by id and TSIG and handed on.
#pragma once

#include <functional>
#include <optional>

#include "base/clock.h"
#include "base/random.h"
#include "dns/tsig.h"
#include "resolver/transfer_connection.h"

namespace khien::resolver {

constexpr int transfer_timeout_ms = 10'000;  // for connecting, and between two octets

struct TransferAsk {
  const dns::Name& zone;
  std::optional<std::uint32_t> serial;  ///< what we have; none asks for the whole zone
  const std::optional<dns::TsigKey>& key;
};
/// Takes one message. True when the transfer is whole.
using FeedMessage = std::function<Result<bool>(Bytes message)>;

/// Errors: those of the connection and of `feed`; malformed for an answer to another question;
/// denied, reason "bad_tsig". Whatever is still on its way afterwards belongs to this transfer, so
/// close the connection after an error.
[[nodiscard]] Result<void> exchange_transfer(TransferConnection& connection, const TransferAsk& ask,
                                             const FeedMessage& feed, const Clock& clock, Rng& rng);

}  // namespace khien::resolver
