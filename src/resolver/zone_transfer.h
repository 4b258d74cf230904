// The records of a zone transfer (dns/transfer_reader.h) turned into edits of rules.
//
// Records that no rule can be made of are left out and counted by reason, alike in whole zones and
// in changes. khiend's zones hold nothing but plain names with NXDOMAIN or NODATA, or PASSTHRU in
// the pass zone; third parties' may hold all that policy/rare_zone.h knows.
#pragma once

#include <optional>

#include "dns/rpz.h"
#include "dns/transfer_reader.h"
#include "resolver/rule_store.h"
#include "resolver/skipped.h"

namespace khien::resolver {

/// Prefixes of third parties' triggers shorter than these would hold too much of the internet.
constexpr std::uint8_t prefix_v4_min = 8;
constexpr std::uint8_t prefix_v6_min = 16;

class ZoneTransfer {
 public:
  using Outcome = dns::TransferReader::Outcome;

  /// `serial` is what we have and what IXFR was asked from; nullopt asked for AXFR. Edits go
  /// to `spool`.
  ZoneTransfer(dns::Name zone, policy::Source source, std::optional<std::uint32_t> serial,
               EditSpool spool = EditSpool{})
      : reader_(std::move(zone), serial), source_(source), edits_(std::move(spool)) {}

  /// As dns::TransferReader::feed().
  Result<void> feed(Bytes message);
  [[nodiscard]] bool done() const noexcept { return reader_.done(); }

  [[nodiscard]] Outcome outcome() const noexcept { return reader_.outcome(); }
  [[nodiscard]] const EditSpool& edits() const noexcept { return edits_; }
  /// Of the zone as it is after the transfer.
  [[nodiscard]] const dns::Soa& soa() const noexcept { return reader_.soa(); }
  [[nodiscard]] const SkippedCounts& skipped() const noexcept { return skipped_; }

 private:
  Result<void> take_rule(Bytes message, const dns::RecordView& record, bool add);
  Result<void> take_third_party(Bytes message, const dns::RecordView& record, bool add);
  void take_rare(const dns::RpzTrigger& trigger, policy::RareRecord record, bool add);
  Result<void> skip(Skipped reason) noexcept {
    ++skipped_[static_cast<std::size_t>(reason)];
    return {};
  }

  [[nodiscard]] const dns::Name& zone() const noexcept { return reader_.zone(); }

  dns::TransferReader reader_;
  policy::Source source_;
  EditSpool edits_;
  SkippedCounts skipped_{};
};

}  // namespace khien::resolver
