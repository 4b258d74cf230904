// The reader of resolvers' reports on any octets: it refuses with a reason, or what it gives is
// within every bound of the contract.
#include "base/assert.h"
#include "base/bytes.h"
#include "tally/report.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr InstantMs now_ms = 1'772'416'800'000;  // 2026-03-02T02:00:00Z
  const auto report = tally::parse_report(as_text(Bytes{data, size}), now_ms);
  if (!report) {
    KHIEN_ASSERT(!report.error().reason.empty());
    return 0;
  }
  KHIEN_ASSERT(report->id.size() == 32);
  KHIEN_ASSERT(report->from_ms <= report->to_ms);
  KHIEN_ASSERT(report->to_ms <= now_ms + tally::report_ahead_max_ms);
  KHIEN_ASSERT(report->to_ms >= now_ms - tally::report_age_max_ms);
  KHIEN_ASSERT(report->to_ms - report->from_ms <= tally::report_span_max_ms);
  KHIEN_ASSERT(report->rules.size() <= tally::report_rules_max);
  KHIEN_ASSERT(report->new_names.size() <= tally::report_new_names_max);
  for (const auto& rule : report->rules) {
    KHIEN_ASSERT(!rule.source.empty() && !rule.name.empty() && rule.name.size() <= 253);
    KHIEN_ASSERT(rule.hits >= tally::hits_min && rule.hits <= tally::hits_max);
  }
  for (const auto& name : report->new_names) {
    KHIEN_ASSERT(!name.name.empty() && name.name.size() <= 253);
    KHIEN_ASSERT(name.networks >= 1 && name.networks <= tally::networks_max);
  }
  return 0;
}
