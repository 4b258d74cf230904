#include "resolver/transfer_exchange.h"

#include "dns/transfer_reader.h"

namespace khien::resolver {

Result<void> exchange_transfer(TransferConnection& connection, const TransferAsk& ask,
                               const FeedMessage& feed, const Clock& clock, Rng& rng) {
  const auto id = static_cast<std::uint16_t>(rng.below(65'536));
  Octets request = dns::make_transfer_request(ask.zone, ask.serial, id);
  std::optional<dns::TsigVerifier> verifier;
  if (ask.key) {
    auto mac = dns::sign_request(request, *ask.key, clock.now_ms() / ms_per_second);
    if (!mac) return fail(ErrorCode::internal, "cannot sign a transfer request");
    verifier.emplace(*ask.key, std::move(*mac));
  }
  if (auto sent = connection.send(request, transfer_timeout_ms); !sent) return sent;
  bool done = false;
  while (!done || (verifier && !verifier->complete())) {
    auto message = connection.receive(transfer_timeout_ms);
    if (!message) return tl::unexpected(std::move(message).error());
    if (message->size() < dns::header_size || dns::load_u16(*message, 0) != id) {
      return fail(ErrorCode::malformed, "zone transfer: an answer to another question");
    }
    if (verifier) {
      const auto status = verifier->check(*message, clock.now_ms() / ms_per_second);
      if (status != dns::TsigStatus::ok) {
        return fail(ErrorCode::denied, "zone transfer: TSIG " + std::string{to_string(status)},
                    "bad_tsig");
      }
    }
    auto fed = feed(*message);
    if (!fed) return tl::unexpected(std::move(fed).error());
    done = *fed;
  }
  return {};
}

}  // namespace khien::resolver
