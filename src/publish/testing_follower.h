// A secondary for tests: takes a zone by AXFR and IXFR from a ZoneSet, without sockets, and says
// aloud what does not follow from what it has.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "dns/message.h"
#include "dns/rdata.h"
#include "publish/testing_records.h"
#include "publish/transfer.h"

namespace khien::publish {

class ZoneFollower {
 public:
  enum class Took { nothing, changes, whole };

  explicit ZoneFollower(const ZoneFacts& zone) : zone_(zone) {}
  /// One that has the zone as it was at `serial`.
  ZoneFollower(const ZoneFacts& zone, std::uint32_t serial, RecordSet records)
      : zone_(zone), serial_(serial), records_(std::move(records)) {}

  [[nodiscard]] std::optional<std::uint32_t> serial() const noexcept { return serial_; }
  [[nodiscard]] const RecordSet& records() const noexcept { return records_; }

  /// IXFR from what it has, or AXFR at first.
  Took follow(ZoneSet& zones, const Clock& clock) {
    const TransferOrder order{.zone = &zone_,
                              .id = 1,
                              .qtype = serial_ ? dns::type_ixfr : dns::type_axfr,
                              .client_serial = serial_.value_or(0)};
    std::vector<dns::Record> answers;
    const auto outcome = send_transfer(zones, clock, order, [&](Bytes frames) {
      while (!frames.empty()) {
        const std::size_t size = dns::load_u16(frames, 0);
        auto message = dns::parse_message(frames.subspan(2, size));
        EXPECT_TRUE(message.has_value());
        if (!message) return false;
        EXPECT_EQ(message->header.id, order.id);
        answers.insert(answers.end(), message->answers.begin(), message->answers.end());
        frames = frames.subspan(2 + size);
      }
      return true;
    });
    EXPECT_TRUE(outcome.complete);
    if (answers.empty() || answers[0].type != dns::type_soa) {
      ADD_FAILURE() << "a transfer begins with a SOA";
      return Took::nothing;
    }
    const std::uint32_t newest = serial_in(answers[0]);
    if (answers.size() == 1) {
      EXPECT_EQ(serial_, newest);
      return Took::nothing;
    }
    EXPECT_EQ(serial_in(answers.back()), newest);
    answers.pop_back();
    const bool is_changes = serial_ && answers[1].type == dns::type_soa;
    is_changes ? take_changes(answers) : take_whole(answers);
    EXPECT_EQ(serial_, newest);
    return is_changes ? Took::changes : Took::whole;
  }

 private:
  static std::uint32_t serial_in(const dns::Record& record) {
    EXPECT_EQ(record.type, dns::type_soa);
    return dns::parse_soa_serial(record.rdata).value_or(0);
  }
  [[nodiscard]] std::string owner_in(const dns::Record& record) const {
    std::string text = dns::relative_to(record.owner, zone_.name).to_text();
    text.pop_back();
    return text;
  }

  void take_whole(const std::vector<dns::Record>& answers) {
    records_.clear();
    for (std::size_t i = 1; i < answers.size(); ++i) {
      if (answers[i].type == dns::type_ns) continue;
      EXPECT_TRUE(records_.insert(owner_in(answers[i])).second)
          << owner_in(answers[i]) << " comes twice";
    }
    serial_ = serial_in(answers[0]);
  }

  void take_changes(const std::vector<dns::Record>& answers) {
    bool is_removing = false;
    for (std::size_t i = 1; i < answers.size(); ++i) {
      if (answers[i].type == dns::type_soa) {
        is_removing = !is_removing;
        if (is_removing) {
          EXPECT_EQ(serial_in(answers[i]), serial_);
        } else {
          serial_ = serial_in(answers[i]);
        }
        continue;
      }
      const std::string owner = owner_in(answers[i]);
      if (is_removing) {
        EXPECT_EQ(records_.erase(owner), 1U) << owner << " goes and was not there";
      } else {
        EXPECT_TRUE(records_.insert(owner).second) << owner << " comes and was there";
      }
    }
  }

  const ZoneFacts& zone_;
  std::optional<std::uint32_t> serial_;
  RecordSet records_;
};

/// What holders ask for, as the zone's reader tells it; and the records that it shows.
struct ZoneContent {
  HeldNames held;
  RecordSet records;
};
inline ZoneContent content_of(ZoneSet::ZoneReader& reader) {
  ZoneContent content;
  while (reader.next([&](const ZoneTable::Item& item) {
    std::string name = item.name.to_text();
    name.pop_back();
    if (item.shown.name) content.records.insert(name);
    if (item.shown.below) content.records.insert("*." + name);
    const Shown held = shown_by(item.holders);
    if (held.name) content.held[name] = held.below ? Scope::domain : Scope::host;
    return true;
  })) {
  }
  return content;
}

}  // namespace khien::publish
