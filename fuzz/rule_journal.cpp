// The rule journal's reader on any octets: a record that is accepted is written again octet by
// octet the same, and applies to rules or leaves them as they were.
#include "base/assert.h"
#include "resolver/rule_store.h"

using namespace khien;

namespace {

// Names that rules find, so that a record which changed nothing is told from one that did.
std::size_t rule_count(const resolver::RuleStore& store) {
  std::size_t count = 0;
  store.rules().for_each([&](Bytes, const policy::RuleClass&) { ++count; });
  return count;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes file{data, size};
  // As a file that the disk damaged; and, so that mutations reach the records, as one payload.
  const auto scan = codec::scan_frames(file, resolver::journal_record_size_max, codec::Damage::cut);
  KHIEN_ASSERT(scan.has_value() && scan->good_size + scan->torn_size == size);
  std::vector<Bytes> payloads{file};
  for (const auto& frame : scan->frames) payloads.push_back(file.subspan(frame.offset, frame.size));

  ManualClock clock;
  SeededRng rng{1};
  Metrics metrics;
  resolver::RuleStore store{{}, clock, rng, metrics};
  for (const Bytes payload : payloads) {
    const auto record = resolver::parse_record(payload);
    if (!record) continue;
    KHIEN_ASSERT(resolver::encode_record(*record) == to_octets(payload));
    const std::size_t before = rule_count(store);
    const auto applied = record->from_serial ? store.change_zone(record->zone, record->edits)
                                             : store.replace_zone(record->zone, record->edits);
    if (applied) {
      const auto* zone = store.zone(record->zone.name);
      KHIEN_ASSERT(zone != nullptr && *zone == record->zone);
    } else {
      KHIEN_ASSERT(rule_count(store) == before);
    }
  }
  return 0;
}
