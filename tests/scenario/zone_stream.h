// A zone transfer as a primary sends it: records in messages of TCP, for scenarios.
#pragma once

#include <vector>

#include "dns/message.h"
#include "dns/rdata.h"
#include "dns/writer.h"

namespace khien::scenario {

class ZoneStream {
 public:
  explicit ZoneStream(dns::Name zone) : zone_(std::move(zone)) {}

  void soa(std::uint32_t serial) {
    put({.owner = zone_,
         .type = dns::type_soa,
         .rdata = dns::make_soa({.primary = {},
                                 .mailbox = {},
                                 .serial = serial,
                                 .refresh_s = 60,
                                 .retry_s = 10,
                                 .expire_s = 4 * 3'600})});
  }
  /// `record` as the zone has it, its owner without the zone's name; `@` is the zone itself. False
  /// if the two do not fit together.
  [[nodiscard]] bool add(const dns::Record& record) {
    dns::Record whole = record;
    const bool is_apex = record.owner == *dns::Name::from_text("@");
    auto owner = is_apex ? dns::Wire<dns::Name>{zone_} : dns::join(record.owner, zone_);
    if (!owner) return false;
    whole.owner = std::move(*owner);
    put(whole);
    return true;
  }
  [[nodiscard]] const dns::Name& zone() const noexcept { return zone_; }
  [[nodiscard]] const std::vector<Octets>& messages() const noexcept { return messages_; }

 private:
  void put(const dns::Record& record) {
    Octets buffer(dns::message_size_max);
    dns::MessageWriter writer{buffer, buffer.size()};
    writer.begin(1, dns::flag_qr | dns::flag_aa);
    KHIEN_ASSERT(writer.add_record(dns::Section::answer, record));
    buffer.resize(writer.size());
    messages_.push_back(std::move(buffer));
  }
  dns::Name zone_;
  std::vector<Octets> messages_;
};

}  // namespace khien::scenario
