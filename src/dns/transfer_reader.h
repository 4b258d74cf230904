// The form of a zone transfer (AXFR, RFC 5936; IXFR, RFC 1995): which records come, go or frame
// the rest. Messages go in, one after the other and proven by TSIG elsewhere; records come out.
// Nothing is to be believed before done(): a transfer that breaks its form is refused whole.
#pragma once

#include <functional>
#include <optional>

#include "base/result.h"
#include "dns/message.h"
#include "dns/rdata.h"

namespace khien::dns {

/// Octets of all messages of one transfer; a larger one is refused.
constexpr std::size_t transfer_size_max = std::size_t{4} << 30;

/// The request for `zone`: IXFR from `serial`, or AXFR without one (RFC 1995 section 3).
[[nodiscard]] Octets make_transfer_request(const Name& zone, std::optional<std::uint32_t> serial,
                                           std::uint16_t id);

class TransferReader {
 public:
  enum class Outcome { current, whole, changes };
  enum class Change { remove, add };
  /// A record of the zone, all but its SOA. Borrows the message.
  using TakeRecord =
      std::function<Result<void>(Bytes message, const RecordView& record, Change change)>;

  /// `serial` is what we have and what IXFR was asked from; nullopt asked for AXFR.
  TransferReader(Name zone, std::optional<std::uint32_t> serial)
      : zone_(std::move(zone)), have_(serial) {}

  /// The next message of the answer, whose id and TSIG the caller has checked. malformed, reason
  /// "bad_transfer"; denied for an rcode; limit_exceeded; or what `take` says. Then the transfer is
  /// over.
  [[nodiscard]] Result<void> feed(Bytes message, const TakeRecord& take);
  /// True once the closing SOA was seen.
  [[nodiscard]] bool done() const noexcept { return stage_ == Stage::done; }
  /// Known with the second record, and to be believed once done().
  [[nodiscard]] Outcome outcome() const noexcept { return outcome_; }
  /// Of the zone as it is after the transfer.
  [[nodiscard]] const Soa& soa() const noexcept { return soa_; }
  [[nodiscard]] const Name& zone() const noexcept { return zone_; }

 private:
  enum class Stage { start, second, whole, removing, adding, done };
  Result<void> take_one(Bytes message, const RecordView& record, const TakeRecord& take);
  Result<void> take_soa(const Soa& soa);

  Name zone_;
  std::optional<std::uint32_t> have_;
  Stage stage_ = Stage::start;
  Outcome outcome_ = Outcome::current;
  Soa soa_;
  std::uint32_t step_serial_ = 0;  // where the changes stand
  std::size_t octets_ = 0;
};

[[nodiscard]] tl::unexpected<Error> bad_transfer(std::string what);

}  // namespace khien::dns
