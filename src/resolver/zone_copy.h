// A zone as its records, kept current by transfers and written as a zone file: for resolvers that
// read policy from files alone. Any zone will do. No I/O and no lock. About 150 octets a record.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "dns/transfer_reader.h"

namespace khien::resolver {

constexpr std::size_t zone_copy_records_max = 20'000'000;

class ZoneCopy {
 public:
  explicit ZoneCopy(dns::Name zone, std::size_t records_max = zone_copy_records_max)
      : zone_(std::move(zone)), records_max_(records_max) {}

  [[nodiscard]] const dns::Name& zone() const noexcept { return zone_; }
  /// nullopt before the first transfer.
  [[nodiscard]] std::optional<std::uint32_t> serial() const;
  [[nodiscard]] const dns::Soa& soa() const noexcept { return soa_; }
  [[nodiscard]] std::size_t record_count() const noexcept { return lines_.size(); }
  /// The zone file: SOA first, the rest in no order, one record a line, names absolute.
  [[nodiscard]] std::string text() const;
  /// The zone file of the zone without any record but its SOA.
  [[nodiscard]] std::string empty_text() const;

 private:
  struct Step {
    dns::TransferReader::Change change;
    std::string line;
  };

 public:
  /// One transfer on its way; the copy changes with finish() alone.
  class Update {
   public:
    /// `asked_from` is the serial of the IXFR request; nullopt for AXFR.
    Update(ZoneCopy& copy, std::optional<std::uint32_t> asked_from);
    /// As dns::TransferReader::feed(); true when the transfer is whole. limit_exceeded above
    /// the maximum of records.
    [[nodiscard]] Result<bool> feed(Bytes message);
    /// True if the zone is another one now. conflict if changes do not fit what we have: then it is
    /// as before, and the whole zone is wanted.
    [[nodiscard]] Result<bool> finish();

   private:
    Result<void> take(Bytes message, const dns::RecordView& record,
                      dns::TransferReader::Change change);
    ZoneCopy& copy_;
    dns::TransferReader reader_;
    std::vector<Step> steps_;
  };

 private:
  [[nodiscard]] std::string head() const;
  /// False, and as before, if a step does not fit.
  [[nodiscard]] bool apply(const std::vector<Step>& steps);

  dns::Name zone_;
  std::size_t records_max_;
  dns::Soa soa_;
  bool has_zone_ = false;
  std::unordered_set<std::string> lines_;
};

}  // namespace khien::resolver
