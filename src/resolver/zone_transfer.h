// The records of a zone transfer (AXFR, RFC 5936; IXFR, RFC 1995) turned into edits of rules.
// Messages go in, one after the other and proven by TSIG elsewhere; out comes "current", "whole" or
// "changes". Nothing is believed before done(): a transfer that breaks its form is refused whole.
//
// Records that no rule of ours can be made of are left out and counted, alike in whole zones and in
// changes: other triggers than names, other data than NXDOMAIN, NODATA and PASSTHRU, the root and
// top-level domains.
#pragma once

#include <optional>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/rpz.h"
#include "resolver/rule_store.h"

namespace khien::resolver {

/// Octets of all messages of one transfer; a larger one is refused.
constexpr std::size_t transfer_size_max = std::size_t{4} << 30;

class ZoneTransfer {
 public:
  enum class Outcome { current, whole, changes };

  /// `serial` is what we have and what IXFR was asked from; nullopt asked for AXFR. The pass zone
  /// holds PASSTHRU records only, all others NXDOMAIN and NODATA only. Edits go to `spool`.
  ZoneTransfer(dns::Name zone, policy::Source source, std::optional<std::uint32_t> serial,
               EditSpool spool = EditSpool{})
      : zone_(std::move(zone)), source_(source), have_(serial), edits_(std::move(spool)) {}

  /// The next message of the answer, whose id and TSIG the caller has checked. malformed or denied
  /// (an rcode); then the transfer is over.
  Result<void> feed(Bytes message);
  /// True once the closing SOA was seen.
  [[nodiscard]] bool done() const noexcept { return stage_ == Stage::done; }

  [[nodiscard]] Outcome outcome() const noexcept { return outcome_; }
  [[nodiscard]] const EditSpool& edits() const noexcept { return edits_; }
  /// Of the zone as it is after the transfer.
  [[nodiscard]] const dns::Soa& soa() const noexcept { return soa_; }
  [[nodiscard]] std::size_t skipped() const noexcept { return skipped_; }

 private:
  enum class Stage { start, second, whole, removing, adding, done };
  Result<void> take(Bytes message, const dns::RecordView& record);
  Result<void> take_soa(const dns::Soa& soa);
  Result<void> take_rule(Bytes message, const dns::RecordView& record, bool add);

  dns::Name zone_;
  policy::Source source_;
  std::optional<std::uint32_t> have_;
  Stage stage_ = Stage::start;
  Outcome outcome_ = Outcome::current;
  dns::Soa soa_;
  std::uint32_t step_serial_ = 0;  // where the changes stand
  EditSpool edits_;
  std::size_t skipped_ = 0;
  std::size_t octets_ = 0;
};

}  // namespace khien::resolver
