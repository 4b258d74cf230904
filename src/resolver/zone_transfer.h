// The records of a zone transfer (AXFR, RFC 5936; IXFR, RFC 1995) turned into edits of rules.
// Messages go in, one after the other and proven by TSIG elsewhere; out comes "current", "whole" or
// "changes". Nothing is believed before done(): a transfer that breaks its form is refused whole.
//
// Records that no rule can be made of are left out and counted by reason, alike in whole zones and
// in changes. khiend's zones hold nothing but plain names with NXDOMAIN or NODATA, or PASSTHRU in
// the pass zone; third parties' may hold all that policy/rare_zone.h knows.
#pragma once

#include <optional>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/rpz.h"
#include "resolver/rule_store.h"
#include "resolver/skipped.h"

namespace khien::resolver {

/// Octets of all messages of one transfer; a larger one is refused.
constexpr std::size_t transfer_size_max = std::size_t{4} << 30;

/// Prefixes of third parties' triggers shorter than these would hold too much of the internet.
constexpr std::uint8_t prefix_v4_min = 8;
constexpr std::uint8_t prefix_v6_min = 16;

class ZoneTransfer {
 public:
  enum class Outcome { current, whole, changes };

  /// `serial` is what we have and what IXFR was asked from; nullopt asked for AXFR. Edits go
  /// to `spool`.
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
  [[nodiscard]] const SkippedCounts& skipped() const noexcept { return skipped_; }

 private:
  enum class Stage { start, second, whole, removing, adding, done };
  Result<void> take(Bytes message, const dns::RecordView& record);
  Result<void> take_soa(const dns::Soa& soa);
  Result<void> take_rule(Bytes message, const dns::RecordView& record, bool add);
  Result<void> take_third_party(Bytes message, const dns::RecordView& record, bool add);
  void take_rare(const dns::RpzTrigger& trigger, policy::RareRecord record, bool add);
  Result<void> skip(Skipped reason) noexcept {
    ++skipped_[static_cast<std::size_t>(reason)];
    return {};
  }

  dns::Name zone_;
  policy::Source source_;
  std::optional<std::uint32_t> have_;
  Stage stage_ = Stage::start;
  Outcome outcome_ = Outcome::current;
  dns::Soa soa_;
  std::uint32_t step_serial_ = 0;  // where the changes stand
  EditSpool edits_;
  SkippedCounts skipped_{};
  std::size_t octets_ = 0;
};

}  // namespace khien::resolver
